"""What declarations of anything that has chunks ask of their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.aggregates import aggregate_of
from conformance.declarations.base import Declaration, DeclarationError
from conformance.declarations.hypertables import hypertable_of

if TYPE_CHECKING:
    from sqlalchemy import Table

    from conformance.intervals import Interval


def needs_chunks(declaration: Declaration, table: Table) -> None:
    """Raise DeclarationError where the table is neither a hypertable nor an aggregate of one."""
    if hypertable_of(table) is None and aggregate_of(table) is None:
        raise DeclarationError(
            table.name, f"declares {type(declaration).__name__} but is not declared a Hypertable"
        )


def check_age(table: Table, what: str, age: Interval | int | None) -> None:
    """Raise DeclarationError where an age is given in another unit than the time column has."""
    unit = unit_of(table)
    if age is None or unit is None:
        return
    if isinstance(age, int) is not isinstance(unit, int):
        needed = "a number" if isinstance(unit, int) else "a length of time"
        raise DeclarationError(
            table.name, f"{what} {age} does not fit the time column: {needed} is needed"
        )


def unit_of(table: Table) -> Interval | int | None:
    """A length in the unit of the time column: of a chunk or of a bucket; None if unknown."""
    hypertable, aggregate = hypertable_of(table), aggregate_of(table)
    if hypertable is not None:
        return hypertable.chunk_interval
    return None if aggregate is None else aggregate.bucket
