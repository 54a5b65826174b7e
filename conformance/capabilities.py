"""What the engine's server can do: probed from the running server, never assumed.

Every capability is off until it has been seen; "unknown" therefore means "no". Checks name the
capability they need; without it they are reported as not checked, with `REASONS` as the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.errors import ServerUnsupported

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: The oldest TimescaleDB that is supported, and the newest whose catalog has been seen.
OLDEST_TIMESCALEDB = (2, 17)
NEWEST_TIMESCALEDB_SEEN = (2, 31)
#: The PostgreSQL major versions that are supported.
POSTGRESQL_MAJORS = range(15, 19)

REASONS = {
    "community_edition": "the server runs TimescaleDB's Apache edition, which has no compression "
    "and no policies",
    "concurrent_sessions": "all connections share one session on this engine",
    "background_workers": "no background worker runs jobs on this engine",
    "restartable": "this engine's server cannot be stopped and started again",
    "copy": "the server of this engine cannot run COPY FROM STDIN",
}


@dataclass(frozen=True)
class Capabilities:
    """One documented flag per capability; all off unless seen on the running server."""

    #: The Community edition (`timescaledb.license = timescale`): compression, policies.
    community_edition: bool = False
    #: Two connections are two backends, so that locks and snapshots of one are seen by the other.
    concurrent_sessions: bool = False
    #: The server's scheduler runs jobs by itself.
    background_workers: bool = False
    #: The engine can stop and start its server with the data kept.
    restartable: bool = False
    #: `COPY ... FROM STDIN` works.
    copy: bool = False

    def missing(self, *needed: str) -> str | None:
        """The reason why a check that needs these capabilities cannot run; None if it can."""
        known = {field.name for field in fields(self)}
        for name in needed:
            if name not in known:
                raise KeyError(f"unknown capability {name!r}; there are {', '.join(sorted(known))}")
            if not getattr(self, name):
                return REASONS[name]
        return None


@dataclass(frozen=True)
class Server:
    """Which server answered: what the header, the console and every report name."""

    postgresql: str
    timescaledb: str
    #: "community" or "apache".
    edition: str

    def __str__(self) -> str:
        return (
            f"PostgreSQL {self.postgresql}, TimescaleDB {self.timescaledb} ({self.edition} edition)"
        )

    @property
    def note(self) -> str | None:
        """A remark on a version newer than any that was seen; None otherwise."""
        if version_tuple(self.timescaledb)[:2] > NEWEST_TIMESCALEDB_SEEN:
            newest = ".".join(map(str, NEWEST_TIMESCALEDB_SEEN))
            return f"TimescaleDB {self.timescaledb} is newer than {newest}, the newest one seen"
        return None


def version_tuple(version: str) -> tuple[int, ...]:
    """`2.23.0-dev` -> `(2, 23, 0)`: the numbers up to the first suffix."""
    numbers: list[int] = []
    for part in version.split("-")[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


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
