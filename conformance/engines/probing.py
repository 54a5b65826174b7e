"""Probe what a server can do by trying it."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, text

from conformance.comparing.capabilities import Capabilities, Server
from conformance.engines.identification import identify_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection

_SCHEDULER_SECONDS = 5.0

_WORKERS = text(
    "SELECT count(*) FILTER (WHERE name ILIKE '%launcher%') AS launchers,"
    " count(*) FILTER (WHERE name ILIKE '%scheduler%'"
    " AND datname = pg_catalog.current_database()) AS schedulers"
    " FROM (SELECT datname, pg_catalog.concat_ws(' ', backend_type, application_name) AS name"
    " FROM pg_catalog.pg_stat_activity) AS activity"
    " WHERE name ILIKE '%timescaledb background worker%'"
)


def probe(url: URL) -> tuple[Server, Capabilities]:
    """The versions of the server at the URL, and what the server can do.

    The database must have the timescaledb extension; probing leaves nothing in it. Only the engine
    knows whether the server may be restarted: `restartable` is False here.

    Raises:
        ServerUnsupported: see `identify_server`.
    """
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, engine.connect() as other:
        server = identify_server(connection)
        return server, Capabilities(
            community_edition=server.edition == "community",
            concurrent_sessions=_are_two_sessions(connection, other),
            background_workers=_has_scheduler(connection),
            copy=_can_copy(connection),
        )


def _are_two_sessions(connection: Connection, other: Connection) -> bool:
    pid = text("SELECT pg_catalog.pg_backend_pid()")
    if connection.scalar(pid) == other.scalar(pid):
        return False
    connection.execute(text("SET application_name TO 'conformance probe'"))
    return bool(other.scalar(text("SHOW application_name")) != "conformance probe")


def _has_scheduler(connection: Connection) -> bool:
    """The launcher starts a database's scheduler a moment after the extension was created."""
    deadline = time.monotonic() + _SCHEDULER_SECONDS
    while True:
        workers = connection.execute(_WORKERS).one()
        if workers.schedulers:
            return True
        if not workers.launchers or time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def _can_copy(connection: Connection) -> bool:
    try:
        with _temporary_table(connection) as table:
            cursor = connection.connection.cursor()
            cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("1\n"))
            return bool(connection.scalar(text(f"SELECT n FROM {table}")) == 1)
    except Exception:
        # Any error means that COPY does not work here.
        return False


@contextmanager
def _temporary_table(connection: Connection) -> Iterator[str]:
    table = "pg_temp.conformance_probe"
    connection.execute(text("CREATE TEMPORARY TABLE conformance_probe (n integer)"))
    try:
        yield table
    finally:
        connection.execute(text(f"DROP TABLE {table}"))
