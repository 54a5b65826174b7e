"""What is in front of a server, or in its place, does what it should not.

An audit says what is true or one sentence, and never waits without end.
"""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import psycopg2
import pytest
from sqlalchemy import MetaData, NullPool, create_engine
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from conformance import audit as audit_module
from conformance.audit import audit
from conformance.cli import main
from conformance.engines.base import Template
from conformance.engines.connecting import connect, parse_url, trouble_of_server
from conformance.engines.patience import Patience
from conformance.engines.server.throwaway import ThrowawayDatabases
from conformance.engines.server.url import UrlEngine
from conformance.errors import EngineUnavailable
from conformance.gate.rehearsing.rehearsal import attempt
from conformance.process.interrupts import shut_down
from tests.click_runner import CliRunner
from tests.engines import faulty_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.engines.base import Engine
    from tests.engines.faulty_proxy import Change

#: The number of a piece of the server's answer in the login, and one in the audit.
LOGIN, AUDIT = 2, 20
NOT_THE_PROTOCOL = "does not keep to PostgreSQL's protocol."


@pytest.fixture(scope="module")
def database(conformance_engine: Engine) -> Iterator[URL]:
    """A database with the extension, which no test changes."""

    def prepare(url: URL) -> None:
        with connect(url, autocommit=True) as connection:
            connection.exec_driver_sql("CREATE EXTENSION timescaledb")

    template = Template("extension only", "extension only", prepare)
    with conformance_engine.database(template) as url:
        yield url


def refusal(url: URL) -> EngineUnavailable:
    """Why an audit has no verdict."""
    with pytest.raises(EngineUnavailable) as caught:
        audit(url.render_as_string(hide_password=False), MetaData())
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not a PostgreSQL server."),
        (b"R\x00\x00\x00\x08\x00\x00\x00\x00" + b"\xff" * 40, NOT_THE_PROTOCOL),
        (b"E\x00\x00\x00\x09M\xff\xfe\x00\x00", NOT_THE_PROTOCOL),
        (b"", "ends as soon as it is made."),
    ],
)
def test_another_program_in_its_place(answer: bytes, problem: str) -> None:
    with faulty_proxy.listening(faulty_proxy.says(answer)) as port:
        url = parse_url(f"postgresql://desk@127.0.0.1:{port}/desk?sslmode=disable")
        assert refusal(url).problem.endswith(problem)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (faulty_proxy.garbled(LOGIN), NOT_THE_PROTOCOL),
        (faulty_proxy.cut(LOGIN), "ends as soon as it is made."),
        (faulty_proxy.garbled(AUDIT), "the network has failed."),
        (faulty_proxy.cut(AUDIT), "the network has failed."),
    ],
)
def test_a_proxy_that_garbles_or_cuts(database: URL, change: Change, problem: str) -> None:
    with faulty_proxy.proxy(database, change) as url:
        assert refusal(url).problem.endswith(problem)


def is_given_up(database: URL, answers: int) -> None:
    """An audit that gets so many answers and no more ends with a sentence."""
    started = time.monotonic()
    with faulty_proxy.proxy(database, faulty_proxy.silent(answers)) as url:
        problem = refusal(url.update_query_dict({"connect_timeout": "30"})).problem
    assert problem.endswith("has not answered for 0.5 seconds.")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("answers", [1, 10])
def test_a_proxy_that_stops_forwarding(
    database: URL, monkeypatch: pytest.MonkeyPatch, answers: int
) -> None:
    """Neither libpq nor the server notices; an audit by a scheduler would stay for ever."""
    monkeypatch.setattr(audit_module, "ANSWER_TIMEOUT", 0.5)
    is_given_up(database, answers)


def test_a_proxy_that_stops_forwarding_at_the_very_end(
    database: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the ROLLBACK is the last one."""
    monkeypatch.setattr(audit_module, "ANSWER_TIMEOUT", 0.5)
    pieces: list[bytes] = []

    def counted(_: int, piece: bytes) -> bytes:
        pieces.append(piece)
        return piece

    with faulty_proxy.proxy(database, counted) as url:
        audit(url.render_as_string(hide_password=False), MetaData())
    is_given_up(database, len(faulty_proxy.READY.findall(b"".join(pieces))) - 1)


@pytest.mark.parametrize("number", [1, AUDIT])
def test_a_proxy_that_accepts_and_stops_answering_ends_with_2(
    database: URL, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(audit_module, "ANSWER_TIMEOUT", 0.5)
    started = time.monotonic()
    with faulty_proxy.proxy(database, faulty_proxy.held(number)) as url:
        address = url.update_query_dict({"connect_timeout": "2"})
        models = "tests.engines.test_odd_servers:METADATA"
        arguments = ["audit", address.render_as_string(hide_password=False), "--models", models]
        done = CliRunner().invoke(main, arguments)
    assert time.monotonic() - started < 20
    assert done.exit_code == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert "not answer" in done.stderr


def test_a_proxy_that_delays(database: URL) -> None:
    """The verdict is the same."""
    with faulty_proxy.proxy(database, faulty_proxy.delayed(0.005)) as url:
        slow = audit(url.render_as_string(hide_password=False), MetaData())
    direct = audit(database.render_as_string(hide_password=False), MetaData())
    assert (slow.verdict, slow.findings) == (direct.verdict, direct.findings)


def test_each_answer_has_its_own_time(database: URL) -> None:
    """However long all of them together take."""
    with closing(Patience(1.5)) as patience, connect(database, patience=patience) as connection:
        for _ in range(3):
            connection.exec_driver_sql("SELECT pg_sleep(0.6)")
    assert not patience.is_over


def test_a_proxy_that_sends_everything_twice(server: URL) -> None:
    """Where a password is asked for, the login of the copy fails, and ends both."""
    # The answers come late, so that the copy is not.
    with faulty_proxy.proxy(server, faulty_proxy.delayed(0.02), copies=1) as url:
        engine = UrlEngine(url)
        with pytest.raises(EngineUnavailable, match=r"two sessions|ends as soon as it is made"):
            engine.start()
        engine.stop()


def test_two_sessions_for_one_connection(server: URL) -> None:
    """The copy of a statement would come first, or fail: that is no finding of a migration."""
    databases = ThrowawayDatabases(server)
    with connect(server, autocommit=True) as copy:
        databases._run.lock(copy)
        with pytest.raises(EngineUnavailable, match="has two sessions for one connection"):
            databases.open()
    databases.close()


FULL = "DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (FULL, "The server could not go on during the gate: could not extend file."),
        ("SELECT 1/0", None),
    ],
)
def test_trouble_of_the_server_is_told_from_that_of_a_statement(
    database: URL, statement: str, problem: str | None
) -> None:
    with connect(database) as connection, pytest.raises(DBAPIError) as caught:
        connection.exec_driver_sql(statement)
    trouble = trouble_of_server(caught.value, "the gate")
    assert (trouble.problem if trouble else None) == problem


def test_a_server_that_is_gone_is_trouble_of_the_server() -> None:
    address = "postgresql+psycopg2://desk@127.0.0.1:1/desk"
    with pytest.raises(DBAPIError) as caught:
        create_engine(address, poolclass=NullPool).connect()
    trouble = trouble_of_server(caught.value, "the gate")
    assert trouble is not None
    assert trouble.problem.startswith("The server cannot be reached during the gate: ")


def test_a_connection_that_is_lost_in_a_revision_is_no_failure_of_it(database: URL) -> None:
    gone: list[bool] = []
    with (
        faulty_proxy.proxy(database, lambda _, piece: b"" if gone else piece) as url,
        connect(url) as connection,
    ):
        gone.append(True)
        with pytest.raises(EngineUnavailable, match="ended the connection during a migration"):
            attempt(lambda: connection.exec_driver_sql("SELECT 1").close())


def test_a_connection_that_is_lost_without_sqlalchemy(database: URL) -> None:
    """A statement of the driver's own cursor, such as a COPY."""
    with connect(database) as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        shut_down(raw)
        with pytest.raises(psycopg2.OperationalError) as caught:
            raw.cursor().execute("SELECT 1")
        connection.invalidate()
    trouble = trouble_of_server(caught.value, "a check")
    assert trouble is not None
    assert trouble.problem.startswith("The server ended the connection during a check: ")


def test_the_statement_after_the_lost_one_in_a_group(database: URL) -> None:
    """Where a refusal is expected, the lost connection is noticed with the next statement."""
    with connect(database) as connection:
        shut_down(connection.connection.dbapi_connection)
        with suppress(DBAPIError):
            connection.exec_driver_sql("SELECT 1")
        with pytest.raises(PendingRollbackError) as caught:
            connection.exec_driver_sql("SELECT 1")
    assert trouble_of_server(ExceptionGroup("two", [caught.value]), "a check") is not None
