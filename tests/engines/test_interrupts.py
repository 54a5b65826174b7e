"""A run that is interrupted at any moment leaves no database behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, text

from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.engines.server.ownership import number_of
from conformance.engines.server.throwaway import ThrowawayDatabases
from conformance.engines.server.url import UrlEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL

_ROOT = Path(__file__).parents[2]

#: Makes and drops databases until it is interrupted; says which run its databases are of.
_BUSY = """
import sys
from conformance.engines.base import Template
from conformance.engines.server.ownership import number_of
from conformance.engines.server.url import UrlEngine
engine = UrlEngine(sys.argv[1])
engine.start()
template = Template("schema", "key", lambda url: None)
while True:
    with engine.database(template) as url, engine.database():
        print(number_of(url.database), flush=True)
"""


@pytest.fixture
def interrupt_at() -> Iterator[Callable[..., None]]:
    """`interrupt_at("DROP", after=True)`: Ctrl-C comes during the next such statement."""
    waiting: list[tuple[str, bool]] = []

    def execute(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
        if not waiting or not statement.startswith(waiting[0][0]):
            return False
        _, after = waiting.pop()
        if after:
            cursor.execute(statement, parameters)
        raise KeyboardInterrupt

    event.listen(Engine, "do_execute", execute)
    yield lambda statement, *, after: waiting.append((statement, after))
    event.remove(Engine, "do_execute", execute)
    assert not waiting, "the statement never came"


def databases_of(server: URL, run: int) -> list[str]:
    """The run's databases that are on the server."""
    with connect(server) as connection:
        names = connection.execute(text("SELECT datname FROM pg_database")).scalars()
        return [name for name in names if number_of(name) == run]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "statement",
    ["SELECT 1", "CREATE DATABASE", "ALTER DATABASE", "SELECT pg_catalog.pg_term", "DROP DATABASE"],
)
def test_of_a_statement(
    server: URL, interrupt_at: Callable[..., None], statement: str, *, after: bool
) -> None:
    databases = ThrowawayDatabases(server)
    databases.open()
    with databases.database() as url:
        run = number_of(str(url.database))
    assert run is not None
    interrupt_at(statement, after=after)
    with (
        pytest.raises(KeyboardInterrupt),
        databases.database(Template("schema", "key", lambda _: None)),
    ):
        pass
    databases.close()
    assert databases_of(server, run) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", [0.0, 0.01, 0.03, 0.07, 0.15])
def test_of_a_process(server: URL, number: signal.Signals, moment: float) -> None:
    url = server.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", _BUSY, url],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        run = int(process.stdout.readline())
        time.sleep(moment)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert said.splitlines()[-1].startswith("KeyboardInterrupt")
    assert databases_of(server, run) == []


def test_a_session_that_the_server_still_has_does_not_block(server: URL) -> None:
    engine = UrlEngine(server)
    engine.start()
    databases = engine._databases
    assert databases is not None
    with connect(databases.server_url) as lost:
        databases._run.lock(lost)
        databases._disconnect()
        with engine.database():
            pass
    engine.stop()
