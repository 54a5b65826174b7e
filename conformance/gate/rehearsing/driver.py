"""Hear what is sent through the driver itself: SQLAlchemy's events know nothing of it.

A revision may take psycopg2's connection, for a COPY or out of habit:
`op.get_bind().connection.cursor().execute(...)`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import cursor as plain_cursor

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

    raw: Any = connection.connection.dbapi_connection
    raw.cursor_factory = HeardCursor


def quiet_cursor(raw: Any) -> Any:
    """A cursor that nobody listens to."""
    return raw.cursor(cursor_factory=plain_cursor)


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
