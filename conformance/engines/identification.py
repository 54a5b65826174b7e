"""Which server answers: its versions and edition, or the sentence that says why it will not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.comparing.capabilities import (
    OLDEST_TIMESCALEDB,
    POSTGRESQL_MAJORS,
    Server,
    version_tuple,
)
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
#: The setting is there once the library is loaded, which its first function does; being
#: immutable, this one runs when the statement is planned.
_LICENSE = (
    "SELECT pg_catalog.current_setting('timescaledb.license', true)"
    " FROM (SELECT _timescaledb_functions.to_interval(1) AS loaded OFFSET 0) AS library"
    " WHERE library.loaded IS NOT NULL"
)


def identify_server(connection: Connection) -> Server:
    """Read versions and edition of the database this connection is in.

    The TimescaleDB extension must exist in that database: its library, which knows the edition,
    is loaded with it.

    Raises:
        ServerUnsupported: no TimescaleDB here, one that is too old, or an unsupported PostgreSQL.
    """
    row = connection.execute(text(_VERSIONS)).one()
    if row.timescaledb is None:
        raise ServerUnsupported(*_no_timescaledb(row.available))
    if version_tuple(row.timescaledb) < OLDEST_TIMESCALEDB:
        oldest = ".".join(map(str, OLDEST_TIMESCALEDB))
        raise ServerUnsupported(
            f"The database has TimescaleDB {row.timescaledb}; {oldest} is the oldest supported.",
            "Update it with ALTER EXTENSION timescaledb UPDATE.",
        )
    if row.major < POSTGRESQL_MAJORS.start:
        raise ServerUnsupported(
            f"The server is PostgreSQL {row.major}; {POSTGRESQL_MAJORS.start} is the oldest "
            "supported.",
            "Upgrade the server.",
        )
    # The setting exists in both editions; where it cannot be read the edition is unknown, and
    # unknown means no.
    license_setting = connection.execute(text(_LICENSE)).scalar_one()
    edition = "community" if license_setting == "timescale" else "apache"
    return Server(row.postgresql.split()[0], row.timescaledb, edition)


def _no_timescaledb(available: str | None) -> tuple[str, str]:
    if available is None:
        return (
            "The server has no TimescaleDB.",
            "Point to a server with TimescaleDB 2.17 or later installed.",
        )
    return (
        f"The database has no timescaledb extension, although the server offers {available}.",
        "Is it the right database? Run the migration in it first (alembic upgrade head).",
    )
