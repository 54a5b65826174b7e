"""Create the timescaledb extension in a version, and update it to another.

Each statement is the first one of a new session: a session keeps the library that it has loaded
("Upgrade TimescaleDB" in TimescaleDB's documentation).
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

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


def update_extension(url: URL, version: str) -> tuple[str, ...]:
    """Update the extension to the version with `ALTER EXTENSION timescaledb UPDATE`.

    Returns:
        The server's messages: `WARNING: ...`.

    Raises:
        WayFailed: the statement fails.
    """
    # Not through SQLAlchemy, whose first queries would load the old library.
    arguments, options = url.get_dialect()().create_connect_args(url)
    with closing(psycopg2.connect(*arguments, **options)) as connection:
        connection.autocommit = True
        try:
            connection.cursor().execute(f"ALTER EXTENSION timescaledb UPDATE TO '{version}'")
        except psycopg2.Error as error:
            raise WayFailed(
                f"ALTER EXTENSION timescaledb UPDATE TO '{version}' fails: {one_line(error)}"
            ) from None
        return tuple(" ".join(notice.split()) for notice in connection.notices)
