"""A time column's values as whole numbers of steps from the Unix epoch, and its chunks.

TimescaleDB cuts a hypertable's time into multiples of the chunk interval from the Unix epoch,
backwards too; seen in `timescaledb_information.chunks` of 2.23, 2.28 and 2.29 for timestamptz,
timestamp, date, integer and UUIDv7.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, DateTime, Integer, Uuid

from conformance.strategies.values.numerals import whole_range

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

    from conformance.intervals import Interval

#: First and last value, in the column's own type.
Span = tuple[Any, Any]

DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Python knows the years 1 to 9999, in the session's time zone too: a day is left at both ends.
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, 999999, UTC)
#: A leap day, between a year's end and changes of the clock in both directions.
_ANCHOR = datetime(2020, 2, 29, tzinfo=UTC)
#: Chunks before the anchor's, and after it.
_CHUNKS_BEFORE, _CHUNKS_AFTER = 2, 1


def microseconds(moment: datetime) -> int:
    """From the Unix epoch; a moment without a time zone counts as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Axis:
    """The line that the values of a type lie on.

    Attributes:
        kind: `integer`, `date`, `naive`, `aware` or `uuid`.
        unit: microseconds of a step; 1 for integers.
        first, last: the steps that PostgreSQL, TimescaleDB and Python can all hold.
        origin: the step that values shrink to.
    """

    kind: str
    unit: int
    first: int
    last: int
    origin: int

    def value(self, step: int) -> Any:
        """The value at a step; an aware moment in UTC."""
        if self.kind == "integer":
            return step
        if self.kind == "uuid":
            return uuid_of(step, 0)
        moment = _EPOCH + timedelta(microseconds=step * self.unit)
        if self.kind == "date":
            return moment.date()
        return moment if self.kind == "aware" else moment.replace(tzinfo=None)

    def step(self, value: Any) -> int:
        """The step of a value; of a moment for UUIDs too."""
        if isinstance(value, uuid.UUID):
            return value.int >> 80
        if isinstance(value, datetime):
            return microseconds(value) // self.unit
        if isinstance(value, date):
            return (
                microseconds(datetime(value.year, value.month, value.day, tzinfo=UTC)) // self.unit
            )
        return int(value)

    def instant(self, moment: datetime) -> int:
        """The step that a moment lies in."""
        return microseconds(moment) // self.unit


def uuid_of(millisecond: int, rest: int) -> uuid.UUID:
    """A UUIDv7 (RFC 9562) of a millisecond; `rest` is its 74 random bits."""
    number = (millisecond << 80) | (7 << 76) | ((rest >> 62) << 64)
    return uuid.UUID(int=number | (2 << 62) | (rest & (2**62 - 1)))


def axis_of(kind: TypeEngine[Any]) -> Axis | None:
    """The axis of a stored type that a hypertable can be partitioned by; None for any other."""
    if isinstance(kind, Integer):
        return Axis("integer", 1, *whole_range(kind), origin=0)
    if isinstance(kind, Uuid):
        return _axis("uuid", 1_000, _EPOCH)
    if isinstance(kind, Date):
        return _axis("date", DAY, _FIRST)
    if isinstance(kind, DateTime):
        precision = getattr(kind, "precision", None)
        unit = 10 ** (6 - (6 if precision is None else precision))
        return _axis("aware" if kind.timezone else "naive", unit, _FIRST)
    return None


def _axis(kind: str, unit: int, first: datetime) -> Axis:
    steps = [
        microseconds(moment) // unit for moment in (first, _LAST, datetime(2020, 1, 1, tzinfo=UTC))
    ]
    return Axis(kind, unit, *steps)


class Chunks:
    """How a hypertable's axis is cut.

    Args:
        axis: of its time column.
        length: of a chunk, in units of the type or as an interval.
    """

    def __init__(self, axis: Axis, length: int | Interval) -> None:
        self.axis = axis
        self.length = length if isinstance(length, int) else length.microseconds

    def start(self, number: int) -> int:
        """The first step of the chunk of this number; number 0 begins at the epoch."""
        return -(-number * self.length // self.axis.unit)

    def number(self, step: int) -> int:
        """The number of the chunk that a step lies in."""
        return step * self.axis.unit // self.length

    def starts(self, low: int, high: int) -> list[int]:
        """The first step of every chunk that has a part of the range."""
        return [self.start(number) for number in range(self.number(low), self.number(high) + 1)]

    def handful(self) -> tuple[int, int]:
        """First and last step of the chunks around the anchor."""
        anchor = 0 if self.axis.kind == "integer" else self.axis.instant(_ANCHOR)
        number = self.number(anchor)
        first = self.start(number - _CHUNKS_BEFORE)
        last = self.start(number + _CHUNKS_AFTER + 1) - 1
        return max(first, self.axis.first), min(last, self.axis.last)
