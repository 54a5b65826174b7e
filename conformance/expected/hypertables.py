"""Hypertables: dimensions, time column, its type, chunk interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts
from conformance.declarations import hypertable_of
from conformance.expected import spelling

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Facts:
    """One hypertable, if the table is declared one."""
    declared = hypertable_of(table)
    if declared is None:
        return {}

    def key(attribute: str) -> FactKey:
        return FactKey("hypertable", name, "", attribute)

    column = next(
        column for column in table.columns if declared.time_column in (column.name, column.key)
    )
    return {
        key(EXISTS): True,
        key("time_column"): column.name,
        key("time_type"): spelling.type_name(column.type),
        key("chunk_interval"): declared.chunk_interval,
        key("partitions"): tuple(
            f"hash ({dimension.column}, {dimension.partitions})"
            for dimension in declared.partitions
        ),
    }
