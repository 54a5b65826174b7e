"""Columns by whose range compressed chunks are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, DateTime, Integer

from conformance.declarations.base import Declaration, DeclarationError, declared
from conformance.declarations.hypertables import hypertable_of, underlying

if TYPE_CHECKING:
    from sqlalchemy import Table


class ChunkSkipping(Declaration):
    """Compressed chunks keep the range of these columns, and a query skips those outside of it.

    Args:
        columns: integers, dates or timestamps.

    Source of the rules: TimescaleDB documentation, "enable_chunk_skipping".
    """

    def __init__(self, *columns: str) -> None:
        self.columns = columns

    def _check(self, table: Table) -> None:
        if hypertable_of(table) is None:
            raise DeclarationError(
                table.name, "declares ChunkSkipping but is not declared a Hypertable"
            )
        if not self.columns:
            raise DeclarationError(table.name, "chunk skipping names no column")
        for name in self.columns:
            column = self._column(table, name, "chunk skipping by")
            if not isinstance(underlying(column.type), Integer | Date | DateTime):
                raise DeclarationError(
                    table.name,
                    f"chunk skipping by {name!r}: it is {column.type!r}; an integer, a date or a "
                    "timestamp is needed",
                )


def skipping_of(table: Table) -> ChunkSkipping | None:
    """The table's `ChunkSkipping` declaration, if it has one."""
    return declared(table, ChunkSkipping)
