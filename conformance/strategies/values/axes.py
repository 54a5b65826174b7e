"""The values of a time column as steps from the Unix epoch, and the chunks of a hypertable.

Chunks begin at multiples of the chunk interval after and before the Unix epoch. Seen in
`timescaledb_information.chunks` of 2.23, 2.28 and 2.29 for timestamptz, timestamp, date, integer
and UUIDv7.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, DateTime, Integer, Uuid

from conformance.strategies.values.instants import DAY, EPOCH, microseconds
from conformance.strategies.values.numerals import whole_range

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

    from conformance.intervals import Interval

#: First and last value, in the column's own type.
Span = tuple[Any, Any]

#: Python has the years 1 to 9999. A day less at both ends leaves room for every time zone.
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, 999999, UTC)
#: A leap day near the end of a year and near clock changes in both directions.
_ANCHOR = datetime(2020, 2, 29, tzinfo=UTC)
#: The number of chunks before and after the chunk of the anchor.
_CHUNKS_BEFORE, _CHUNKS_AFTER = 2, 1


@dataclass(frozen=True)
class Axis:
    """The ordered values of a type, numbered by steps.

    Attributes:
        kind: `integer`, `date`, `naive`, `aware` or `uuid`.
        unit: the microseconds of a step; 1 for integers.
        first, last: the first and the last step that PostgreSQL, TimescaleDB and Python support.
        origin: the step of the simplest value.
    """

    kind: str
    unit: int
    first: int
    last: int
    origin: int

    def value(self, step: int) -> Any:
        """The value at a step; aware moments are in UTC."""
        if self.kind == "integer":
            return step
        if self.kind == "uuid":
            return uuid_of(step, 0)
        moment = EPOCH + timedelta(microseconds=step * self.unit)
        if self.kind == "date":
            return moment.date()
        return moment if self.kind == "aware" else moment.replace(tzinfo=None)

    def step(self, value: Any) -> int:
        """The step of a value, or of a moment on an axis of UUIDs."""
        if isinstance(value, uuid.UUID):
            return value.int >> 80
        if isinstance(value, datetime):
            return microseconds(value) // self.unit
        if isinstance(value, date):
            return (
                microseconds(datetime(value.year, value.month, value.day, tzinfo=UTC)) // self.unit
            )
        return int(value)

    def step_from(self, bound: Any) -> int:
        """The first step that is not before a value."""
        step = self.step(bound)
        return step if self.value(step) >= bound else step + 1

    def instant(self, moment: datetime) -> int:
        """The step that contains the moment."""
        return microseconds(moment) // self.unit


def uuid_of(millisecond: int, rest: int) -> uuid.UUID:
    """The UUIDv7 (RFC 9562) of a millisecond; `rest` has the 74 random bits."""
    number = (millisecond << 80) | (7 << 76) | ((rest >> 62) << 64)
    return uuid.UUID(int=number | (2 << 62) | (rest & (2**62 - 1)))


def axis_of(kind: TypeEngine[Any], unit: int = 1) -> Axis | None:
    """The axis of a type that a time column can have; None for any other type.

    Args:
        unit: the microseconds of which moments are multiples.
    """
    if isinstance(kind, Integer):
        return Axis("integer", 1, *whole_range(kind), origin=0)
    if isinstance(kind, Uuid):
        return _axis("uuid", 1_000, EPOCH)
    if isinstance(kind, Date):
        return _axis("date", max(DAY, unit), _FIRST)
    if isinstance(kind, DateTime):
        precision = getattr(kind, "precision", None)
        own = 10 ** (6 - (6 if precision is None else precision))
        return _axis("aware" if kind.timezone else "naive", max(own, unit), _FIRST)
    return None


def _axis(kind: str, unit: int, first: datetime) -> Axis:
    steps = [
        microseconds(moment) // unit for moment in (first, _LAST, datetime(2020, 1, 1, tzinfo=UTC))
    ]
    return Axis(kind, unit, *steps)


class Chunks:
    """The chunks of a hypertable on the axis of its time column.

    Args:
        axis: the axis of the time column.
        length: the chunk interval; an integer is in units of the type.
    """

    def __init__(self, axis: Axis, length: int | Interval) -> None:
        self.axis = axis
        self.length = length if isinstance(length, int) else length.microseconds

    def start(self, number: int) -> int:
        """The first step of the chunk with the number; chunk 0 begins at the epoch."""
        return -(-number * self.length // self.axis.unit)

    def number(self, step: int) -> int:
        """The number of the chunk that contains the step."""
        return step * self.axis.unit // self.length

    def starts(self, low: int, high: int) -> list[int]:
        """The first step of every chunk that overlaps the range."""
        return [self.start(number) for number in range(self.number(low), self.number(high) + 1)]

    def handful(self) -> tuple[int, int]:
        """The first and the last step of the chunks around the anchor."""
        anchor = 0 if self.axis.kind == "integer" else self.axis.instant(_ANCHOR)
        number = self.number(anchor)
        first = self.start(number - _CHUNKS_BEFORE)
        last = self.start(number + _CHUNKS_AFTER + 1) - 1
        return max(first, self.axis.first), min(last, self.axis.last)
