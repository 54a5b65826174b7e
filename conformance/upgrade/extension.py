"""Create the timescaledb extension in a version, and update it to another.

Each statement is the first one of a new session: a session keeps the library that it has loaded
("Upgrade TimescaleDB" in TimescaleDB's documentation).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import psycopg2
from sqlalchemy import text

from conformance.engines.connecting import connect
from conformance.errors import one_line
from conformance.observed import home
from conformance.upgrade.failures import WayFailed

if TYPE_CHECKING:
    from sqlalchemy import URL

_OFFERED = text(
    "SELECT version FROM pg_catalog.pg_available_extension_versions WHERE name = 'timescaledb'"
)


def offered_versions(url: URL) -> frozenset[str]:
    """The versions of the extension that the server can create."""
    with connect(url) as connection:
        return frozenset(connection.execute(_OFFERED).scalars())


def create_extension(url: URL, version: str, schema: str | None = None) -> None:
    """Create the extension in the version.

    Args:
        schema: the schema of the extension; None for the default schema.

    Raises:
        sqlalchemy.exc.DBAPIError: the statement fails.
    """
    with connect(url, autocommit=True) as connection:
        connection.exec_driver_sql("SET client_min_messages = error")
        home.create_extension(connection, schema, version)


@dataclass(frozen=True)
class Updated:
    """An updated extension.

    Attributes:
        notices: the server's messages: `WARNING: ...`.
        locks: the locks on relations that the statement held at its end.
        seconds: how long the statement took.
        wal: the position of the WAL at its end, in bytes.
    """

    notices: tuple[str, ...]
    locks: tuple[HeldLock, ...]
    seconds: float
    wal: int


class HeldLock(NamedTuple):
    """A relation that the update had locked: its oid, its name, its file, the mode.

    Name, kind and file are None of relations that the update dropped.
    """

    oid: int
    mode: str
    name: str | None
    kind: str | None
    file: int | None


#: Runs in the transaction of the statement before it, because both are sent as one message.
_HELD = """
SELECT l.relation, l.mode,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       c.relkind::text, pg_catalog.pg_relation_filenode(c.oid),
       extract(epoch FROM pg_catalog.clock_timestamp()
                          - pg_catalog.transaction_timestamp())::float8,
       (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::bigint
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
"""


def update_extension(url: URL, version: str) -> Updated:
    """Update the extension to the version with `ALTER EXTENSION timescaledb UPDATE`.

    Raises:
        WayFailed: the statement fails.
    """
    statement = f"ALTER EXTENSION timescaledb UPDATE TO '{version}'"
    # Not through SQLAlchemy, whose first queries would load the old library.
    arguments, options = url.get_dialect()().create_connect_args(url)
    with closing(psycopg2.connect(*arguments, **options)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        try:
            # A BEGIN before the statement would load the old library.
            cursor.execute(f"{statement}; {_HELD}")
            rows = cursor.fetchall()
        except psycopg2.Error as error:
            raise WayFailed(f"{statement} fails: {one_line(error)}") from None
        notices = tuple(" ".join(notice.split()) for notice in connection.notices)
    return Updated(notices, tuple(HeldLock(*row[:5]) for row in rows), *rows[0][5:])
