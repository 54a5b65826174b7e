"""Columns: type, nullability, default, identity, generation, collation."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Expression, Objects, TypeName, Value
from conformance.comparing.sequences import INTEGER_TYPES, Sequence
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


#: pg_attribute.attgenerated -> the storage of a generated column.
_STORAGE = {"s": "stored", "v": "virtual"}


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every column of every table in scope."""
    for row in rows(connection, "columns", scope):
        table = scope.name(row.schema_name, row.table_name)
        attributes: dict[str, Value] = {
            EXISTS: True,
            "type": TypeName(intern(row.type), intern(row.type)),
            "nullable": _nullable(row),
            "default": _default(row),
            "identity": _identity(row),
            "generated": _generated(row),
            "collation": row.collation,
        }
        if row.generated:
            attributes["generated_storage"] = _STORAGE[row.generated]
        yield "column", table, intern(row.column_name), attributes


def _nullable(row: Any) -> Value:
    if row.not_null and row.not_null_unvalidated:
        return "not validated"
    return not row.not_null


def _default(row: Any) -> Value:
    if row.default_sql is None or row.generated or row.sequence_type is not None:
        return None
    return Expression(row.default_sql, row.default_sql)


def _generated(row: Any) -> Value:
    if not row.generated:
        return None
    return Expression(row.default_sql, row.default_sql)


def _identity(row: Any) -> Value:
    if row.sequence_type is None:
        return None
    generation = {"a": "always", "d": "by default"}.get(row.identity, "serial")
    sequence = Sequence(
        # Its own type shows only in how far it goes, which is told where the column goes further.
        row.type if row.type in INTEGER_TYPES else row.sequence_type,
        row.start,
        row.increment,
        row.minvalue,
        row.maxvalue,
        row.cache,
        row.cycle,
    )
    return sequence.describe(generation)
