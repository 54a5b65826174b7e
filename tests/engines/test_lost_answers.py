"""Something in front of a server holds back its answers in the middle of a run.

libpq would wait for ever. A long statement, for which the server works, is left alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from conformance.cli import main
from conformance.comparing.capabilities import version_tuple
from conformance.engines.connecting import connect, is_lost_connection, trouble_of_server
from conformance.engines.server import answering, throwaway
from conformance.engines.server.answering import Answering
from conformance.engines.server.ownership import Run, number_of
from conformance.engines.server.url import UrlEngine
from conformance.upgrade.extension import offered_versions
from tests.click_runner import CliRunner
from tests.engines import faulty_proxy
from tests.gate.projects import Project, sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result
    from sqlalchemy import URL

    from tests.engines.faulty_proxy import Change

PROJECT = Path(__file__).parents[2]

#: More pieces of the server's answer than a new connection has got.
OLD = 30


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "GLANCE", 0.1)
    monkeypatch.setattr(answering, "ANSWER_TIMEOUT", 1)
    monkeypatch.setattr(answering, "LOOKS", 2)


@pytest.mark.parametrize("is_forgotten", [True, False], ids=["forgotten", "unreachable"])
def test_a_statement_without_an_answer_ends(server: URL, *, is_forgotten: bool) -> None:
    """A firewall forgets an old connection, or a proxy stops forwarding anything."""
    silent = Event()

    def change(number: int, piece: bytes) -> bytes:
        if silent.is_set() and (number > OLD or not is_forgotten):
            faulty_proxy.HELD.wait()
        return piece

    with faulty_proxy.proxy(server, change) as url:
        engine = UrlEngine(url.update_query_dict({"connect_timeout": "2"}))
        engine.start()
        with engine.database() as database, connect(database) as connection:
            for _ in range(OLD):
                connection.execute(text("SELECT 1"))
            silent.set()
            started = time.monotonic()
            with pytest.raises(OperationalError) as caught:
                connection.execute(text("SELECT 1"))
            assert time.monotonic() - started < 60
            trouble = trouble_of_server(caught.value, "a check")
            silent.clear()
        engine.stop()
    assert trouble is not None
    assert trouble.problem.startswith("The server ended the connection during a check: ")


def test_a_new_connection_without_an_answer_ends(
    server: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that is not made by us, such as that of env.py."""
    monkeypatch.setattr(throwaway, "CONNECT_SECONDS", 2)
    silent = Event()

    def change(_: int, piece: bytes) -> bytes:
        if silent.is_set():
            faulty_proxy.HELD.wait()
        return piece

    with faulty_proxy.proxy(server, change) as url:
        engine = UrlEngine(url)
        engine.start()
        with engine.database() as database:
            silent.set()
            with pytest.raises(OperationalError, match="timeout expired"):
                create_engine(database, poolclass=NullPool).connect()
            silent.clear()
        engine.stop()


def test_a_long_statement_is_left_alone(server: URL) -> None:
    engine = UrlEngine(server)
    engine.start()
    try:
        with engine.database() as database, connect(database) as connection:
            connection.execute(text("SELECT pg_sleep(1.5)"))
            assert connection.scalar(text("SELECT 1")) == 1
    finally:
        engine.stop()


async def asked(url: URL, silent: Event) -> None:
    """What an asynchronous env.py does; in the end the answer is lost."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        for _ in range(OLD):
            await connection.execute(text("SELECT 1"))
        await connection.execute(text("SELECT pg_sleep(1)"))
        # Python may take its time while the session has nothing to do.
        time.sleep(1)
        silent.set()
        await connection.execute(text("SELECT 1"))


@pytest.mark.parametrize(("severity", "lost"), [(None, True), ("ERROR", False)])
def test_an_error_of_asyncpg_itself(severity: str | None, lost: bool) -> None:
    """The server says the same of a connection of dblink."""
    error = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    error.severity = severity
    assert is_lost_connection(error) is lost


def test_noise_in_the_answer_to_a_login(server: URL) -> None:
    """psycopg2 cannot decode what libpq says of it; what env.py decodes is its own matter."""

    def change(_: int, piece: bytes) -> bytes:
        return b"E" + len(piece).to_bytes(4, "big") + b"S" + b"\xff" * (len(piece) - 4) + b"\0\0"

    with faulty_proxy.proxy(server, change) as url, pytest.raises(UnicodeDecodeError) as caught:
        create_engine(url, poolclass=NullPool).connect()
    trouble = trouble_of_server(caught.value, "a check")
    assert trouble is not None
    assert trouble.problem == "The answer of the server during a check cannot be decoded as text."
    with pytest.raises(UnicodeDecodeError) as caught:
        json.loads(b"\xff")
    assert trouble_of_server(caught.value, "a check") is None


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_connection_of_an_env_py_is_watched_as_any_other(server: URL, driver: str) -> None:
    silent = Event()

    def change(number: int, piece: bytes) -> bytes:
        if silent.is_set() and number > OLD:
            faulty_proxy.HELD.wait()
        return piece

    with faulty_proxy.proxy(server, change) as url, Answering(url):
        own = url.set(drivername=f"postgresql+{driver}", query={})
        with pytest.raises(DBAPIError) as caught:
            asyncio.run(asked(own, silent))
        assert silent.is_set()
    trouble = trouble_of_server(caught.value, "a check")
    assert trouble is not None
    assert trouble.problem.startswith("The server ended the connection during a check: ")


MODELS = """
from sqlalchemy import *
from tests.gate.projects import models
metadata = models()
metadata.tables["places"].append_column(Column("area", Integer))
"""
#: The number of a piece of the server's answer in the middle of a command.
GATE, CHECK = 500, 150


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A small project, in which the commands run."""
    project = Project.made_in(tmp_path)
    project.revision(
        sql("ALTER TABLE places ADD COLUMN area integer"),
        sql("ALTER TABLE places DROP COLUMN area"),
    )
    (tmp_path / "models_behind_a_proxy.py").write_text(MODELS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "models_behind_a_proxy", raising=False)
    monkeypatch.chdir(tmp_path)
    return project


@pytest.fixture
def nothing_left(server: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Afterwards no database of the test's runs is on the server."""
    runs = [Run.new() for _ in range(5)]
    monkeypatch.setattr(Run, "new", iter(runs).__next__)
    yield
    numbers = {run.number for run in runs}
    names = text("SELECT datname FROM pg_database")
    deadline = time.monotonic() + 10
    with connect(server, autocommit=True) as connection:
        # The server may still be busy with what nobody waits for any more.
        while left := [name for name in connection.scalars(names) if number_of(name) in numbers]:
            assert time.monotonic() < deadline, left
            time.sleep(0.1)


def invoke(url: URL, *arguments: str) -> Result:
    address = url.render_as_string(hide_password=False)
    options = ["--models", "models_behind_a_proxy:metadata", "--engine", address]
    return CliRunner().invoke(main, [*arguments, *options])


#: That of a statement, and that of a new connection.
NETWORK = (
    "the network has failed|ends as soon as it is made|server closed the connection"
    "|does not answer in time|lost synchronization with server|cannot be decoded as text"
)


def assert_no_verdict(code: int, stderr: str) -> None:
    assert code == 2
    (line,) = (line for line in stderr.splitlines() if line.startswith("conformance: "))
    assert re.search(NETWORK, line)


@pytest.mark.usefixtures("project", "nothing_left")
@pytest.mark.parametrize(
    "change",
    [
        faulty_proxy.forgetful(GATE),
        faulty_proxy.once(GATE, lambda piece: b"\xff" * len(piece)),
        faulty_proxy.once(GATE, lambda _: b""),
    ],
    ids=["forgets", "garbles", "cuts"],
)
def test_in_the_middle_of_the_gate(server: URL, change: Change) -> None:
    with faulty_proxy.proxy(server, change) as url:
        done = invoke(url, "gate", "--from-revision", "0001")
    # An idle connection that breaks is made again.
    if done.exit_code:
        assert_no_verdict(done.exit_code, done.stderr)


@pytest.mark.usefixtures("project", "nothing_left")
def test_a_slow_proxy_changes_no_verdict(server: URL) -> None:
    with faulty_proxy.proxy(server, faulty_proxy.delayed(0.001)) as url:
        assert invoke(url, "gate", "--from-revision", "0001").exit_code == 0


@pytest.mark.usefixtures("nothing_left")
def test_the_gate_records_no_question_about_a_long_statement(server: URL, project: Project) -> None:
    own = ("SELECT pg_sleep(1)", "ALTER TABLE places ADD COLUMN area integer")
    project.revision(sql(*own), sql("ALTER TABLE places DROP COLUMN area"))
    assert invoke(server, "gate", "--from-revision", "0001").exit_code == 0
    report = json.loads(Path("build/conformance/gate.json").read_text("utf-8"))
    sent = [item["sql"] for item in report["revisions"][0]["statements"]]
    assert [statement for statement in sent if statement in own] == list(own)
    assert "pg_stat_activity" not in str(sent)


@pytest.mark.slow
@pytest.mark.usefixtures("project", "nothing_left")
@pytest.mark.parametrize(
    "change",
    [
        # While pg_dump or pg_restore runs, and afterwards.
        faulty_proxy.forgetful(650),
        faulty_proxy.forgetful(1200),
    ],
    ids=["restored", "afresh"],
)
def test_in_the_middle_of_an_upgrade(server: URL, change: Change) -> None:
    offered = sorted(offered_versions(server), key=version_tuple)
    if len(offered) < 2:
        pytest.skip("the tests' server offers one version of TimescaleDB only")
    versions = ["--from", offered[0], "--to", offered[-1]]
    with faulty_proxy.proxy(server, change) as url:
        done = invoke(url, "upgrade", "--no-suite", *versions)
    assert_no_verdict(done.exit_code, done.stderr)


#: The command in a process of its own, as pytest runs in it.
CHECKING = """
from conformance.engines.server import answering, throwaway
answering.GLANCE, answering.ANSWER_TIMEOUT, answering.LOOKS = 0.1, 1, 2
from conformance.cli import main
main()
"""


@pytest.mark.slow
def test_in_the_middle_of_a_check(server: URL, project: Project) -> None:
    with faulty_proxy.proxy(server, faulty_proxy.forgetful(CHECK)) as url:
        # Some connection may be about to be made.
        soon = url.update_query_dict({"connect_timeout": "5"})
        address = soon.render_as_string(hide_password=False)
        done = subprocess.run(
            [sys.executable, "-c", CHECKING, "check", "--engine", address, "-k",
             "test_facts or test_rows",
             "--models", "models_behind_a_proxy:metadata"],
            cwd=project.folder, env={**os.environ, "PYTHONPATH": str(PROJECT)},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    # An idle connection that breaks is made again.
    if done.returncode:
        assert_no_verdict(done.returncode, done.stderr)
