"""If a container cannot start: one sentence within seconds, and nothing left behind."""

from __future__ import annotations

import socket
from functools import partialmethod
from typing import TYPE_CHECKING, Any

import pytest
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from conformance.engines.base import Template
from conformance.engines.container import daemon
from conformance.engines.container import engine as container
from conformance.engines.container.engine import ContainerEngine
from conformance.errors import EngineUnavailable, ServerUnsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ContainersOf = Callable[..., list[Any]]


@pytest.fixture(autouse=True)
def nothing_left(containers_of: ContainersOf) -> Iterator[None]:
    """No container of ours remains, whatever the test did."""
    yield
    assert containers_of() == []


def refusal(image: str) -> EngineUnavailable:
    with pytest.raises(EngineUnavailable) as caught:
        ContainerEngine(image).start()
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


class TestImages:
    def test_that_does_not_exist(self) -> None:
        problem = refusal("localhost:1/nowhere/timescaledb:1").problem
        assert "is not on this machine and cannot be pulled: " in problem

    def test_with_an_impossible_name(self) -> None:
        problem = refusal("No:Such::Name").problem
        assert problem.startswith(
            "The image No:Such::Name is not on this machine and cannot be pulled: "
        )

    def test_of_something_else(self, image_with: Callable[..., str]) -> None:
        name = image_with('CMD ["sleep"]', base="scratch")
        assert refusal(name).problem == (
            f"The image {name} is not a PostgreSQL image: it neither sets PGDATA nor exposes port "
            f"5432."
        )

    def test_that_ends_at_once(self, image_with: Callable[..., str]) -> None:
        name = image_with('ENTRYPOINT ["false"]')
        assert refusal(name).problem == (
            f"The server in the container of {name} ended while starting; its log says: nothing."
        )

    def test_without_a_shell(self, image_with: Callable[..., str]) -> None:
        name = image_with("EXPOSE 5432", 'CMD ["postgres"]', base="scratch")
        assert f"Docker cannot start a container of {name}: " in refusal(name).problem

    def test_without_timescaledb_loaded(self, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(container.SETTINGS, "shared_preload_libraries", "")
        with pytest.raises(ServerUnsupported, match="does not load it"):
            ContainerEngine(image).start()


class TestServers:
    def test_that_cannot_start(self, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(container.SETTINGS, "nonsense", "1")
        problem = refusal(image).problem
        assert "ended while starting; its log says: " in problem
        assert "nonsense" in problem

    def test_that_never_gets_ready(self, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(container, "READY_TIMEOUT", 3)
        monkeypatch.setitem(container.SETTINGS, "port", "5433")
        assert "is not ready after 3 s" in refusal(image).problem


def test_an_image_that_is_removed(image: str, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks of the start; a running container does not need its image's name."""
    client.images.get(image).tag("timescaledb-conformance-removed", "1")
    tag = "timescaledb-conformance-removed:1"
    obtain = daemon.obtain_image

    def obtain_and_remove(*arguments: Any) -> None:
        obtain(*arguments)
        client.images.remove(tag)

    monkeypatch.setattr(daemon, "obtain_image", obtain_and_remove)
    assert refusal(tag).problem == (
        f"The image {tag} has been removed from this machine meanwhile."
    )


def test_a_port_that_is_taken(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]
        monkeypatch.setattr(container, "_binding", lambda _: ("127.0.0.1", taken))
        problem = refusal(image).problem
    assert f"Docker cannot start a container of {image}: " in problem
    assert "address already in use" in problem


def test_the_cleaners_image_is_not_needed(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ryuk, with which testcontainers cleans up, has an image of its own; we do without it."""
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", False)
    monkeypatch.setattr(testcontainers_config, "ryuk_image", "localhost:1/nowhere/ryuk:1")
    engine = ContainerEngine(image)
    engine.start()
    engine.stop()


class TestFullDisk:
    """The data are in memory, and the memory may be too small."""

    def give(self, size: str, monkeypatch: pytest.MonkeyPatch) -> None:
        limited = partialmethod(DockerContainer.with_tmpfs_mount, size=f"size={size}")
        monkeypatch.setattr(DockerContainer, "with_tmpfs_mount", limited)

    def test_while_the_server_starts(self, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.give("20m", monkeypatch)
        error = refusal(image)
        assert "No space left on device" in error.problem
        assert error.hint.startswith("Free memory, which holds the data of the server")

    @pytest.mark.parametrize("when", ["copied", "prepared"])
    def test_while_a_template_is(
        self, image: str, containers_of: ContainersOf, monkeypatch: pytest.MonkeyPatch, when: str
    ) -> None:
        self.give("200m", monkeypatch)
        template = Template("schema", "key", lambda _: None)
        engine = ContainerEngine(image)
        engine.start()
        try:
            if when == "copied":
                with engine.database(template):
                    pass
            fill = "head -c 1G /dev/zero > $PGDATA/filling"
            containers_of()[0].exec_run(["sh", "-c", fill])
            with pytest.raises(EngineUnavailable) as caught, engine.database(template):
                pass
            assert "No space left on device" in caught.value.problem
            containers_of()[0].exec_run(["sh", "-c", "rm $PGDATA/filling"])
            with engine.database(template):
                pass
        finally:
            engine.stop()
