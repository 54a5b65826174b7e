"""The policy that drops old chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.base import Declaration, declared
from conformance.declarations.chunked import check_age, needs_chunks

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Table

    from conformance.declarations.base import Length
    from conformance.intervals import Interval


class Retention(Declaration):
    """A policy that drops chunks of a certain age.

    Args:
        drop_after: the age at which the policy drops a chunk.
        schedule_interval: how often the policy runs; None: TimescaleDB's default.
    """

    def __init__(
        self, *, drop_after: Length, schedule_interval: str | timedelta | None = None
    ) -> None:
        self._declared_after = drop_after
        self._declared_schedule = schedule_interval
        self.drop_after: Interval | int
        self.schedule_interval: Interval | None = None

    def _attach(self, table: Table) -> None:
        self.drop_after = self.interval(table, "drop after", self._declared_after)
        self.schedule_interval = self.schedule(table, self._declared_schedule)

    def _check(self, table: Table) -> None:
        needs_chunks(self, table)
        check_age(table, "drop after", self.drop_after)


def retention_of(table: Table) -> Retention | None:
    """The table's `Retention` declaration, if it has one."""
    return declared(table, Retention)
