"""The servers that tests run on.

Most tests run on the engine that pytest is told, as the suite does: `--conformance-engine`, or
`CONFORMANCE_ENGINE`. Tests of what only a server with several sessions shows run on the one that
`TEST_SERVER` names, in the words of `--engine`. Without it they run in a container of `TEST_IMAGE`;
without that on the PostgreSQL with TimescaleDB that is installed here; and where none is, in a
container of any image called `timescaledb-test`, where a Docker daemon answers.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from conformance import engines
from conformance.engines import open_engine
from conformance.engines.base import Template
from conformance.engines.connecting import connect, parse_url
from conformance.engines.embedded.idle_servers import IdleServers
from conformance.errors import EngineUnavailable
from conformance.process.progress import unwatched

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from sqlalchemy import URL

    from conformance.engines.base import Engine


_NO_RUNS = (
    "SELECT _timescaledb_functions.stop_background_workers()",
    "DELETE FROM _timescaledb_internal.bgw_job_stat",
    "SELECT alter_job(job_id, next_start => now() + schedule_interval)"
    " FROM timescaledb_information.jobs WHERE job_id >= 1000",
)


class _SharedServers(IdleServers):
    """Embedded servers that a test's engine leaves to the engines of later tests."""

    most = 4

    def end(self) -> None:
        """Leave them running: the engine that stops is not the last one."""


@pytest.fixture(scope="session", autouse=True)
def idle_servers() -> Iterator[None]:
    """Share idle servers between the engines that tests open.

    Starting a server takes half a second, a third of a short test.
    """
    servers = _SharedServers()

    def embedded() -> Engine:
        opened()
        from conformance.engines.embedded.engine import EmbeddedEngine

        return EmbeddedEngine(idle=servers)

    opened = engines._embedded
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "_embedded", embedded)
        yield
    IdleServers.end(servers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Leave the module path as it was: Alembic puts a project's folder in front, at each reading.

    After a few thousand tests of small projects the path would no longer fit into an environment,
    and every import would look into folders that are gone. A fixture for it would take a tenth of
    the time of a test that needs no database.
    """
    before = list(sys.path)
    try:
        return (yield)
    finally:
        sys.path[:] = before


@pytest.fixture(scope="session")
def without_runs() -> Callable[[Template], Template]:
    """The same database, whose jobs have not run and are not due for a while.

    A run is a fact of a living database, and some servers record each run as failed
    (timescaledb#11015).
    """

    def changed(template: Template) -> Template:
        def prepare(url: URL) -> None:
            template.prepare(url)
            with connect(url, autocommit=True) as connection:
                for statement in _NO_RUNS:
                    connection.execute(text(statement))

        return Template(template.name, f"{template.key}-no-runs", prepare)

    return changed


@pytest.fixture(scope="session")
def schema_template(
    schema_template: Template, without_runs: Callable[[Template], Template]
) -> Template:
    """The database after `alembic upgrade head`."""
    return without_runs(schema_template)


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """The client of the Docker daemon, if one answers."""
    from conformance.engines.container import daemon

    try:
        with daemon.daemon(300) as client:
            yield client
    except EngineUnavailable as error:
        pytest.skip(error.problem)


@pytest.fixture(scope="session")
def image(client: Any) -> str:
    """An image of TimescaleDB that is at hand."""
    if given := os.environ.get("TEST_IMAGE"):
        return given
    for local in client.images.list("timescaledb-test"):
        return str(local.tags[0])
    pytest.skip("neither TEST_IMAGE nor a local image timescaledb-test")


@pytest.fixture(scope="session")
def server_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on a server with several sessions, started."""
    with _started(os.environ.get("TEST_SERVER") or _usual_server(), request) as engine:
        yield engine


@pytest.fixture
def own_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on a server of this test alone, to be restarted and crashed; started."""
    choice = os.environ.get("TEST_SERVER", "")
    with _started(choice if choice and "://" not in choice else _usual_server(), request) as engine:
        yield engine


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> URL:
    """A server that is somebody's: the tests may make databases and roles there."""
    given = os.environ.get("TEST_SERVER", "")
    if "://" in given:
        return parse_url(given)
    engine: Engine = request.getfixturevalue("server_engine")
    assert engine.server_url is not None
    return parse_url(engine.server_url)


@contextmanager
def _started(choice: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    used = request.getfixturevalue("image") if choice == "container" else None
    engine = open_engine(choice, used, unwatched)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def _usual_server() -> str:
    if "TEST_IMAGE" in os.environ:
        return "container"
    try:
        open_engine("local", None, unwatched)
    except EngineUnavailable:
        return "container"
    return "local"
