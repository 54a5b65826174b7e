"""Which engine a value of `--engine` chooses, and the reason that `auto` gives."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from conformance.engines import open_engine
from conformance.engines.container import absence
from conformance.engines.container.daemon import daemon
from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_NOBODY = 65534


@pytest.fixture
def said() -> list[str]:
    """What was reported."""
    return []


@pytest.fixture
def no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose Docker daemon is a closed port."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")


@pytest.mark.parametrize("name", ["embedded", "container"])
def test_named_engine(name: str, said: list[str]) -> None:
    engine = open_engine(name, None, said.append)
    assert engine.name == name
    assert not said


def test_embedded_runs_no_image(said: list[str]) -> None:
    with pytest.raises(EngineUnavailable, match="does not run images, but the image timescaledb:1"):
        open_engine("embedded", "timescaledb:1", said.append)


def test_url(said: list[str]) -> None:
    engine = open_engine("postgres://desk:s3cr3t@host/macro", None, said.append)
    assert (engine.name, engine.description) == ("url", "server at host:5432")


def test_unknown_choice(said: list[str]) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        open_engine("dokcer", None, said.append)
    assert caught.value.problem == "There is no engine 'dokcer'."
    assert caught.value.hint == "Use auto, embedded, local, container or a database URL."


@pytest.mark.usefixtures("no_daemon", "nothing_installed")
def test_auto_without_a_daemon_and_a_server_takes_embedded(said: list[str]) -> None:
    assert open_engine("auto", None, said.append).name == "embedded"
    assert said == [
        "Engine embedded, because a container is not available: No Docker daemon answers. A "
        "local server is not available either: No PostgreSQL server is installed here."
    ]


def test_auto_imports_no_client_where_no_daemon_can_be(tmp_path: Path) -> None:
    if Path("/var/run/docker.sock").exists():
        pytest.skip("a Docker daemon may be there")
    program = (
        "import sys; from conformance.engines import open_engine; said = [];"
        "open_engine('auto', None, said.append);"
        "assert 'No Docker daemon answers.' in said[0], said; assert 'docker' not in sys.modules"
    )
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DOCKER_HOST", "DOCKER_CONTEXT")
    }
    subprocess.run(
        [sys.executable, "-c", program], env=environment | {"HOME": str(tmp_path)}, check=True
    )


@pytest.mark.parametrize(
    "where", [{"DOCKER_HOST": "tcp://there:2375"}, {"DOCKER_CONTEXT": "there"}, ".docker",
              ".testcontainers.properties"],
    ids=str,
)  # fmt: skip
def test_a_daemon_may_be_elsewhere(
    where: dict[str, str] | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    if not Path("/var/run/docker.sock").exists():
        assert absence.is_certain()
    if isinstance(where, str):
        (tmp_path / where).touch()
    else:
        monkeypatch.setenv(*next(iter(where.items())))
    assert not absence.is_certain()


@pytest.mark.usefixtures("no_daemon")
def test_container_without_a_daemon_fails(said: list[str]) -> None:
    engine = open_engine("container", None, said.append)
    with pytest.raises(EngineUnavailable, match="No Docker daemon answers"):
        engine.start()


@pytest.mark.usefixtures("nothing_installed")
def test_auto_without_the_image_takes_embedded(said: list[str]) -> None:
    _require_daemon()
    engine = open_engine("auto", "localhost:1/nowhere/timescaledb:1", said.append)
    assert engine.name == "embedded"
    assert said[0] == "Pulling localhost:1/nowhere/timescaledb:1."
    assert said[1].startswith(
        "Engine embedded, because a container is not available: The image localhost:1"
    )


def test_auto_with_the_image_takes_the_container(said: list[str]) -> None:
    image = _require_daemon()
    if image is None:
        pytest.skip("no image at hand")
    engine = open_engine("auto", image, said.append)
    assert engine.name == "container"
    assert said == [f"Engine container, because a Docker daemon answers and has the image {image}."]


def test_socket_that_may_not_be_used(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        _without_privileges(),
        TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        path = Path(folder, "docker.sock")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        with pytest.raises(EngineUnavailable, match="This user may not use the socket"):
            open_engine("container", None, said.append).start()


@contextmanager
def _without_privileges() -> Iterator[None]:
    """Root may use every socket; so be somebody else who owns what is made meanwhile."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("remains", [True, False], ids=["dead", "absent"])
def test_socket_that_nobody_listens_at(
    said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, remains: bool
) -> None:
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    if remains:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    with pytest.raises(EngineUnavailable, match="No Docker daemon answers"):
        open_engine("container", None, said.append).start()
    # A socket left open would be noticed now.
    gc.collect()


def test_container_without_its_package(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "conformance.engines.container.engine", raising=False)
    monkeypatch.delitem(sys.modules, "conformance.engines.container.daemon", raising=False)
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(EngineUnavailable, match="needs the package docker"):
        open_engine("container", None, said.append)


@pytest.mark.parametrize(
    ("choice", "unwanted"),
    [
        (
            "postgresql://host/macro",
            ("docker", "testcontainers", "conformance.engines.embedded.engine"),
        ),
        (
            "embedded",
            (
                *("docker", "testcontainers"),
                *("conformance.engines.server.url", "conformance.engines.local.engine"),
            ),
        ),
    ],
)
def test_choice_imports_no_other_engine(choice: str, unwanted: tuple[str, ...]) -> None:
    program = (
        "import sys; from conformance.engines import open_engine;"
        f"open_engine({choice!r}, None, print); print(*sorted(set(sys.modules) & set({unwanted})))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []


def _require_daemon() -> str | None:
    """Some image at hand; the test is skipped where no daemon answers."""
    try:
        with daemon(20) as client:
            return next((tag for image in client.images.list() for tag in image.tags), None)
    except EngineUnavailable as error:
        pytest.skip(error.problem)
