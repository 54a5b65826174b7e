"""Hypertables: dimensions, time column, its type, chunk interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, EXISTS, Given, Objects, Value
from conformance.declarations import (
    Hypertable,
    compression_of,
    hypertable_of,
    retention_of,
)
from conformance.expected import spelling

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """The hypertable, if the table is declared as one."""
    declared = hypertable_of(table)
    if declared is None:
        return

    column = next(
        column for column in table.columns if declared.time_column in (column.name, column.key)
    )
    attributes: dict[str, Value] = {
        EXISTS: True,
        "time_column": column.name,
        "time_type": spelling.type_name(column.type),
        "chunk_interval": declared.chunk_interval,
        "partitions": tuple(
            f"hash ({dimension.column}, {dimension.partitions})"
            for dimension in declared.partitions
        ),
        "chunk_target_size": None,
        "root_table_rows": None,
    }
    if isinstance(declared.chunk_interval, int):
        attributes["integer_now"] = _integer_now(table, declared, default_schema)
    yield "hypertable", name, "", attributes


def _integer_now(table: Table, declared: Hypertable, default_schema: str) -> Value:
    """The declared function; any function where a policy needs one to know the age of a chunk."""
    if declared.integer_now is not None:
        return declared.integer_now.removeprefix(f"{default_schema}.")
    compression, retention = compression_of(table), retention_of(table)
    ages = (compression and compression.after, retention and retention.drop_after)
    return ANYTHING if ages == (None, None) else Given("a function for a policy")
