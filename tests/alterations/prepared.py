"""Queries that a session has planned before: planning is most of the time of a comparison.

The thousands of comparisons of these tests send the same catalog queries. A prepared statement
outlives a rollback, and PostgreSQL plans it again when something that it depends on has changed.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import Engine

_NUMBERS = count()
#: Of each session the queries that it has sent, and the statements that they are prepared as.
_SENT: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


def prepare_what_is_repeated(engine: Engine) -> Engine:
    """Have each session of the engine prepare a query that it sends a second time."""
    event.listen(engine, "before_cursor_execute", _use, retval=True)
    event.listen(engine, "after_cursor_execute", _prepare)
    return engine


def _use(_: Any, cursor: Any, sql: str, *rest: Any) -> tuple[str, Any]:
    parameters, context, _ = rest
    context.query_of_a_file = query = _query(cursor, sql, parameters, context)
    name = _SENT.get(cursor.connection, {}).get(query or "")
    return (f"EXECUTE {name}", ()) if name else (sql, parameters)


def _prepare(_: Any, cursor: Any, *rest: Any) -> None:
    """After it has run: in this state of the database it can be prepared, too."""
    query = rest[2].query_of_a_file
    sent = _SENT.setdefault(cursor.connection, {})
    if query is None or sent.get(query):
        return
    name = f"repeated_{next(_NUMBERS)}" if query in sent else ""
    if name:
        with cursor.connection.cursor() as another:
            another.execute(f"PREPARE {name} AS {query.rstrip().rstrip(';')}")
    sent[query] = name


def _query(cursor: Any, sql: str, parameters: Any, context: Any) -> str | None:
    """The text with its parameters, of a query in a file of the tool; None: of another one."""
    if not sql.startswith("--"):
        return None
    if context.no_parameters and not parameters:
        return sql
    return str(cursor.mogrify(sql, parameters), "utf-8")
