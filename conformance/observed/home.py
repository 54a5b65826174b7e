"""The schema of the extension timescaledb, which has TimescaleDB's functions.

Source: TimescaleDB documentation, "Install TimescaleDB": CREATE EXTENSION ... SCHEMA; the schema
cannot be changed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, text

if TYPE_CHECKING:
    from sqlalchemy import Connection

_VERSION = text("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'")
#: The key of the schema in `Connection.info`.
_KEY = "schema of timescaledb"
_HOME = text("""
SELECT n.nspname FROM pg_catalog.pg_extension e
  JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'timescaledb'
""")


def home_of(connection: Connection) -> str | None:
    """The schema of the extension; None if the extension does not exist."""
    found: str | None = connection.scalar(_HOME)
    return found


def version_of(connection: Connection) -> str | None:
    """The version of the existing extension; None if the extension does not exist."""
    found: str | None = connection.scalar(_VERSION)
    return found


def function(connection: Connection, name: str) -> str:
    """The qualified name of a function of TimescaleDB, independent of the search_path.

    Args:
        name: the name of the function, such as `show_chunks`.
    """
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(_known_home(connection))}.{name}"


def functions(connection: Connection) -> Any:
    """TimescaleDB's functions for expressions of SQLAlchemy: `functions(c).drop_chunks(...)`."""
    return getattr(func, _known_home(connection))


def _known_home(connection: Connection) -> str:
    """The schema of the extension, read once for each connection of the driver."""
    if _KEY not in connection.info:
        connection.info[_KEY] = home_of(connection) or "public"
    home: str = connection.info[_KEY]
    return home


def create_extension(
    connection: Connection, home: str | None = None, version: str | None = None
) -> None:
    """Create the extension if it does not exist, and its schema.

    Args:
        home: the schema of the extension; None: the first schema of the search_path.
        version: the version of the extension; None: the server's default.
    """
    quote = connection.dialect.identifier_preparer.quote
    options = ""
    if home is not None:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quote(home)}"))
        options += f" SCHEMA {quote(home)}"
    if version is not None:
        options += f" VERSION '{version}'"
    connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS timescaledb{options}"))
