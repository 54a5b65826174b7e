"""Indexes that do not belong to a constraint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import (
    EXISTS,
    Detail,
    Expression,
    IndexColumn,
    Objects,
    Value,
)
from conformance.observed.catalog import Scope, rows
from conformance.observed.clauses import collations

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY leave an index invalid until they are done.
_BUILDING = "being built"


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every such index of every table in scope."""
    automatic: dict[str, list[str]] = {}
    for row in rows(connection, "indexes", scope):
        table = scope.name(row.schema_name, row.table_name)
        if _is_automatic(row):
            automatic.setdefault(table, []).append(", ".join(row.columns))
            continue
        attributes: dict[str, Value] = {
            EXISTS: Detail(_BUILDING, judged=False) if row.building else True,
            "columns": tuple(_columns(row)),
            "unique": row.is_unique,
            "method": row.method,
            "predicate": None
            if row.predicate is None
            else Expression(row.predicate, row.predicate),
            "include": tuple(row.include),
            "valid": row.valid or row.building,
            "nulls": "not distinct" if row.nulls_not_distinct else "distinct",
        }
        if row.building:
            attributes["state"] = Detail(_BUILDING, judged=False)
        yield "index", table, row.index_name, attributes
    for table, columns in automatic.items():
        yield "continuous_aggregate", table, "", {"automatic_indexes": tuple(sorted(columns))}


def _is_automatic(row: Any) -> bool:
    """Whether TimescaleDB created the index for a continuous aggregate, by its kind of name."""
    return (
        row.bucket_column is not None
        and row.index_name.startswith("_materialized_hypertable_")
        and not row.is_unique
        and row.predicate is None
        and row.columns[-1] == row.bucket_column
        and row.descending in ([True], [False, True])
    )


def _columns(row: Any) -> list[IndexColumn]:
    return [
        IndexColumn(
            column if expression is None else Expression(expression, expression),
            descending=descending,
            nulls_first=nulls_first,
            operator_class=operator_class,
            collation=None if f"collate {collation}" in collations(expression or "") else collation,
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
