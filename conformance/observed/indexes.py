"""Indexes that no constraint brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Expression, FactKey, Facts, IndexColumn, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Every such index of every table in scope."""
    facts: Facts = {}
    for row in rows(connection, "indexes", scope):
        table = scope.name(row.schema_name, row.table_name)
        attributes: dict[str, Value] = {
            EXISTS: True,
            "columns": tuple(_columns(row)),
            "unique": row.is_unique,
            "method": row.method,
            "predicate": None
            if row.predicate is None
            else Expression(row.predicate, row.predicate),
            "include": tuple(row.include),
            "valid": row.valid,
            "nulls": "not distinct" if row.nulls_not_distinct else "distinct",
        }
        for attribute, value in attributes.items():
            facts[FactKey("index", table, row.index_name, attribute)] = value
    return facts


def _columns(row: Any) -> list[IndexColumn]:
    return [
        IndexColumn(
            column if expression is None else Expression(expression, expression),
            descending=descending,
            nulls_first=nulls_first,
            operator_class=operator_class,
            collation=collation,
        )
        for column, expression, descending, nulls_first, operator_class, collation in zip(
            row.columns,
            row.expressions,
            row.descending,
            row.nulls_first,
            row.operator_classes,
            row.collations,
            strict=True,
        )
    ]
