"""Chunk skipping: a query skips compressed chunks by the range of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, DateTime, Integer

from conformance.declarations.base import Declaration, DeclarationError, declared
from conformance.declarations.hypertables import hypertable_of, underlying

if TYPE_CHECKING:
    from sqlalchemy import Table


class ChunkSkipping(Declaration):
    """Queries skip compressed chunks by the range of these columns.

    Args:
        columns: names of columns that are integers, dates or timestamps.

    Source of the rules: TimescaleDB documentation, "enable_chunk_skipping".
    """

    def __init__(self, *columns: str) -> None:
        self.columns = columns

    def _check(self, table: Table) -> None:
        if hypertable_of(table) is None:
            raise DeclarationError(table.name, "has ChunkSkipping(...) but not Hypertable(...)")
        if not self.columns:
            raise DeclarationError(table.name, "ChunkSkipping does not name a column")
        for name in self.columns:
            column = self._column(table, name, "chunk skipping")
            if not isinstance(underlying(column.type), Integer | Date | DateTime):
                raise DeclarationError(
                    table.name,
                    f"column {name!r} of ChunkSkipping has the type {column.type!r}; it must be an "
                    "integer, a date or a timestamp",
                )


def skipping_of(table: Table) -> ChunkSkipping | None:
    """The table's `ChunkSkipping` declaration, if it has one."""
    return declared(table, ChunkSkipping)
