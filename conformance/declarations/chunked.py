"""Checks of declarations that need a table with chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.aggregates import aggregate_of
from conformance.declarations.base import Declaration, DeclarationError, needed_unit
from conformance.declarations.hypertables import hypertable_of

if TYPE_CHECKING:
    from sqlalchemy import Table

    from conformance.intervals import Interval


def needs_chunks(declaration: Declaration, table: Table) -> None:
    """Raise DeclarationError unless the table is a hypertable or a continuous aggregate."""
    if hypertable_of(table) is None and aggregate_of(table) is None:
        raise DeclarationError(
            table.name,
            f"has {type(declaration).__name__}(...) but neither Hypertable(...) nor "
            "ContinuousAggregate(...)",
        )


def check_age(table: Table, what: str, age: Interval | int | None) -> None:
    """Raise DeclarationError if an age has another unit than the time column."""
    unit = unit_of(table)
    if age is None or unit is None:
        return
    if isinstance(age, int) is not isinstance(unit, int):
        raise DeclarationError(table.name, f"{what} {age} must be {needed_unit(unit)}")


def check_age_of_chunk(table: Table, what: str, age: Interval | int | None) -> None:
    """Raise DeclarationError if the time since a chunk's creation is a number."""
    if isinstance(age, int):
        raise DeclarationError(table.name, f"{what} {age} must be a length of time")


def unit_of(table: Table) -> Interval | int | None:
    """The length of a chunk or of a bucket, in the unit of the time column; None if unknown."""
    hypertable, aggregate = hypertable_of(table), aggregate_of(table)
    if hypertable is not None:
        return hypertable.chunk_interval
    return None if aggregate is None else aggregate.bucket
