"""Check whether a server is suitable before creating anything on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from conformance.comparing.capabilities import OLDEST_TIMESCALEDB, POSTGRESQL_MAJORS, version_tuple
from conformance.engines.connecting import connect, place
from conformance.engines.identification import PRELOADED
from conformance.errors import EngineUnavailable, ServerUnsupported

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Row

_PID = "SELECT pg_catalog.pg_backend_pid()"


def check_server(url: URL) -> None:
    """Check, without writing, that the role can create databases on a supported server.

    Raises:
        EngineUnavailable: no connection, a read-only server, no right to create databases, or a
            pooler in front of the server that does not keep sessions.
        ServerUnsupported: PostgreSQL is too old; TimescaleDB is missing, too old or not loaded.
    """
    with connect(url) as connection:
        row = connection.execute(
            text(
                "SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS major,"
                " (SELECT default_version FROM pg_catalog.pg_available_extensions"
                " WHERE name = 'timescaledb') AS timescaledb,"
                f" {PRELOADED} AS preloaded,"
                " pg_catalog.pg_is_in_recovery() AS in_recovery,"
                " pg_catalog.current_setting('transaction_read_only')::boolean AS read_only,"
                " current_user AS role,"
                " (SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles"
                " WHERE rolname = current_user) AS may_create"
            )
        ).one()
        is_direct = _is_direct(connection)
    _check_versions(row, place(url))
    _check_rights(row, place(url))
    if not is_direct and _shares_sessions(url):
        raise EngineUnavailable(
            f"A pooler at {place(url)} gives each transaction another session of the server.",
            "Use the URL of the server itself, or a pool in session mode. An audit works through "
            "both.",
        )


def _is_direct(connection: Connection) -> bool:
    """Whether the connection is one to the server: a pooler makes a process id of its own up."""
    pid = connection.scalar(text(_PID))
    raw: Any = connection.connection.dbapi_connection
    return bool(raw.info.backend_pid == pid)


def _shares_sessions(url: URL) -> bool:
    """Whether a session changes between the statements of a client, or has two clients.

    There an advisory lock, which protects the databases of a run, does not stay with its owner, and
    a setting reaches the clients of others.
    """
    with connect(url, autocommit=True) as connection, connect(url) as other:
        before = connection.scalar(text(_PID))
        # In a transaction: the pooler must give the first connection another session meanwhile.
        taken = other.scalar(text(_PID))
        return bool(taken == before or connection.scalar(text(_PID)) != before)


def _check_versions(row: Row[tuple[object, ...]], where: str) -> None:
    if row.major < POSTGRESQL_MAJORS.start:
        raise ServerUnsupported(
            f"The server at {where} is PostgreSQL {row.major}; {POSTGRESQL_MAJORS.start} is the "
            "oldest supported version.",
            "Upgrade the server, or use the URL of another server.",
        )
    if row.timescaledb is None:
        raise ServerUnsupported(
            f"TimescaleDB is not installed on the server at {where}.",
            "Install TimescaleDB there, or use the URL of another server.",
        )
    if version_tuple(row.timescaledb) < OLDEST_TIMESCALEDB:
        raise ServerUnsupported(
            f"The server at {where} has TimescaleDB {row.timescaledb}; "
            f"{'.'.join(map(str, OLDEST_TIMESCALEDB))} is the oldest supported version.",
            "Upgrade TimescaleDB, or use the URL of another server.",
        )
    if not row.preloaded:
        raise ServerUnsupported(
            f"The server at {where} has TimescaleDB installed, but does not load it.",
            "Add timescaledb to shared_preload_libraries in postgresql.conf, and restart the "
            "server.",
        )


def _check_rights(row: Row[tuple[object, ...]], where: str) -> None:
    if row.in_recovery:
        raise EngineUnavailable(
            f"The server at {where} is a standby, which is read-only.",
            "Use the URL of the primary, or of a server for tests.",
        )
    if row.read_only:
        raise EngineUnavailable(
            f"Sessions of role {row.role} at {where} are read-only.",
            "Set default_transaction_read_only to off for the role, or use another role.",
        )
    if not row.may_create:
        raise EngineUnavailable(
            f"Role {row.role} at {where} may not create databases.",
            f'Ask an administrator to run ALTER ROLE "{row.role}" CREATEDB, or use another role.',
        )
