"""The policy that merges overlapping batches of compressed chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.base import Declaration, DeclarationError, declared, length_of
from conformance.declarations.compression import compression_of

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Table

    from conformance.intervals import Interval


class Compaction(Declaration):
    """A policy that merges overlapping batches of compressed chunks, from TimescaleDB 2.29 on.

    Args:
        schedule_interval: how often the policy runs; None: TimescaleDB's default, 5 minutes, or 1
            minute with `Compression(direct=True)`.
        max_chunks: the number of chunks that one run compacts at most; None: all.
        max_batches: the number of batches of a chunk that one run merges at most; None: all.
        inactive_for: for how long nothing must have written to a chunk; None: it does not matter.

    Source of the rules: TimescaleDB's source code, `add_compaction_policy`.
    """

    def __init__(
        self,
        *,
        schedule_interval: str | timedelta | None = None,
        max_chunks: int | None = None,
        max_batches: int | None = None,
        inactive_for: str | timedelta | None = None,
    ) -> None:
        self._declared = (schedule_interval, inactive_for)
        self.max_chunks = max_chunks
        self.max_batches = max_batches
        self.schedule_interval: Interval | None = None
        self.inactive_for: Interval | None = None

    def _attach(self, table: Table) -> None:
        schedule_interval, inactive_for = self._declared
        self.schedule_interval = self.schedule(table, schedule_interval)
        for what, number in (("max chunks", self.max_chunks), ("max batches", self.max_batches)):
            if number is not None and number < 1:
                raise DeclarationError(table.name, f"{what} {number} must be more than zero")
        if inactive_for is not None:
            length = length_of(table.name, "inactive for", inactive_for)
            if isinstance(length, int) or length.microseconds < 0:
                raise DeclarationError(
                    table.name,
                    f"inactive for {inactive_for!r} must be a length of time such as '1 hour'",
                )
            self.inactive_for = length

    def _check(self, table: Table) -> None:
        if compression_of(table) is None:
            raise DeclarationError(table.name, "has Compaction(...) but not Compression(...)")


def compaction_of(table: Table) -> Compaction | None:
    """The table's `Compaction` declaration, if it has one."""
    return declared(table, Compaction)
