"""SQLAlchemy's types as PostgreSQL gets them: without decorators, in PostgreSQL's variant."""

from __future__ import annotations

import enum
import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import REAL, Float, Interval, TypeDecorator
from sqlalchemy.dialects.postgresql import INTERVAL

from conformance.expected.spelling import dialect

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

#: SQLAlchemy's Interval is a decorator for databases that have no intervals.
INTERVALS = (Interval, INTERVAL)
#: Binary digits of a `real`; `float(n)` with more is a double.
_SINGLE_DIGITS = 24
#: Decimal digits that tell all of them apart.
_SINGLE_DECIMALS = 9


@dataclass(frozen=True)
class Kind:
    """A column's type.

    Attributes:
        type: what the database stores.
        terms: the members of a closed vocabulary that a type decorator stands for, or none.
    """

    type: TypeEngine[Any]
    terms: tuple[enum.Enum, ...] = ()


def kind_of(declared: TypeEngine[Any]) -> Kind:
    """The type without decorators; a decorator's `terms`, an enum, are its vocabulary."""
    kind, terms = declared, tuple[enum.Enum, ...]()
    while True:
        kind = kind._variant_mapping.get("postgresql", kind)
        if not isinstance(kind, TypeDecorator) or isinstance(kind, INTERVALS):
            return Kind(kind, terms)
        terms = terms or _members(getattr(kind, "terms", None))
        kind = kind.load_dialect_impl(dialect())


def is_single(kind: Float[Any]) -> bool:
    """Whether PostgreSQL keeps four bytes of the number: `real`, and `float(24)` or less."""
    return isinstance(kind, REAL) or (
        kind.precision is not None and kind.precision <= _SINGLE_DIGITS
    )


def fits_single(number: float) -> bool:
    """Whether four bytes keep the number as it is."""
    return math.isnan(number) or _single(number) == number


def as_single_reads(number: float) -> float:
    """How a number of four bytes is read: the double of the fewest digits that tell it apart."""
    if not math.isfinite(number):
        return number
    spelled = (float(f"{number:.{digits}g}") for digits in range(1, _SINGLE_DECIMALS + 1))
    return next(found for found in spelled if _single(found) == number)


def _single(number: float) -> float | None:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return None


def _members(terms: object) -> tuple[enum.Enum, ...]:
    return tuple(terms) if isinstance(terms, type) and issubclass(terms, enum.Enum) else ()
