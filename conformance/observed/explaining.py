"""Let PostgreSQL plan SQL without running it, many items in one statement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

#: A SQLSTATE.
_INSUFFICIENT_PRIVILEGE = "42501"

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def ask_in_halves(
    connection: Connection,
    items: Sequence[Item],
    ask: Callable[[Sequence[Item]], Sequence[Answer]],
) -> tuple[list[tuple[Item, Answer]], list[tuple[Item, DBAPIError]]]:
    """Ask about all items at once; if the server refuses, about halves, down to single items.

    Returns:
        The items with their answers, and the refused items with the server's error.
    """
    if not items:
        return [], []
    try:
        with connection.begin_nested():
            return list(zip(items, ask(items), strict=True)), []
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        if len(items) == 1:
            return [], [(items[0], error)]
    middle = len(items) // 2
    first, second = (
        ask_in_halves(connection, half, ask) for half in (items[:middle], items[middle:])
    )
    return first[0] + second[0], first[1] + second[1]


def is_denied(error: DBAPIError) -> bool:
    """Whether the role may not do what it asked for."""
    return getattr(error.orig, "pgcode", None) == _INSUFFICIENT_PRIVILEGE


def first_line(error: DBAPIError) -> str:
    """What the server says, without its details."""
    return str(error.orig).partition("\n")[0]


def plan_of(connection: Connection, query: str) -> Any:
    """The plan of the query, with the expressions of every node."""
    explained = connection.exec_driver_sql(
        f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) {query}",
        # A % in the text is not a placeholder.
        execution_options={"no_parameters": True},
    ).scalar_one()
    parsed = json.loads(explained) if isinstance(explained, str) else explained
    return parsed[0]["Plan"]
