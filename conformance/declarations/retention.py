"""The policy that drops old chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.base import Declaration, DeclarationError, declared
from conformance.declarations.chunked import check_age, check_age_of_chunk, needs_chunks

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Table

    from conformance.declarations.base import Length
    from conformance.intervals import Interval


class Retention(Declaration):
    """A policy that drops chunks of a certain age: by their rows' time, or by their creation.

    Args:
        drop_after: the age of a chunk's rows at which the policy drops it.
        schedule_interval: how often the policy runs; None: TimescaleDB's default.
        drop_created_before: instead of `drop_after`, the time since the creation of a chunk.

    Source: TimescaleDB documentation, "add_retention_policy".
    """

    def __init__(
        self,
        *,
        drop_after: Length | None = None,
        schedule_interval: str | timedelta | None = None,
        drop_created_before: str | timedelta | None = None,
    ) -> None:
        self._declared_after = drop_after
        self._declared_created = drop_created_before
        self._declared_schedule = schedule_interval
        self.drop_after: Interval | int | None = None
        self.drop_created_before: Interval | int | None = None
        self.schedule_interval: Interval | None = None

    def _attach(self, table: Table) -> None:
        if (self._declared_after is None) is (self._declared_created is None):
            raise DeclarationError(
                table.name, "Retention needs either drop_after or drop_created_before"
            )
        if self._declared_after is not None:
            self.drop_after = self.interval(table, "drop after", self._declared_after)
        if self._declared_created is not None:
            self.drop_created_before = self.interval(
                table, "drop_created_before", self._declared_created
            )
        self.schedule_interval = self.schedule(table, self._declared_schedule)

    def _check(self, table: Table) -> None:
        needs_chunks(self, table)
        check_age(table, "drop after", self.drop_after)
        check_age_of_chunk(table, "drop_created_before", self.drop_created_before)


def retention_of(table: Table) -> Retention | None:
    """The table's `Retention` declaration, if it has one."""
    return declared(table, Retention)
