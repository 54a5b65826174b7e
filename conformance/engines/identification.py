"""Identify a server: its versions and edition, or the reason why it is not supported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

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

#: Whether the server has preloaded the library's loader, which defines this setting. Others of its
#: settings exist in any server whose postgresql.conf names them.
PRELOADED = "pg_catalog.current_setting('timescaledb.disable_load', true) IS NOT NULL"
_VERSIONS = (
    "SELECT pg_catalog.current_setting('server_version') AS postgresql,"
    " pg_catalog.current_setting('server_version_num') AS number,"
    " (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb')"
    " AS timescaledb,"
    " (SELECT default_version FROM pg_catalog.pg_available_extensions"
    " WHERE name = 'timescaledb') AS available,"
    # The version of the library whose functions the catalog has.
    " (SELECT pg_catalog.substring(p.probin, 'timescaledb-([0-9].*)$')"
    " FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE n.nspname = '_timescaledb_functions' AND p.proname = 'to_interval' LIMIT 1) AS library,"
    f" {PRELOADED} AS preloaded,"
    # The name of an ICU or builtin locale is in another column from PostgreSQL 17 on.
    " (SELECT pg_catalog.concat(pg_catalog.pg_encoding_to_char(d.encoding), ', ',"
    " coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale',"
    " d.datcollate)) FROM pg_catalog.pg_database d"
    " WHERE d.datname = pg_catalog.current_database()) AS locale"
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
        ServerUnsupported: TimescaleDB is missing, not loaded or too old, PostgreSQL is not
            supported, or what the server says of its versions contradicts itself.
    """
    row = connection.execute(text(_VERSIONS)).one()
    if row.timescaledb is None:
        raise ServerUnsupported(*_no_timescaledb(row.available))
    major = _major(row.postgresql, row.number)
    _refuse_version(row.timescaledb, row.library)
    if major < POSTGRESQL_MAJORS.start:
        raise ServerUnsupported(
            f"The server is PostgreSQL {major}; {POSTGRESQL_MAJORS.start} is the oldest "
            "supported version.",
            "Upgrade the server.",
        )
    if (refusal := why_not_a_pair(major, row.timescaledb)) is not None:
        raise ServerUnsupported(*refusal)
    # Both editions have the setting. If it cannot be read the edition is unknown, and an unknown
    # capability counts as missing.
    try:
        license_setting = connection.execute(text(_LICENSE)).scalar_one()
    except DBAPIError as error:
        # The library, which is not preloaded, ends the session, as a crash of the server does.
        if not row.preloaded:
            raise ServerUnsupported(*_NOT_LOADED) from error
        raise
    edition = "community" if license_setting == "timescale" else "apache"
    return Server(row.postgresql.partition(" ")[0], row.timescaledb, edition, row.locale)


#: What is wrong, and the way out.
_NOT_LOADED = (
    "The server has TimescaleDB installed, but does not load it.",
    "Add timescaledb to shared_preload_libraries in postgresql.conf, and restart the server.",
)
_WHO_ANSWERS = "Check the address: a proxy may answer there instead of the server."


def _major(version: str, number: str) -> int:
    """The major version of PostgreSQL, which both settings must tell."""
    # A beta is `19beta1`.
    found = re.match(r"[0-9]{1,9}", version)
    numbers = version_tuple(number)
    if found and numbers and int(found[0]) == numbers[0] // 10_000:
        return int(found[0])
    raise ServerUnsupported(
        f"The server says that it is PostgreSQL {_shown(version)} and that its version number is"
        f" {_shown(number)}, which is not the same.",
        _WHO_ANSWERS,
    )


def _refuse_version(version: str, library: str | None) -> None:
    """Refuse a TimescaleDB that is too old, or whose version is not that of its functions."""
    shown, numbers = _shown(version), version_tuple(version)
    if not numbers:
        raise ServerUnsupported(
            f"The database says that it has TimescaleDB {shown}, which is no version.",
            _WHO_ANSWERS,
        )
    if numbers < OLDEST_TIMESCALEDB:
        oldest = ".".join(map(str, OLDEST_TIMESCALEDB))
        raise ServerUnsupported(
            f"The database has TimescaleDB {shown}; {oldest} is the oldest supported version.",
            "Update TimescaleDB with ALTER EXTENSION timescaledb UPDATE.",
        )
    if library not in (None, version):
        raise ServerUnsupported(
            f"The database says that it has TimescaleDB {shown}, but its functions are those of"
            f" {_shown(str(library))}.",
            "Install the extension again, or restore a backup: somebody has changed the catalog.",
        )


def _shown(version: str) -> str:
    """A version, or the beginning of what is said instead of one."""
    is_plain = re.fullmatch(r"[\w.+~ ()-]{1,60}", version.strip(), re.ASCII)
    return version if is_plain else ascii(version[:60])


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
