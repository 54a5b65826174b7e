"""Hypertables: dimensions, time column, its type, chunk interval."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, FactKey, Facts, TypeName, Value
from conformance.intervals import Interval
from conformance.observed import compression
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Every hypertable in scope, and whether compression is enabled."""
    facts: Facts = {}
    found = rows(connection, "hypertables", scope)
    for table, group in groupby(found, lambda row: scope.name(row.schema_name, row.table_name)):
        dimensions = list(group)
        for attribute, value in _attributes(dimensions, scope).items():
            facts[FactKey("hypertable", table, "", attribute)] = value
        if dimensions[0].compression_enabled:
            facts.update(compression.enabled(table))
        facts[FactKey("chunk", table, "", "other_compression_settings")] = ()
        facts[FactKey("chunk", table, "", "alterations")] = ()
    return facts


def _attributes(dimensions: Sequence[Any], scope: Scope) -> dict[str, Value]:
    time = dimensions[0]
    interval = time.integer_interval
    attributes: dict[str, Value] = {
        EXISTS: True,
        "time_column": time.column_name,
        "time_type": TypeName(time.column_type, time.column_type),
        "chunk_interval": Interval.parse(time.time_interval) if interval is None else interval,
        "partitions": tuple(_partition(dimension) for dimension in dimensions[1:]),
    }
    if interval is not None:
        function = time.now_function
        attributes["integer_now"] = function and scope.name(time.now_schema, function)
    return attributes


def _partition(dimension: Any) -> str:
    if dimension.dimension_type == "Space":
        return f"hash ({dimension.column_name}, {dimension.num_partitions})"
    return f"range ({dimension.column_name})"
