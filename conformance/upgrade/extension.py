"""The timescaledb extension of one database: created in a version, updated to another.

Each in a session of its own, as its first statement: a session keeps the library that it has once
loaded, and so does every later statement in it ("Upgrade TimescaleDB" in its documentation).
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
    from collections.abc import Sequence

    from sqlalchemy import URL

_OFFERED = text(
    "SELECT version FROM pg_catalog.pg_available_extension_versions WHERE name = 'timescaledb'"
)


def offered_versions(url: URL) -> frozenset[str]:
    """The versions that the server can create."""
    with connect(url) as connection:
        return frozenset(connection.execute(_OFFERED).scalars())


def create_extension(url: URL, version: str, schema: str | None = None) -> None:
    """Create it in the version.

    Args:
        schema: where it is to live; None: in the usual one.

    Raises:
        sqlalchemy.exc.DBAPIError: the server refuses.
    """
    with connect(url, autocommit=True) as connection:
        connection.exec_driver_sql("SET client_min_messages = error")
        home.create_extension(connection, schema, version)


def update_extension(url: URL, version: str) -> tuple[str, ...]:
    """Update it to the version: `ALTER EXTENSION timescaledb UPDATE`.

    Returns:
        What the server said: `WARNING: ...`.

    Raises:
        WayFailed: the server refuses.
    """
    # SQLAlchemy asks for versions and settings first, which loads the old library.
    arguments, options = url.get_dialect()().create_connect_args(url)
    with closing(psycopg2.connect(*arguments, **options)) as connection:
        connection.autocommit = True
        try:
            connection.cursor().execute(f"ALTER EXTENSION timescaledb UPDATE TO '{version}'")
        except psycopg2.Error as error:
            raise WayFailed(
                f"ALTER EXTENSION timescaledb UPDATE TO '{version}' fails: {one_line(error)}"
            ) from None
        return _told(connection.notices)


def _told(notices: Sequence[str]) -> tuple[str, ...]:
    return tuple(" ".join(notice.split()) for notice in notices)
