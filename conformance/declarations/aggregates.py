"""Continuous aggregates, and the policies that refresh them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeGuard

from sqlalchemy import Label, Select
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement

from conformance.declarations.base import (
    Declaration,
    DeclarationError,
    all_declared,
    declared,
    length_of,
)
from conformance.declarations.views import Derived
from conformance.intervals import Interval, bucket_of, refresh_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table
    from sqlalchemy.schema import SchemaItem

    from conformance.declarations.base import Length


class ContinuousAggregate(Derived):
    """A continuous aggregate, and the query that it is computed from.

    Args:
        query: a SQLAlchemy `select()` or the text of one, with a `time_bucket()` in its GROUP BY,
            over a hypertable or over another continuous aggregate. None: whatever it is computed
            from, only its columns and settings are looked at.
        parts: `Refresh`, `Compression`, `Retention` and indexes, as they stand in
            `__table_args__`.
        name: only where there is no mapped class, whose table has the name.
        schema: of the name.
        materialized_only: whether a query sees materialized rows alone, as it does by default from
            2.13 on, or also the newest rows that no refresh has seen yet.
        chunk_interval: the time span of a chunk of what is materialized
            (`timescaledb.chunk_interval`); None: whatever TimescaleDB chooses.
        group_indexes: whether TimescaleDB makes an index for each column of GROUP BY
            (`timescaledb.create_group_indexes`).

    Source of the rules: TimescaleDB documentation, "CREATE MATERIALIZED VIEW (continuous
    aggregate)".
    """

    noun = "continuous aggregate"

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        query: Select[Any] | str | None = None,
        *parts: SchemaItem,
        name: str | None = None,
        schema: str | None = None,
        materialized_only: bool = True,
        chunk_interval: Length | None = None,
        group_indexes: bool = True,
    ) -> None:
        super().__init__(query, *parts, name=name, schema=schema)
        self.materialized_only = materialized_only
        self.group_indexes = group_indexes
        self._declared_interval = chunk_interval
        self.chunk_interval: Interval | int | None = None
        #: The width of a bucket; None where it cannot be told from the query.
        self.bucket: Interval | int | None = None

    def _attach(self, table: Table) -> None:
        super()._attach(table)
        if self._declared_interval is not None:
            self.chunk_interval = self.interval(table, "chunk interval", self._declared_interval)
        if self.query is None:
            return
        buckets = list(_buckets(self.query))
        if not buckets:
            raise DeclarationError(
                table.name, "its query has no time_bucket(); a continuous aggregate groups by one"
            )
        self.bucket = bucket_of(buckets[0])

    def _check(self, table: Table) -> None:
        super()._check(table)
        check_unit(table, "chunk interval", self.chunk_interval, self.bucket)
        refreshes = refreshes_of(table)
        for refresh in refreshes:
            refresh.check_window(table, self.bucket)
        for newer, older in pairwise(sorted(refreshes, key=Refresh.sort_key)):
            if newer.overlaps(older):
                raise DeclarationError(table.name, f"refreshes {newer} and {older} overlap")

    def grouped_by(self) -> tuple[str, list[str]] | None:
        """The column of the buckets, and the other columns of GROUP BY; None if unknown."""
        if not isinstance(self.query, Select):
            return None
        selected = [(_unlabelled(column), column.name) for column in self.query.selected_columns]
        clauses = self.query._group_by_clauses  # noqa: SLF001 - there is no other way to it
        grouped = {
            name: part
            for clause in clauses
            for part, name in selected
            if part.compare(_unlabelled(clause))
        }
        buckets = [name for name, part in grouped.items() if _is_bucket(part)]
        if len(grouped) < len(clauses) or len(buckets) != 1:
            return None
        return buckets[0], [name for name in grouped if name not in buckets]


class Refresh(Declaration):
    """A policy refreshes a continuous aggregate between two ages. There may be several.

    Args:
        start_offset: the age of the oldest rows that it refreshes; None: from the first one on.
        end_offset: the age of the newest rows that it refreshes; None: up to the last one.
        schedule_interval: how often it runs.
        buckets_per_batch: buckets that are refreshed in one transaction (2.19); None: left open.
        max_batches_per_execution: after how many batches a run ends (2.19); None: left open.
        refresh_newest_first: the order of the batches (2.19); None: left open.
        include_tiered_data: whether tiered chunks are read (2.18); None: left open.

    Source of the rules: TimescaleDB documentation, "add_continuous_aggregate_policy"; the window
    covers two buckets at least.
    """

    _repeatable = True

    def __init__(  # noqa: PLR0913 - each is an argument of add_continuous_aggregate_policy
        self,
        *,
        start_offset: Length | None,
        end_offset: Length | None,
        schedule_interval: str | timedelta,
        buckets_per_batch: int | None = None,
        max_batches_per_execution: int | None = None,
        refresh_newest_first: bool | None = None,
        include_tiered_data: bool | None = None,
    ) -> None:
        self._declared = start_offset, end_offset, schedule_interval
        self.start_offset: Interval | int | None = None
        self.end_offset: Interval | int | None = None
        self.schedule_interval: Interval
        self.options = {
            "buckets_per_batch": buckets_per_batch,
            "max_batches_per_execution": max_batches_per_execution,
            "refresh_newest_first": refresh_newest_first,
            "include_tiered_data": include_tiered_data,
        }

    def __str__(self) -> str:
        return refresh_window(self.start_offset, self.end_offset)

    def _attach(self, table: Table) -> None:
        start, end, schedule = self._declared
        if start is not None:
            self.start_offset = length_of(table.name, "start offset", start)
        if end is not None:
            self.end_offset = length_of(table.name, "end offset", end)
        found = self.schedule(table, schedule)
        if found is None:
            raise DeclarationError(table.name, "schedule interval of a refresh must be given")
        self.schedule_interval = found

    def _check(self, table: Table) -> None:
        if aggregate_of(table) is None:
            raise DeclarationError(
                table.name, "declares Refresh but is not declared a ContinuousAggregate"
            )

    def check_window(self, table: Table, bucket: Interval | int | None) -> None:
        """Raise DeclarationError where the window is of another unit, or too small."""
        for what, length in (("start offset", self.start_offset), ("end offset", self.end_offset)):
            check_unit(table, what, length, bucket)
        if self.start_offset is None or self.end_offset is None:
            return
        window = _size(self.start_offset) - _size(self.end_offset)
        if window <= 0 or (bucket is not None and window < 2 * _size(bucket)):
            raise DeclarationError(
                table.name, f"refresh {self} is too small; it must cover two buckets at least"
            )

    def sort_key(self) -> tuple[float, float]:
        """Newest rows first."""
        return (
            float("-inf") if self.end_offset is None else _size(self.end_offset),
            float("inf") if self.start_offset is None else _size(self.start_offset),
        )

    def overlaps(self, older: Refresh) -> bool:
        """Whether both refresh the same rows, of two that are sorted."""
        return self.sort_key()[1] > older.sort_key()[0]


def aggregate_of(table: Table) -> ContinuousAggregate | None:
    """The table's `ContinuousAggregate` declaration, if it has one."""
    return declared(table, ContinuousAggregate)


def refreshes_of(table: Table) -> list[Refresh]:
    """The table's `Refresh` declarations."""
    return all_declared(table, Refresh)


def check_unit(
    table: Table, what: str, length: Interval | int | None, bucket: Interval | int | None
) -> None:
    """Raise DeclarationError where a length is given in another unit than the buckets have."""
    if length is None or bucket is None:
        return
    if isinstance(length, int) is not isinstance(bucket, int):
        needed = "a number" if isinstance(bucket, int) else "a length of time"
        raise DeclarationError(
            table.name, f"{what} {length} does not fit the buckets: {needed} is needed"
        )


def _buckets(query: Select[Any] | str) -> Iterator[str]:
    """The SQL of every call of `time_bucket`; of a text all of it, if it has one."""
    if isinstance(query, str):
        if "time_bucket" in query.lower():
            yield query
        return
    for element in visitors.iterate(query):
        if _is_bucket(element):
            yield f"time_bucket({_literal(next(iter(element.clauses)))})"


def _unlabelled(clause: Any) -> Any:
    return clause.element if isinstance(clause, Label) else clause


# Mutated it would be no guard to mypy any more, and its caller wrong.
def _is_bucket(element: object) -> TypeGuard[FunctionElement[Any]]:  # pragma: no mutate block
    return isinstance(element, FunctionElement) and getattr(element, "name", "") == "time_bucket"


def _literal(clause: Any) -> str:
    value = getattr(clause, "value", None)
    if value is not None:
        plain = Interval.parse(value).plain() if isinstance(value, timedelta) else value
        return f"'{plain}'"
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _size(length: Interval | int) -> int:
    return length if isinstance(length, int) else length.microseconds
