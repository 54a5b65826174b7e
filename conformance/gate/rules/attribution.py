"""Which statement of a revision a finding is about, by the statement's text. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.gate.rules.sentences import keyword

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.gate.evidence.report import Statement

#: Statements that may remove rows or columns, by CASCADE too.
_REMOVING = re.compile(
    r"\bDROP(?! (CONSTRAINT|DEFAULT|NOT NULL|INDEX|TRIGGER|POLICY|RULE|VIEW|MATERIALIZED|EXPRESSION"
    r"|IDENTITY)\b)|\bTRUNCATE\b|(?<!ON )\bDELETE\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
#: Statements that only read or write rows define nothing, whatever they name; a call may.
_ROWS_ONLY = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|COPY|LOCK|SELECT (?!.*\())", re.IGNORECASE)
#: Statements that define nothing but comments, privileges and the like.
_ASIDE = re.compile(r"(COMMENT|GRANT|REVOKE|ANALYZE|VACUUM|REINDEX)\b", re.IGNORECASE)
_OF_ASIDES = ("comment", "privilege", "default_privilege", "chunk", "catalog")
#: Statements that name a table, and define none.
_BESIDE = re.compile(
    r"CREATE (OR REPLACE |UNIQUE |RECURSIVE |MATERIALIZED |CONSTRAINT |TEMP\w* )*"
    r"(INDEX|VIEW|FUNCTION|PROCEDURE|TRIGGER|POLICY|RULE|STATISTICS)\b",
    re.IGNORECASE,
)
#: The kinds that CREATE TABLE and ALTER TABLE define, or a function of TimescaleDB.
_OF_TABLES = (
    "table", "column", "check", "foreign_key", "exclusion", "hypertable", "compression", "policy",
)  # fmt: skip

#: What the statements about kinds of objects have that belong to a table and have no name.
_WORDS = {
    "hypertable": "hypertable|interval",
    "primary_key": "primary key",
    "compression": "compress|columnstore",
    "policy": "policy|job",
}
#: What ALTER COLUMN has for the attributes of a column.
_ALTERATIONS = {
    "type": "TYPE", "collation": "TYPE", "nullable": "NULL", "default": "DEFAULT",
    "identity": "GENERATED|IDENTITY", "generated": "EXPRESSION",
}  # fmt: skip


def is_named(name: str, sql: str) -> bool:
    """Whether the text has the name, which may be qualified, as a word of its own."""
    bare = re.escape(name.rpartition(".")[2])
    return re.search(rf"(?<!\w){bare}(?!\w)", sql, re.IGNORECASE) is not None


def writer_of(statements: Iterable[Statement], name: str, *, removed: bool = False) -> int | None:
    """The first statement that wrote rows of the table, or values of the column.

    Args:
        name: `table` or `table.column`.
        removed: whether rows are gone, which an INSERT or UPDATE does not do.
    """
    writers = [item for item in statements if _wrote(item, name)]
    if removed:
        able = [item for item in writers if keyword(item.sql) not in ("INSERT", "UPDATE", "COPY")]
        fitting = [item for item in able if _removes(item)] or able
    elif any(item.relation == name for statement in writers for item in statement.rows):
        fitting = [item for item in writers if keyword(item.sql) != "UPDATE"] or writers
    else:
        named = [item for item in writers if is_named(name, _text(item))]
        fitting = named or writers[: len(writers) == 1]
    return fitting[0].number if fitting else None


def is_written(statements: Iterable[Statement], name: str) -> bool:
    """Whether a statement wrote rows of the table."""
    return any(_wrote(statement, name) for statement in statements)


def remover_of(statements: Iterable[Statement], name: str) -> int | None:
    """The first statement that drops or truncates the table or column, or a chunk of the table.

    Args:
        name: `table` or `table.column`.
    """
    removing = [item for item in _own(statements) if _removes(item)]
    for statement in removing:
        if _is_removed(name, _text(statement)):
            return statement.number
    # By CASCADE, or by a statement that is put together in a DO block.
    for statement in removing:
        if any(_is_of(name, lock.relation) for lock in statement.locks):
            return statement.number
    return None


def definer_of(
    statements: Iterable[Statement], name: str, kind: str = "", attribute: str = ""
) -> int | None:
    """The last statement that can define the object, else the only one that can define its table.

    Args:
        name: `table` or `table.object`.
        kind: the kind of the object, as facts call it.
        attribute: that of a column.
    """
    defining = [item for item in _own(statements) if _defines(kind, _text(item))]
    table, _, part = name.rpartition(".")
    named = [item for item in defining if is_named(table or part, _text(item))]
    if table and (found := [item for item in named if is_named(part, _text(item))]):
        if kind == "column":
            found = [item for item in found if _defines_column(part, attribute, _text(item))]
        return found[-1].number if found else None
    fitting = [
        item for item in named if re.search(_WORDS.get(kind, ""), _text(item), re.IGNORECASE)
    ]
    found = fitting or named
    return found[0].number if len(found) == 1 else None


def _defines(kind: str, sql: str) -> bool:
    """Whether the statement may define an object of the kind."""
    if _ROWS_ONLY.match(sql) or (kind not in _OF_ASIDES and _ASIDE.match(sql)):
        return False
    return kind not in _OF_TABLES or not _BESIDE.match(sql)


def _defines_column(column: str, attribute: str, sql: str) -> bool:
    if not re.match("ALTER (FOREIGN )?TABLE", sql, re.IGNORECASE):
        return True
    bare = rf'"?{re.escape(column)}(?!\w)'
    altered = _ALTERATIONS.get(attribute, "(?!)")
    return bool(
        re.search(
            rf"\b(ADD|DROP|RENAME)( COLUMN)?( IF( NOT)? EXISTS)? {bare}|\bTO {bare}"
            rf"|\bALTER( COLUMN)? {bare}[^,]* ({altered})\b",
            sql,
            re.IGNORECASE,
        )
    )


def _is_removed(name: str, sql: str) -> bool:
    """Whether the statement removes the table or column itself, or rows of the table."""
    owner, _, bare = name.rpartition(".")
    word = rf'"?(?<!\w){re.escape(bare)}(?!\w)'
    of_table = (
        rf"\bDELETE FROM (ONLY )?([\w\"]+\.)?{word}"
        rf"|\b(DROP (FOREIGN )?TABLE|TRUNCATE)\b[^;(]*{word}|\bdrop_chunks\b[^;]*{word}"
    )
    of_column = rf"\bDROP( COLUMN)?( IF EXISTS)? {word}"
    return bool(
        re.search(of_table, sql, re.IGNORECASE)
        or (re.search(of_column, sql, re.IGNORECASE) and owner and is_named(owner, sql))
    )


def _removes(statement: Statement) -> bool:
    return _REMOVING.search(_text(statement)) is not None


def _wrote(statement: Statement, name: str) -> bool:
    return any(item.written and _is_of(name, item.relation) for item in statement.rows)


def _is_of(name: str, relation: str) -> bool:
    """Whether the name is that of the relation, or of one of its columns."""
    return f"{name}.".startswith(f"{relation}.")


def _own(statements: Iterable[Statement]) -> list[Statement]:
    return [statement for statement in statements if not statement.by_alembic]


def _text(statement: Statement) -> str:
    return " ".join(_COMMENT.sub(" ", statement.sql).split())
