"""Strategies for dates, times and lengths of time, including times near clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hypothesis import strategies as st

from conformance.strategies.values.axes import Axis, axis_of, uuid_of
from conformance.strategies.values.instants import DAY
from conformance.strategies.values.narrowing import made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy.types import TypeEngine

    from conformance.strategies.values.axes import Chunks
    from conformance.strategies.values.narrowing import Narrowing

    #: The chunks of a hypertable, and the first and the last step to draw.
    Within = tuple[Chunks, int, int]

_OFFSETS = (timedelta(0), timedelta(hours=-3), timedelta(hours=5, minutes=45),
            timedelta(hours=14), timedelta(hours=-12))  # fmt: skip
#: Clock changes: forward (a gap) and back (an hour or half an hour is repeated), at night and at
#: midnight, and a day that a country skipped.
_CLOCK_CHANGES = (
    ("America/New_York", datetime(2020, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2020, 11, 1, 6, tzinfo=UTC)),
    ("Europe/London", datetime(2020, 3, 29, 1, tzinfo=UTC)),
    ("Europe/London", datetime(2019, 10, 27, 1, tzinfo=UTC)),
    ("America/Asuncion", datetime(2020, 3, 22, 3, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2020, 4, 4, 15, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2019, 2, 17, 2, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
)
#: Leap days, a year without one, ends of years, both epochs, and the end of 32-bit seconds.
_DAYS = tuple(
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in (
        (2020, 2, 29), (2020, 3, 1), (2019, 12, 31), (2020, 1, 1), (2016, 2, 29), (2000, 2, 29),
        (1900, 2, 28), (1900, 3, 1), (1969, 12, 31), (1970, 1, 1), (1999, 12, 31), (2000, 1, 1),
        (2038, 1, 19), (2019, 3, 31), (2020, 6, 30), (2100, 2, 28),
    )
)  # fmt: skip
_MICROSECOND = timedelta(microseconds=1)
_MOST_BOUNDARIES = 12


def moments(
    axis: Axis, narrowing: Narrowing, within: tuple[int, int], chunks: Chunks | None = None
) -> SearchStrategy[Any]:
    """Values of the axis: whole days, precarious values, and any values.

    Args:
        within: the first and the last step; ignored if the narrowing allows none of these.
        chunks: the chunks of a hypertable, whose boundaries are precarious.
    """
    low, high = _range(axis, narrowing, *within)
    if low > high:
        return st.nothing()
    found = [_days(axis, low, high), _anywhere(axis, low, high)]
    precarious = _precarious(axis, low, high, chunks)
    if precarious:
        found.insert(1, st.sampled_from(precarious))
    return st.one_of(*found)


def anytime(kind: TypeEngine[Any], narrowing: Narrowing) -> SearchStrategy[Any]:
    """Values of all years, for a column that is not the time column of a hypertable."""
    axis = axis_of(kind, narrowing.unit)
    assert axis is not None, "dates and moments have one"
    return moments(axis, narrowing, (axis.first, axis.last))


def ends(kind: TypeEngine[Any], narrowing: Narrowing) -> list[Any]:
    """The first and the last value that the bounds allow."""
    axis = axis_of(kind, narrowing.unit)
    assert axis is not None, "dates and moments have one"
    first, last = _range(axis, narrowing, axis.first, axis.last)
    bounded = (narrowing.low is not None, first), (narrowing.high is not None, last)
    return [axis.value(step) for is_given, step in bounded if is_given and first <= last]


def samples(kind: TypeEngine[Any]) -> list[Any]:
    """Two plain values of the type."""
    axis = axis_of(kind)
    assert axis is not None, "dates and moments have one"
    return [axis.value(axis.origin), axis.value(axis.origin + DAY // axis.unit)]


def _range(axis: Axis, narrowing: Narrowing, low: int, high: int) -> tuple[int, int]:
    first, last = axis.first, axis.last
    if narrowing.low is not None:
        first = max(first, axis.step_from(narrowing.low) + narrowing.low_open)
    if narrowing.high is not None:
        last = min(last, axis.step(narrowing.high) - narrowing.high_open)
    inside = max(first, low), min(last, high)
    return inside if inside[0] <= inside[1] else (first, last)


def _from(low: int, high: int, origin: int) -> SearchStrategy[int]:
    """Whole numbers of the range; the simplest is the one nearest to the origin."""
    origin = max(low, min(high, origin))
    return made(lambda number: number + origin, st.integers(low - origin, high - origin))


def _days(axis: Axis, low: int, high: int) -> SearchStrategy[Any]:
    """Midnights in UTC; any step if the range has no midnight, or the axis no days."""
    length = 1 if axis.kind == "integer" else max(1, DAY // axis.unit)
    first, last = -(-low // length), high // length
    if first > last:
        return made(axis.value, _from(low, high, axis.origin))
    days = _from(first, last, axis.origin // length)
    return made(lambda day: axis.value(day * length), days)


def _anywhere(axis: Axis, low: int, high: int) -> SearchStrategy[Any]:
    steps = _from(low, high, axis.origin)
    if axis.kind == "uuid":
        return made(uuid_of, steps, st.integers(0, 2**74 - 1))
    if axis.kind != "aware":
        return made(axis.value, steps)
    zones = st.sampled_from([timezone(offset) for offset in _OFFSETS])
    return made(lambda step, zone: axis.value(step).astimezone(zone), steps, zones)


def _precarious(axis: Axis, low: int, high: int, chunks: Chunks | None) -> list[Any]:
    """Both sides of chunk boundaries, the ends of the range, special days and clock changes."""
    steps = [
        step for start in _boundaries(low, high, chunks) for step in (start, start - 1, start + 1)
    ]
    # Hypothesis shrinks to the first value, so the simplest comes first.
    steps = [max(low, min(high, axis.origin)), *steps, low, high]
    found = [axis.value(step) for step in dict.fromkeys(steps) if low <= step <= high]
    if axis.kind in ("integer", "uuid"):
        return found
    near = (timedelta(0),) if axis.kind == "date" else (timedelta(0), -_MICROSECOND)
    found += [
        axis.value(axis.instant(day + shift))
        for day in _DAYS
        for shift in near
        if low <= axis.instant(day + shift) <= high
    ]
    if axis.kind == "aware" and axis.unit == 1:
        found += [m for m in clock_changes() if low <= axis.instant(m) <= high]
        boundaries = [axis.value(low), *found[:2]]
        found += [m.astimezone(timezone(offset)) for m in boundaries for offset in _OFFSETS[1:]]
    return found


def _boundaries(low: int, high: int, chunks: Chunks | None) -> list[int]:
    """The chunk starts in the range; of a wide range only those at its ends and at the epoch."""
    if chunks is None:
        return []
    numbers = range(chunks.number(low), chunks.number(high) + 2)
    if len(numbers) > _MOST_BOUNDARIES:
        around = [number for number in (-1, 0, 1) if number in numbers]
        return [chunks.start(number) for number in (*numbers[:2], *around, *numbers[-2:])]
    return [chunks.start(number) for number in numbers]


def clock_changes() -> Iterator[datetime]:
    """Moments before and after clock changes, in their zones, with both values of `fold`.

    Empty if Python finds no time zone data.
    """
    for name, change in _CLOCK_CHANGES:
        zone = _zone(name)
        if zone is not None:
            for shift in (
                timedelta(0),
                -_MICROSECOND,
                timedelta(minutes=15),
                -timedelta(minutes=15),
            ):
                yield (change + shift).astimezone(zone)


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return None


def times(narrowing: Narrowing, *, aware: bool, unit: int) -> SearchStrategy[time]:
    """Times of day, including midnight and the last moment before midnight.

    Args:
        narrowing: its bounds, of times without a time zone.
        unit: the precision of the column in microseconds.
    """
    start = datetime(2000, 1, 1)  # noqa: DTZ001 - only the time of day is used
    low, high = (
        None if bound is None else datetime.combine(start, bound) - start
        for bound in (narrowing.low, narrowing.high)
    )
    first, last = _steps(narrowing, low, high, unit, (0, DAY // unit - 1))
    if first > last:
        return st.nothing()
    precarious = [step for step in (0, last, last // 2, 1) if first <= step <= last]
    step = st.sampled_from(precarious or [first]) | st.integers(first, last)
    plain = made(lambda number: (start + timedelta(microseconds=number * unit)).time(), step)
    if not aware:
        return plain
    zones = st.sampled_from([timezone(offset) for offset in _OFFSETS])
    return made(lambda value, zone: value.replace(tzinfo=zone), plain, zones)


def intervals(unit: int, narrowing: Narrowing) -> SearchStrategy[timedelta]:
    """Positive and negative lengths of time, up to thousands of years.

    Args:
        unit: the precision of the column in microseconds.
    """
    longest = 4_000_000 * DAY // unit
    first, last = _steps(narrowing, narrowing.low, narrowing.high, unit, (-longest, longest))
    if first > last:
        return st.nothing()
    day = DAY // unit
    near = max(first, -400 * day), min(last, 400 * day)
    anywhere = made(lambda number: timedelta(microseconds=number * unit), st.integers(first, last))
    days = -(-near[0] // day), near[1] // day
    return made(timedelta, st.integers(*days)) | anywhere if days[0] <= days[1] else anywhere


def _steps(
    narrowing: Narrowing,
    low: timedelta | None,
    high: timedelta | None,
    unit: int,
    ends: tuple[int, int],
) -> tuple[int, int]:
    """The first and the last step between bounds; the narrowing says whether they are excluded."""
    first, last = ends
    if low is not None:
        steps, rest = divmod(low // _MICROSECOND, unit)
        first = max(first, steps + 1 if rest or narrowing.low_open else steps)
    if high is not None:
        steps, rest = divmod(high // _MICROSECOND, unit)
        last = min(last, steps - 1 if not rest and narrowing.high_open else steps)
    return first, last
