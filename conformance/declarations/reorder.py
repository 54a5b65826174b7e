"""The policy that rewrites chunks in the order of an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.base import Declaration, DeclarationError, declared
from conformance.declarations.hypertables import hypertable_of

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Table

    from conformance.intervals import Interval


class Reorder(Declaration):
    """A policy that rewrites each chunk once, in the order of an index.

    Args:
        index: the name of the index in the database.
        schedule_interval: how often the policy runs; None: TimescaleDB's default.

    Source of the rules: TimescaleDB documentation, "add_reorder_policy".
    """

    def __init__(self, index: str, *, schedule_interval: str | timedelta | None = None) -> None:
        self.index = index
        self._declared_schedule = schedule_interval
        self.schedule_interval: Interval | None = None

    def _attach(self, table: Table) -> None:
        if not self.index:
            raise DeclarationError(table.name, "Reorder does not name an index")
        self.schedule_interval = self.schedule(table, self._declared_schedule)

    def _check(self, table: Table) -> None:
        if hypertable_of(table) is None:
            raise DeclarationError(table.name, "has Reorder(...) but not Hypertable(...)")


def reorder_of(table: Table) -> Reorder | None:
    """The table's `Reorder` declaration, if it has one."""
    return declared(table, Reorder)
