"""Hypertables: dimensions, time column, its type, chunk interval."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Detail, Objects, TypeName, Value
from conformance.observed import compression
from conformance.observed.catalog import Scope, parsed_interval, rows
from conformance.observed.triggers import ENABLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every hypertable in scope, and whether compression is enabled."""
    found = rows(connection, "hypertables", scope)
    for table, group in groupby(found, lambda row: scope.name(row.schema_name, row.table_name)):
        dimensions = list(group)
        yield "hypertable", table, "", _attributes(dimensions, scope)
        if dimensions[0].compression_enabled:
            yield "compression", table, "", compression.enabled()
        yield "chunk", table, "", {"other_compression_settings": (), "alterations": ()}


def _attributes(dimensions: Sequence[Any], scope: Scope) -> dict[str, Value]:
    time = dimensions[0]
    length = time.integer_interval
    attributes: dict[str, Value] = {
        EXISTS: True,
        "time_column": time.column_name,
        "time_type": TypeName(time.column_type, time.column_type),
        "chunk_interval": parsed_interval(time.time_interval) if length is None else length,
        "partitions": tuple(_partition(dimension) for dimension in dimensions[1:]),
        "chunk_target_size": time.chunk_target_size and f"{time.chunk_target_size} bytes",
        "root_table_rows": f"about {time.root_table_rows}" if time.root_table_rows > 0 else None,
    }
    blocker = time.insert_blocker and ENABLED.get(time.insert_blocker, time.insert_blocker)
    if blocker not in (None, "enabled", "always"):
        # Without it rows can get in, where nothing else is right; those that did are judged.
        attributes["insert_blocker"] = Detail(blocker, judged=False)
    if length is not None:
        function = time.now_function
        attributes["integer_now"] = function and scope.name(time.now_schema, function)
    return attributes


def _partition(dimension: Any) -> str:
    if dimension.dimension_type == "Space":
        return f"hash ({dimension.column_name}, {dimension.num_partitions})"
    return f"range ({dimension.column_name})"
