"""Altered images, the containers that a process has, and processes that hold an engine."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engines.container.engine import daemon
from conformance.engines.embedded.engine import EmbeddedEngine
from conformance.engines.local import choosing
from conformance.engines.local.engine import LocalEngine
from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from conformance.engines.local.choosing import Chosen

_ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def idle_servers() -> None:
    """Each engine has its own: these tests look at what an engine leaves."""


@pytest.fixture(autouse=True)
def stopped_with_the_test() -> Iterator[None]:
    """Stop the embedded engines of the test: each keeps 250 MB for its next database."""
    made: list[EmbeddedEngine] = []
    initialize = EmbeddedEngine.__init__

    def remembered(engine: EmbeddedEngine, *arguments: Any, **options: Any) -> None:
        initialize(engine, *arguments, **options)
        made.append(engine)

    # Not the fixture: what other tests change with it would be undone after their own fixtures.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmbeddedEngine, "__init__", remembered)
        yield
    for engine in made:
        engine.stop()


_HOLD = """
import sys, time
from conformance.engines import open_engine
from conformance.engines.base import Template
engine = open_engine(sys.argv[1], sys.argv[2] or None, print)
engine.start()
with engine.database(Template("schema", "key", lambda url: None)) as url:
    print("ready", url.database, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="session")
def local() -> Chosen:
    """The PostgreSQL with TimescaleDB that is installed here."""
    try:
        return LocalEngine().chosen
    except EngineUnavailable as error:
        pytest.skip(error.problem)


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a PostgreSQL server."""
    monkeypatch.setattr(choosing, "installed", list)


@pytest.fixture
def image_with(client: Any, image: str) -> Iterator[Callable[..., str]]:
    """`image_with("ENTRYPOINT false")`: the image, altered; gone at the end of the test."""
    made = []

    def make(*instructions: str, base: str = image) -> str:
        dockerfile = "\n".join([f"FROM {base}", *instructions])
        made.append(client.images.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True)[0].id)
        return str(made[-1])

    yield make
    for name in made:
        client.images.remove(name)


@pytest.fixture
def containers_of(client: Any) -> Callable[..., list[Any]]:
    """`containers_of(pid)`: the containers that the process has started and not removed.

    Without a number it is this process, and those that it has started in this test.
    """

    def list_containers(pid: int) -> list[Any]:
        return [
            container
            for container in daemon.containers_of_ours(client)
            if f"/{pid}/" in container.labels[daemon.LABEL]
        ]

    before = {container.id for container in list_containers(os.getpid())}

    def list_new_containers(pid: int | None = None) -> list[Any]:
        found = list_containers(os.getpid() if pid is None else pid)
        return [container for container in found if container.id not in before]

    return list_new_containers


class Held(subprocess.Popen[str]):
    """A process with a database of an engine open.

    Attributes:
        database: its name.
    """

    database: str


@pytest.fixture
def holder() -> Callable[..., AbstractContextManager[Held]]:
    """`with holder(choice, image) as process:` a process with a database of an engine open."""

    @contextmanager
    def hold(choice: str, image: str = "") -> Iterator[Held]:
        command = [sys.executable, "-c", _HOLD, choice, image]
        with Held(
            command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                assert process.stdout is not None
                ready, process.database = process.stdout.readline().split()
                assert ready == "ready"
                yield process
            finally:
                process.terminate()
                process.wait(20)

    return hold
