"""Which statement of a revision a finding is about, by the statement's text. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.gate.rules.sentences import without_comments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.gate.evidence.report import Statement

_REMOVING = re.compile(r"\bDROP|\bTRUNCATE\b|\bDELETE\b", re.IGNORECASE)
#: Statements that only read or write rows define nothing, whatever they name; a call may.
_ROWS_ONLY = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|COPY|LOCK|SELECT (?!.*\())", re.IGNORECASE)

#: What the statements about kinds of objects have that belong to a table and have no name.
_WORDS = {
    "hypertable": "hypertable|interval",
    "primary_key": "primary key",
    "compression": "compress|columnstore",
    "policy": "policy|job",
}


def is_named(name: str, sql: str) -> bool:
    """Whether the text has the name, which may be qualified, as a word of its own."""
    bare = re.escape(name.rpartition(".")[2])
    return re.search(rf"(?<!\w){bare}(?!\w)", sql, re.IGNORECASE) is not None


def writer_of(statements: Iterable[Statement], name: str) -> int | None:
    """The first statement that wrote rows of the table, or of the column's table.

    Args:
        name: `table` or `table.column`.
    """
    for statement in statements:
        if any(item.written and _is_of(name, item.relation) for item in statement.rows):
            return statement.number
    return None


def remover_of(statements: Iterable[Statement], name: str) -> int | None:
    """The first statement that drops or truncates the table or column, or a chunk of the table.

    Args:
        name: `table` or `table.column`.
    """
    removing = [item for item in _own(statements) if _REMOVING.search(_text(item))]
    for statement in removing:
        if is_named(name, _text(statement)):
            return statement.number
    # By CASCADE, or by a statement that is put together in a DO block.
    for statement in removing:
        if any(_is_of(name, lock.relation) for lock in statement.locks):
            return statement.number
    return None


def definer_of(statements: Iterable[Statement], name: str, kind: str = "") -> int | None:
    """The last statement that can define the object, else the only one that can define its table.

    Args:
        name: `table` or `table.object`.
        kind: the kind of the object, as facts call it.
    """
    defining = [item for item in _own(statements) if not _ROWS_ONLY.match(_text(item))]
    table, _, part = name.rpartition(".")
    named = [item for item in defining if is_named(table or part, _text(item))]
    if table and (found := [item for item in named if is_named(part, _text(item))]):
        return found[-1].number
    fitting = [
        item for item in named if re.search(_WORDS.get(kind, ""), _text(item), re.IGNORECASE)
    ]
    found = fitting or named
    return found[0].number if len(found) == 1 else None


def _is_of(name: str, relation: str) -> bool:
    """Whether the name is that of the relation, or of one of its columns."""
    return f"{name}.".startswith(f"{relation}.")


def _own(statements: Iterable[Statement]) -> list[Statement]:
    return [statement for statement in statements if not statement.by_alembic]


def _text(statement: Statement) -> str:
    return " ".join(without_comments(statement.sql).split())
