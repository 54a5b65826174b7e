"""Indexes that do not belong to a constraint, also those that TimescaleDB creates itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Label, String, TextClause, UnaryExpression
from sqlalchemy.sql import operators
from sqlalchemy.sql.visitors import iterate

from conformance.comparing.facts import EXISTS, Expression, IndexColumn, Objects, Value
from conformance.comparing.identifiers import unquoted
from conformance.declarations import is_default_index
from conformance.declarations.base import created
from conformance.expected import spelling

if TYPE_CHECKING:
    from sqlalchemy import Index, Table

#: The names of PostgreSQL's operator classes, and of extensions', end like this.
_OPERATOR_CLASS = re.compile(r"\s+(\w+_ops)$")
#: `COLLATE "C"` at the end of a text, with the schema or without it.
_COLLATE = re.compile(r'\s+COLLATE\s+(?:(?:"[^"]+"|\w+)\.)?(?:"([^"]+)"|(\w+))$', re.IGNORECASE)
_MODIFIERS = re.compile(
    r"\s+(?:(?P<direction>ASC|DESC))?\s*(?:NULLS\s+(?P<nulls>FIRST|LAST))?\s*$", re.IGNORECASE
)


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """The indexes of the table: columns in order, uniqueness, method, predicate, validity."""
    for index in created(table.indexes):
        part = spelling.final_name(index) or ""
        if is_default_index(index):
            # TimescaleDB chooses the name: only the index itself is checked.
            part = f"<{part}>"
        yield "index", name, part, _attributes(table, index)


def method_of(index: Index) -> str:
    """The name of the index's access method."""
    return str(spelling.options(index).get("using") or "btree").lower()


def _attributes(table: Table, index: Index) -> dict[str, Value]:
    options = spelling.options(index)
    predicate = options.get("where")
    return {
        EXISTS: True,
        "columns": tuple(_column(table, index, item) for item in index.expressions),
        "unique": bool(index.unique),
        "method": method_of(index),
        "predicate": None if predicate is None else spelling.expression(spelling.sql(predicate)),
        "include": tuple(
            item if isinstance(item, str) else item.name for item in options.get("include") or ()
        ),
        "valid": True,
        "nulls": "not distinct" if options.get("nulls_not_distinct") else "distinct",
    }


def _column(table: Table, index: Index, item: Any) -> IndexColumn:
    value, descending, nulls_first = _unwrap(item)
    operator_class, value = _operator_class(index, value)
    collation, value = _collation(value)
    return IndexColumn(
        value.name if isinstance(value, Column) else _expression(table, value),
        descending=descending,
        nulls_first=descending if nulls_first is None else nulls_first,
        operator_class=operator_class,
        collation=collation,
    )


def _operator_class(index: Index, value: Any) -> tuple[str | None, Any]:
    """The operator class: by the key of a column or a label, or at the end of a text."""
    if isinstance(value, str):
        match = _OPERATOR_CLASS.search(value)
        return (None, value) if match is None else (match[1], value[: match.start()])
    declared = spelling.options(index).get("ops") or {}
    found = declared.get(value.key) if isinstance(value, Column | Label) else None
    return found, value.element if isinstance(value, Label) else value


def _collation(value: Any) -> tuple[str | None, Any]:
    if isinstance(value, str) and (match := _COLLATE.search(value)) is not None:
        return match[1] or match[2].lower(), value[: match.start()]
    if getattr(value, "operator", None) is operators.collate:
        collation, value = str(value.right.collation), value.left
        # PostgreSQL keeps no word of the collation that the expression has from its columns.
        return None if _collations_in(value) == {collation} else collation, value
    return None, value


def _collations_in(expression: Any) -> set[str | None]:
    """The collations of the columns of text in an expression; none if it is a column."""
    columns = (part for part in iterate(expression) if isinstance(part, Column))
    texts = {part.type.collation for part in columns if isinstance(part.type, String)}
    return set() if isinstance(expression, Column) else texts


def _unwrap(item: Any) -> tuple[Any, bool, bool | None]:
    """The indexed value, whether it is descending, and the declared position of NULLs."""
    descending, nulls_first = False, None
    while isinstance(item, UnaryExpression) and item.modifier is not None:
        if item.modifier is operators.desc_op:
            descending = True
        elif item.modifier is operators.nulls_first_op:
            nulls_first = True
        elif item.modifier is operators.nulls_last_op:
            nulls_first = False
        item = item.element
    if isinstance(item, TextClause):
        return _unwrap_text(spelling.sql(item))
    return item, descending, nulls_first


def _unwrap_text(text: str) -> tuple[str, bool, bool | None]:
    match = _MODIFIERS.search(text)
    if match is None or not match.group().strip():
        return text.strip(), False, None
    nulls = match["nulls"]
    return (
        text[: match.start()].strip(),
        (match["direction"] or "").upper() == "DESC",
        None if nulls is None else nulls.upper() == "FIRST",
    )


def _expression(table: Table, value: Any) -> str | Expression:
    text = value if isinstance(value, str) else spelling.sql(value)
    bare = unquoted(text)
    if bare in {column.name for column in table.columns}:
        return bare
    # Only the server knows the columns of a view whose query is a text.
    if not table.columns and (bare != text or bare.isidentifier()):
        return bare
    return spelling.expression(text)
