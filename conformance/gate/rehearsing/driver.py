"""What differs between the drivers of a migration's connection.

A revision may use psycopg2's own connection, for a COPY or out of habit:
`op.get_bind().connection.cursor().execute(...)`. SQLAlchemy fires no events for such statements;
this module observes them on psycopg2, but not on psycopg and asyncpg.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import (
    STATUS_IN_TRANSACTION,
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
)
from psycopg2.extensions import connection as psycopg2_connection
from psycopg2.extensions import cursor as plain_cursor
from sqlalchemy import AdaptedConnection

from conformance.project.listening import driver_connection, unrecorded_cursor

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


def watch_cursors(
    connection: Connection,
    before: Callable[[Any, str], None],
    after: Callable[[Any, str], None] = lambda _cursor, _statement: None,
) -> None:
    """Call back for each statement that bypasses SQLAlchemy on the connection.

    Args:
        connection: keeps the callbacks until it is closed.
        before: called with cursor and statement before the statement is sent; may raise.
        after: called with cursor and statement after the server's answer.
    """

    class WatchedCursor(plain_cursor):  # type: ignore[misc]
        """A psycopg2 cursor that calls back for each statement."""

        def execute(self, query: Any, *parameters: Any, **named: Any) -> Any:
            return self._watched(query, super().execute, query, *parameters, **named)

        def executemany(self, query: Any, *parameters: Any, **named: Any) -> Any:
            return self._watched(query, super().executemany, query, *parameters, **named)

        def copy_expert(self, sql: Any, *parameters: Any, **named: Any) -> Any:
            return self._watched(sql, super().copy_expert, sql, *parameters, **named)

        def copy_from(self, file: Any, table: str, *parameters: Any, **named: Any) -> Any:
            statement = f"COPY {table} FROM STDIN"
            return self._watched(statement, super().copy_from, file, table, *parameters, **named)

        def _watched(self, statement: Any, send: Any, *parameters: Any, **named: Any) -> Any:
            if _is_called_by_sqlalchemy():
                return send(*parameters, **named)
            text = _text(statement, self)
            before(self, text)
            result = send(*parameters, **named)
            after(self, text)
            return result

    raw: Any = driver_connection(connection)
    if isinstance(raw, psycopg2_connection):
        raw.cursor_factory = WatchedCursor


def is_idle(raw: Any) -> bool:
    """Whether the session is outside of a transaction."""
    return bool(_status(raw) == TRANSACTION_STATUS_IDLE)


def commits_alone(raw: Any) -> bool:
    """Whether the next statement is a transaction of its own.

    After a COMMIT that a revision sends as a statement, psycopg2 begins no other transaction.
    """
    forgotten = is_idle(raw) and getattr(raw, "status", None) == STATUS_IN_TRANSACTION
    return bool(raw.autocommit or forgotten)


def has_failed(raw: Any) -> bool:
    """Whether the session's transaction has failed and must be rolled back."""
    status = _status(raw)
    if status is not None:
        return bool(status == TRANSACTION_STATUS_INERROR)
    try:
        with unrecorded_cursor(raw) as cursor:
            cursor.execute("SELECT")
    # Each driver raises its own type of error.
    except Exception:
        return True
    return False


def _status(raw: Any) -> int | None:
    """The status by libpq; None in a transaction of asyncpg, which has no such status."""
    driver = raw.driver_connection if isinstance(raw, AdaptedConnection) else raw
    if hasattr(driver, "info"):
        return int(driver.info.transaction_status)
    return None if driver.is_in_transaction() else TRANSACTION_STATUS_IDLE


def _is_called_by_sqlalchemy() -> bool:
    """Whether SQLAlchemy sends the statement and therefore fires its own event."""
    # The caller of the cursor's method, or the caller of the psycopg2 helper that calls it.
    frame = sys._getframe(3)  # noqa: SLF001 - the way to a caller's module
    while str(frame.f_globals.get("__name__")).startswith("psycopg2.") and frame.f_back:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")).startswith("sqlalchemy.")


def _text(statement: Any, cursor: Any) -> str:
    """The statement as text; psycopg2 also accepts bytes and its own compositions."""
    if isinstance(statement, bytes):
        return statement.decode("utf-8", "replace")
    return statement if isinstance(statement, str) else str(statement.as_string(cursor))
