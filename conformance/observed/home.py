"""Where the extension timescaledb lives: its functions are found in that schema alone.

Source: TimescaleDB documentation, "Install TimescaleDB": CREATE EXTENSION ... SCHEMA; the schema
cannot be changed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, text

if TYPE_CHECKING:
    from sqlalchemy import Connection

_VERSION = text("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'")
#: In what SQLAlchemy keeps with a connection.
_KEY = "schema of timescaledb"
_HOME = text("""
SELECT n.nspname FROM pg_catalog.pg_extension e
  JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'timescaledb'
""")


def home_of(connection: Connection) -> str | None:
    """The schema of the extension; None where it does not exist."""
    found: str | None = connection.scalar(_HOME)
    return found


def version_of(connection: Connection) -> str | None:
    """The version of the extension that runs, whichever the server offers; None: there is none."""
    found: str | None = connection.scalar(_VERSION)
    return found


def function(connection: Connection, name: str) -> str:
    """A function of TimescaleDB as SQL calls it, whatever the search_path is.

    Args:
        name: such as `show_chunks`.
    """
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(_known_home(connection))}.{name}"


def functions(connection: Connection) -> Any:
    """TimescaleDB's functions for expressions of SQLAlchemy: `functions(c).drop_chunks(...)`."""
    return getattr(func, _known_home(connection))


def _known_home(connection: Connection) -> str:
    """Asked once for each connection of the driver."""
    if _KEY not in connection.info:
        connection.info[_KEY] = home_of(connection) or "public"
    home: str = connection.info[_KEY]
    return home


def create_extension(
    connection: Connection, home: str | None = None, version: str | None = None
) -> None:
    """Create the extension where it is missing, and the schema that it is to live in.

    Args:
        home: the schema; None: the first one of the search_path.
        version: None: the server's default.
    """
    quote = connection.dialect.identifier_preparer.quote
    options = ""
    if home is not None:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quote(home)}"))
        options += f" SCHEMA {quote(home)}"
    if version is not None:
        options += f" VERSION '{version}'"
    connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS timescaledb{options}"))
