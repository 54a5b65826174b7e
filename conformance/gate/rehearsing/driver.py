"""What the drivers of a migration's connections have each of its own.

A revision may take psycopg2's connection, for a COPY or out of habit:
`op.get_bind().connection.cursor().execute(...)`. SQLAlchemy's events know nothing of that; here it
is heard. With psycopg and asyncpg it is not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR
from psycopg2.extensions import connection as psycopg2_connection
from psycopg2.extensions import cursor as plain_cursor
from sqlalchemy import AdaptedConnection

from conformance.project.listening import quiet_cursor, raw_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


def hear(
    connection: Connection,
    before: Callable[[Any, str], None],
    after: Callable[[Any, str], None] = lambda _cursor, _statement: None,
) -> None:
    """Give the connection cursors that tell of statements past SQLAlchemy.

    Args:
        connection: stays as it is made until it is closed.
        before: called with the cursor and the statement, before it is sent; may raise.
        after: the same, when it came back.
    """

    class HeardCursor(plain_cursor):  # type: ignore[misc]
        """A cursor of psycopg2 that somebody listens to."""

        def execute(self, query: Any, *parameters: Any, **named: Any) -> Any:
            return self._tell(query, super().execute, query, *parameters, **named)

        def executemany(self, query: Any, *parameters: Any, **named: Any) -> Any:
            return self._tell(query, super().executemany, query, *parameters, **named)

        def copy_expert(self, sql: Any, *parameters: Any, **named: Any) -> Any:
            return self._tell(sql, super().copy_expert, sql, *parameters, **named)

        def copy_from(self, file: Any, table: str, *parameters: Any, **named: Any) -> Any:
            said = f"COPY {table} FROM STDIN"
            return self._tell(said, super().copy_from, file, table, *parameters, **named)

        def _tell(self, statement: Any, send: Any, *parameters: Any, **named: Any) -> Any:
            if _by_sqlalchemy():
                return send(*parameters, **named)
            text = _text(statement, self)
            before(self, text)
            result = send(*parameters, **named)
            after(self, text)
            return result

    raw: Any = raw_of(connection)
    if isinstance(raw, psycopg2_connection):
        raw.cursor_factory = HeardCursor


def is_idle(raw: Any) -> bool:
    """Whether the session is in no transaction."""
    return bool(_status(raw) == TRANSACTION_STATUS_IDLE)


def has_failed(raw: Any) -> bool:
    """Whether the session's transaction answers nothing until it is rolled back."""
    status = _status(raw)
    if status is not None:
        return bool(status == TRANSACTION_STATUS_INERROR)
    try:
        with quiet_cursor(raw) as cursor:
            cursor.execute("SELECT")
    # Its driver's own kind of error.
    except Exception:
        return True
    return False


def _status(raw: Any) -> int | None:
    """As libpq says it; None where asyncpg, which tells less, is in a transaction."""
    driver = raw.driver_connection if isinstance(raw, AdaptedConnection) else raw
    if hasattr(driver, "info"):
        return int(driver.info.transaction_status)
    return None if driver.is_in_transaction() else TRANSACTION_STATUS_IDLE


def _by_sqlalchemy() -> bool:
    """Whether SQLAlchemy sends it, and therefore tells of it."""
    # From its method's caller on; psycopg2's own helpers send for somebody.
    frame = sys._getframe(3)  # noqa: SLF001 - the way to a caller's module
    while str(frame.f_globals.get("__name__")).startswith("psycopg2.") and frame.f_back:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")).startswith("sqlalchemy.")


def _text(statement: Any, cursor: Any) -> str:
    """psycopg2 takes texts, bytes, and compositions of its own."""
    if isinstance(statement, bytes):
        return statement.decode("utf-8", "replace")
    return statement if isinstance(statement, str) else str(statement.as_string(cursor))
