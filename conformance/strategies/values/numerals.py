"""Strategies for numbers of every width and scale, including numbers that drivers often change."""

from __future__ import annotations

import math
import struct
import sys
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import REAL, BigInteger, Float, Integer, Numeric, SmallInteger

from conformance.strategies.values.narrowing import is_nan, made

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from conformance.strategies.values.narrowing import Narrowing

#: The smallest positive number of four bytes.
_SMALLEST_SINGLE = 1.401298464324817e-45
#: Both zeros, infinities and NaN, the limits of doubles and singles and of their whole numbers.
_PRECARIOUS = (
    0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324,
    sys.float_info.min, sys.float_info.max, -sys.float_info.max,
    0.1 + 0.2, 1 / 3, 2.0**53 + 2, 1e-7, 1e22, 3.4028234663852886e38, _SMALLEST_SINGLE,
)  # fmt: skip
#: The generated digits of a `numeric` without a precision: all, and those after the point.
_FREE_DIGITS, _FREE_SCALE = 30, 12
#: The decimal digits that a double keeps, for numeric columns that are read as floats.
_DOUBLE_DIGITS = 15
#: The binary digits of a `real`; a `float(n)` with more is a double.
_SINGLE_DIGITS = 24
#: So many decimal digits distinguish all values of a `real`.
_SINGLE_DECIMALS = 9


def whole_range(kind: Integer) -> tuple[int, int]:
    """The smallest and the largest integer of the type."""
    bits = 16 if isinstance(kind, SmallInteger) else 64 if isinstance(kind, BigInteger) else 32
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def range_of(kind: Any) -> tuple[Any, Any]:
    """The ends of a type of numbers; None where Python's numbers have none either."""
    if isinstance(kind, Integer):
        return whole_range(kind)
    if isinstance(kind, Numeric) and not isinstance(kind, Float) and kind.precision is not None:
        largest = Decimal(f"{10**kind.precision - 1}E{-(kind.scale or 0)}")
        return -largest, largest
    return None, None


def integers(kind: Integer, narrowing: Narrowing) -> SearchStrategy[int]:
    """Integers near zero in half of the draws; Hypothesis itself draws the ends of the range."""
    low, high = _scaled(narrowing, 0, *whole_range(kind))
    if low > high:
        return st.nothing()
    anywhere = st.integers(low, high)
    near = max(low, min(high, 0))
    small = st.integers(max(low, near - 40), min(high, near + 40))
    return small | anywhere


def floats(kind: Float[Any], narrowing: Narrowing) -> SearchStrategy[float]:
    """Every double or single, including NaN, infinities, both zeros and subnormal numbers.

    PostgreSQL prints a single with the fewest digits, and the driver reads these as a double:
    `0.1`, not `0.10000000149`.
    """
    single = is_single(kind)
    if single:
        narrowing = replace(
            narrowing, low=_stored_as(narrowing.low), high=_stored_as(narrowing.high)
        )
    hurting = precarious(kind, narrowing)
    found = [st.sampled_from(hurting)] if hurting else []
    if not is_nan(narrowing.low):
        found += _between(narrowing, single=single)
        found += _everyday(narrowing)
    anyone = st.one_of(*reversed(found))
    return made(as_single_reads, anyone) if single else anyone


def _between(narrowing: Narrowing, *, single: bool) -> list[SearchStrategy[float]]:
    """All numbers of the range but NaN, if it has one."""
    low, high = narrowing.low, None if is_nan(narrowing.high) else narrowing.high
    first = -math.inf if low is None else low
    last = math.inf if high is None else high
    if narrowing.low_open and low is not None:
        first = _next(first, math.inf, single=single)
    if narrowing.high_open and high is not None:
        last = _next(last, -math.inf, single=single)
    if first is None or last is None or first > last:
        return []
    return [
        st.floats(
            low,
            high,
            exclude_min=narrowing.low_open and low is not None,
            exclude_max=narrowing.high_open and high is not None,
            allow_nan=False,
            width=32 if single else 64,
        )
    ]


def precarious(kind: Float[Any], narrowing: Narrowing) -> list[float]:
    """The numbers of the type that drivers often change."""
    single = is_single(kind)
    return [
        number
        for number in _PRECARIOUS
        if narrowing.allows(number) and (not single or fits_single(number))
    ]


def _everyday(narrowing: Narrowing) -> list[SearchStrategy[float]]:
    """Halves of small whole numbers, if the range has several."""
    low = max(-500, math.ceil(_finite(narrowing.low, -500) * 2) + 1)
    high = min(500, math.floor(_finite(narrowing.high, 500) * 2) - 1)
    return [made(lambda number: number / 2, st.integers(low, high))] if low < high else []


def _finite(bound: float | None, otherwise: float) -> float:
    if bound is None or is_nan(bound):
        return otherwise
    return max(-1e6, min(1e6, bound))


def ends(kind: Integer | Float[Any] | Numeric[Any], narrowing: Narrowing) -> list[Any]:
    """The first and the last number that finite bounds allow."""
    bounds = (narrowing.low, narrowing.high)
    given = [bound is not None and math.isfinite(bound) for bound in bounds]
    if isinstance(kind, Float):
        single = is_single(kind)
        opens = (narrowing.low_open, math.inf), (narrowing.high_open, -math.inf)
        found: list[Any] = [
            _next(bound, towards, single=single) if is_open and is_given else bound
            for bound, (is_open, towards), is_given in zip(bounds, opens, given, strict=True)
        ]
    else:
        scale, first, last = (0, *whole_range(kind)) if isinstance(kind, Integer) else _digits(kind)
        numbers = _scaled(narrowing, scale, first, last)
        if numbers[0] > numbers[1]:
            return []
        found = [
            number if isinstance(kind, Integer) else _scaled_down(kind, number, scale)
            for number in numbers
        ]
    return [
        end
        for end, is_given in zip(found, given, strict=True)
        if is_given and end is not None and narrowing.allows(end)
    ]


def decimals(kind: Numeric[Any], narrowing: Narrowing) -> SearchStrategy[Any]:
    """Every number of the precision and scale, and NaN; floats if the column is read as floats.

    Infinity is left out, because psycopg2 writes `Decimal("Infinity")` as NaN.
    """
    scale, first, last = _digits(kind)
    low, high = _scaled(narrowing, scale, first, last)
    if is_nan(narrowing.low):
        return st.just(narrowing.low) if narrowing.allows(narrowing.low) else st.nothing()
    if low > high:
        return st.nothing()

    scaled = partial(_scaled_down, kind, scale=scale)

    exact = made(scaled, st.integers(low, high))
    near = max(low, min(high, 0))
    small = st.integers(max(low, near - 999), min(high, near + 999))
    precarious = [scaled(near), scaled(low), scaled(high), Decimal("NaN")]
    if not (kind.asdecimal and narrowing.allows(precarious[-1])):
        precarious.pop()
    return made(scaled, small) | exact | st.sampled_from(precarious)


def _digits(kind: Numeric[Any]) -> tuple[int, int, int]:
    """The digits after the point, and the first and the last number in units of the last digit."""
    digits, scale = kind.precision or _FREE_DIGITS, kind.scale or 0
    if kind.precision is None:
        scale = _FREE_SCALE
    if not kind.asdecimal:
        digits = min(digits, _DOUBLE_DIGITS)
    largest = 10**digits - 1
    return scale, -largest, largest


def _scaled_down(kind: Numeric[Any], number: int, scale: int) -> Any:
    decimal = Decimal(f"{number}E{-scale}")
    return decimal if kind.asdecimal else float(decimal)


def _scaled(narrowing: Narrowing, scale: int, low: int, high: int) -> tuple[int, int]:
    """The bounds in units of the last digit; an infinite bound is no bound."""
    if narrowing.low is not None and math.isfinite(narrowing.low):
        bound = Fraction(narrowing.low) * Fraction(10) ** scale
        low = max(low, math.floor(bound) + 1 if narrowing.low_open else math.ceil(bound))
    if narrowing.high is not None and math.isfinite(narrowing.high):
        bound = Fraction(narrowing.high) * Fraction(10) ** scale
        high = min(high, math.ceil(bound) - 1 if narrowing.high_open else math.floor(bound))
    return low, high


def is_single(kind: Float[Any]) -> bool:
    """Whether PostgreSQL stores four bytes: `real`, and `float(24)` or less."""
    return isinstance(kind, REAL) or (
        kind.precision is not None and kind.precision <= _SINGLE_DIGITS
    )


def fits_single(number: float) -> bool:
    """Whether four bytes store the number without a change."""
    return math.isnan(number) or _single(number) == number


def as_single_reads(number: float) -> float:
    """The double that a driver reads of a stored single: the one with the fewest digits."""
    if not math.isfinite(number):
        return number
    spelled = (float(f"{number:.{digits}g}") for digits in range(1, _SINGLE_DECIMALS + 1))
    return next(found for found in spelled if _single(found) == number)


def _stored_as(bound: float | None) -> float | None:
    """The single that is stored for a bound that a driver has read."""
    return bound if bound is None or not math.isfinite(bound) else _single(bound)


def _next(number: float, towards: float, *, single: bool) -> float | None:
    """The number after this one towards an infinity; None after the infinity itself."""
    if number == towards:
        return None
    if not single:
        return math.nextafter(number, towards)
    if number == 0:
        return math.copysign(_SMALLEST_SINGLE, towards)
    (bits,) = struct.unpack("<i", struct.pack("<f", number))
    step = 1 if (number > 0) == (towards > 0) else -1
    return float(struct.unpack("<f", struct.pack("<i", bits + step))[0])


def _single(number: float) -> float | None:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return None
