"""Identify a server: its versions and edition, or the reason why it is not supported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.comparing.capabilities import (
    OLDEST_TIMESCALEDB,
    POSTGRESQL_MAJORS,
    Server,
    version_tuple,
)
from conformance.comparing.pairs import why_not_a_pair
from conformance.errors import ServerUnsupported

if TYPE_CHECKING:
    from sqlalchemy import Connection

_VERSIONS = (
    "SELECT pg_catalog.current_setting('server_version') AS postgresql,"
    " pg_catalog.current_setting('server_version_num')::int / 10000 AS major,"
    " (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb')"
    " AS timescaledb,"
    " (SELECT default_version FROM pg_catalog.pg_available_extensions"
    " WHERE name = 'timescaledb') AS available"
)
#: The setting exists once the library is loaded. Calling a function loads it; this function is
#: immutable, so that it runs when the statement is planned.
_LICENSE = (
    "SELECT pg_catalog.current_setting('timescaledb.license', true)"
    " FROM (SELECT _timescaledb_functions.to_interval(1) AS loaded OFFSET 0) AS library"
    " WHERE library.loaded IS NOT NULL"
)


def identify_server(connection: Connection) -> Server:
    """Read versions and edition in the database of this connection.

    The database must have the TimescaleDB extension: the edition is a setting of its library.

    Raises:
        ServerUnsupported: TimescaleDB is missing or too old, or PostgreSQL is not supported.
    """
    row = connection.execute(text(_VERSIONS)).one()
    if row.timescaledb is None:
        raise ServerUnsupported(*_no_timescaledb(row.available))
    if version_tuple(row.timescaledb) < OLDEST_TIMESCALEDB:
        oldest = ".".join(map(str, OLDEST_TIMESCALEDB))
        raise ServerUnsupported(
            f"The database has TimescaleDB {row.timescaledb}; {oldest} is the oldest supported "
            "version.",
            "Update TimescaleDB with ALTER EXTENSION timescaledb UPDATE.",
        )
    if row.major < POSTGRESQL_MAJORS.start:
        raise ServerUnsupported(
            f"The server is PostgreSQL {row.major}; {POSTGRESQL_MAJORS.start} is the oldest "
            "supported version.",
            "Upgrade the server.",
        )
    if (refusal := why_not_a_pair(row.major, row.timescaledb)) is not None:
        raise ServerUnsupported(*refusal)
    # Both editions have the setting. If it cannot be read the edition is unknown, and an unknown
    # capability counts as missing.
    license_setting = connection.execute(text(_LICENSE)).scalar_one()
    edition = "community" if license_setting == "timescale" else "apache"
    return Server(row.postgresql.split()[0], row.timescaledb, edition)


def _no_timescaledb(available: str | None) -> tuple[str, str]:
    if available is None:
        return (
            "TimescaleDB is not installed on the server.",
            "Use a server with TimescaleDB 2.17 or later.",
        )
    return (
        f"The database does not have the extension timescaledb; the server offers {available}.",
        "Check the name of the database, or migrate the database first (alembic upgrade head).",
    )
