"""Continuous aggregates, and the policies that refresh them."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any, TypeGuard

from sqlalchemy import Label, Select
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import UnaryExpression, _label_reference, _textual_label_reference
from sqlalchemy.sql.functions import FunctionElement

from conformance.declarations.base import (
    Declaration,
    DeclarationError,
    all_declared,
    declared,
    length_of,
    needed_unit,
)
from conformance.declarations.queries import query_sql
from conformance.declarations.views import Derived
from conformance.intervals import Interval, bucket_of, refresh_window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from sqlalchemy import Table
    from sqlalchemy.schema import SchemaItem

    from conformance.declarations.base import Length


class ContinuousAggregate(Derived):
    """A continuous aggregate, and the query that computes it.

    Args:
        query: a SQLAlchemy `select()` or its text, over a hypertable or over another continuous
            aggregate, with a `time_bucket()` in its GROUP BY. None: the query is not checked, only
            the columns and the settings are.
        parts: `Refresh`, `Compression`, `Retention` and indexes, as in `__table_args__`.
        name: the name of a continuous aggregate without a mapped class; None: the class has it.
        schema: the schema of that name.
        materialized_only: whether a query sees only materialized rows, which is the default from
            2.13 on. False: a query also sees rows that were not refreshed yet.
        chunk_interval: the time span of a chunk of materialized rows
            (`timescaledb.chunk_interval`); None: TimescaleDB's default.
        group_indexes: whether TimescaleDB creates an index for each column of GROUP BY and ORDER BY
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
        #: The width of a bucket; None where it is unknown.
        self.bucket: Interval | int | None = None

    def _attach(self, table: Table) -> None:
        super()._attach(table)
        if self._declared_interval is not None:
            self.chunk_interval = self.interval(table, "chunk interval", self._declared_interval)
        if self.query is None:
            return
        buckets = list(_buckets(self.query, table.name))
        if not buckets:
            raise DeclarationError(
                table.name,
                "the query has no time_bucket(); a continuous aggregate must group by one",
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
                raise DeclarationError(
                    table.name, f"the windows {newer} and {older} of two Refresh overlap"
                )

    def indexed_columns(self) -> tuple[str, list[str]] | None:
        """The column of the buckets, and the others of GROUP BY and ORDER BY; None if unknown."""
        if not isinstance(self.query, Select):
            return None
        selected = [(_unlabelled(column), column.name) for column in self.query.selected_columns]
        # There is no other way to them.
        grouped, ordered = self.query._group_by_clauses, self.query._order_by_clauses  # noqa: SLF001
        clauses = [*grouped, *map(_without_direction, ordered)]
        named = [
            [(name, part) for part, name in selected if _means(clause, part, name)]
            for clause in clauses
        ]
        found = dict(pair for pairs in named for pair in pairs)
        buckets = [name for name, part in found.items() if _is_bucket(part)]
        if not all(named) or len(buckets) != 1:
            return None
        return buckets[0], [name for name in found if name not in buckets]


class Refresh(Declaration):
    """A policy that refreshes a continuous aggregate between two ages. A table may have several.

    Args:
        start_offset: the age of the oldest rows to refresh; None: the window has no start.
        end_offset: the age of the newest rows to refresh; None: the window has no end.
        schedule_interval: how often the policy runs.
        buckets_per_batch: buckets per transaction (2.19); None: the policy does not set it.
        max_batches_per_execution: batches per run (2.19); None: the policy does not set it.
        refresh_newest_first: the order of the batches (2.19); None: the policy does not set it.
        include_tiered_data: whether the policy reads tiered chunks (2.18); None: the policy does
            not set it.

    Source of the rules: TimescaleDB documentation, "add_continuous_aggregate_policy"; the window
    covers at least two buckets.
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
            raise DeclarationError(table.name, "Refresh needs a schedule_interval")
        self.schedule_interval = found

    def _check(self, table: Table) -> None:
        if aggregate_of(table) is None:
            raise DeclarationError(table.name, "has Refresh(...) but not ContinuousAggregate(...)")

    def check_window(self, table: Table, bucket: Interval | int | None) -> None:
        """Raise DeclarationError if the window has another unit, or is too small."""
        for what, length in (("start offset", self.start_offset), ("end offset", self.end_offset)):
            check_unit(table, what, length, bucket)
        if self.start_offset is None or self.end_offset is None:
            return
        window = _size(self.start_offset) - _size(self.end_offset)
        if window <= 0 or (bucket is not None and window < 2 * _size(bucket)):
            raise DeclarationError(
                table.name,
                f"the window {self} of Refresh is too small; a refresh covers at least two buckets",
            )

    def sort_key(self) -> tuple[float, float]:
        """Sorts the window of the newest rows first."""
        return (
            -inf if self.end_offset is None else _size(self.end_offset),
            inf if self.start_offset is None else _size(self.start_offset),
        )

    def overlaps(self, older: Refresh) -> bool:
        """Whether the windows share rows; `older` comes after this one by `sort_key`."""
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
    """Raise DeclarationError if a length has another unit than the buckets."""
    if length is None or bucket is None:
        return
    if isinstance(length, int) is not isinstance(bucket, int):
        raise DeclarationError(table.name, f"{what} {length} must be {needed_unit(bucket)}")


def _buckets(query: Select[Any] | str, subject: str) -> Iterator[str]:
    """The SQL of every call of `time_bucket`; a text with such a call is returned as a whole."""
    if isinstance(query, str):
        if "time_bucket" in query.lower():
            yield query
        return
    for element in visitors.iterate(query):
        if _is_bucket(element):
            yield f"time_bucket({query_sql(next(iter(element.clauses)), subject)})"


def _unlabelled(clause: Any) -> Any:
    return clause.element if isinstance(clause, Label) else clause


def _without_direction(clause: Any) -> Any:
    """What a clause of ORDER BY names: an expression, or the name of a column of the result."""
    while isinstance(clause, _label_reference) or (
        isinstance(clause, UnaryExpression) and clause.modifier is not None
    ):
        clause = clause.element
    return clause.element if isinstance(clause, _textual_label_reference) else clause


def _means(clause: Any, part: Any, name: str) -> bool:
    if isinstance(clause, str):
        return clause == name
    return bool(part.compare(_unlabelled(clause)))


# Mutated it would be no guard to mypy any more, and its caller wrong.
def _is_bucket(element: object) -> TypeGuard[FunctionElement[Any]]:  # pragma: no mutate block
    return isinstance(element, FunctionElement) and getattr(element, "name", "") == "time_bucket"


def _size(length: Interval | int) -> int:
    return length if isinstance(length, int) else length.microseconds
