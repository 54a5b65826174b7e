"""The values of a column that its checks allow."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from conformance.strategies.values.instants import microseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from conformance.strategies.values.expressions import Expression
    from conformance.strategies.values.patterns import Pattern

#: Class of a document -> its type; every other document is a number.
_JSON_TYPES: tuple[tuple[Any, str], ...] = (
    (dict, "object"), (list, "array"), (str, "string"), (bool, "boolean"), (type(None), "null"),
)  # fmt: skip
#: What jsonb_typeof() may return.
JSON_TYPES = frozenset({"number", *(name for _, name in _JSON_TYPES)})


@dataclass(frozen=True)
class Narrowing:
    """The allowed values of one column.

    Attributes:
        low, high: bounds in PostgreSQL's order, in which NaN is the greatest number.
        low_open, high_open: whether the bound itself is excluded.
        shortest, longest: the length in characters, bytes or items; also that of the pattern.
        choices: the only allowed values; None: all values.
        excluded: values that are not allowed.
        null: True: only NULL is allowed; False: NULL is not allowed; None: the column decides.
        like, unlike: the pattern or expression that texts match, and those that they do not match.
        types: the types of JSON documents, as jsonb_typeof() names them; None: all.
        unit: the microseconds of which moments are multiples.
        case: `lower` or `upper`: texts of ASCII without letters of the other case; else all.
    """

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False
    shortest: int = 0
    longest: int | None = None
    choices: tuple[Any, ...] | None = None
    excluded: tuple[Any, ...] = ()
    null: bool | None = None
    like: Pattern | Expression | None = None
    unlike: tuple[Pattern | Expression, ...] = ()
    types: frozenset[str] | None = None
    case: str = ""
    unit: int = 1

    def allows(self, value: Any) -> bool:
        """Whether the value is allowed; the value is not NULL."""
        if self.choices is not None and value not in self.choices:
            return False
        if any(value == other for other in self.excluded):
            return False
        if self.types is not None:
            return json_type(value) in self.types
        if isinstance(value, str) and not self._has_pattern(value):
            return False
        if isinstance(value, str | bytes | list):
            return self.shortest <= len(value) and (
                self.longest is None or len(value) <= self.longest
            )
        return self._in_range(value)

    def _has_pattern(self, text: str) -> bool:
        if self.case and not (text.isascii() and getattr(text, self.case)() == text):
            return False
        return (self.like is None or self.like.takes(text)) and not any(
            pattern.takes(text) for pattern in self.unlike
        )

    def _in_range(self, value: Any) -> bool:
        if self.unit > 1 and isinstance(value, datetime) and microseconds(value) % self.unit:
            return False
        at = position(value)
        if self.low is not None:
            low = position(self.low)
            if at < low or (self.low_open and at == low):
                return False
        if self.high is not None:
            high = position(self.high)
            if at > high or (self.high_open and at == high):
                return False
        return True

    def both(self, other: Narrowing) -> Narrowing | None:
        """The values that both allow; None if both allow no value and not NULL either."""
        low, low_open = _tighter((self.low, self.low_open), (other.low, other.low_open), above=True)
        high, high_open = _tighter(
            (self.high, self.high_open), (other.high, other.high_open), above=False
        )
        lengths = [length for length in (self.longest, other.longest) if length is not None]
        choices = self.choices if other.choices is None else other.choices
        types = [types for types in (self.types, other.types) if types is not None]
        joined = Narrowing(
            low, high, low_open, high_open,
            max(self.shortest, other.shortest),
            min(lengths, default=None),
            None if choices is None else tuple(
                choice for choice in choices if self.allows(choice) and other.allows(choice)
            ),
            (*self.excluded, *other.excluded),
            self.null if other.null is None else other.null,
            self.like or other.like,
            (*self.unlike, *other.unlike),
            frozenset.intersection(*types) if types else None,
            self.case or other.case,
            max(self.unit, other.unit),
        )  # fmt: skip
        if None not in (self.null, other.null) and self.null != other.null:
            return None
        if joined.null is not True and joined.leaves_no_value():
            return None if joined.null is False else replace(joined, null=True)
        return joined

    def left_of(self, strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
        """The strategy without excluded values; the strategy must keep to everything else."""
        return strategy.filter(self.allows) if self.excluded or self.unlike else strategy

    def leaves_no_value(self) -> bool:
        """Whether no value except NULL is allowed."""
        if self.choices is not None:
            return not any(self.allows(choice) for choice in self.choices)
        if self.types == frozenset():
            return True
        if self.longest is not None and self.longest < self.shortest:
            return True
        if self.low_open and is_nan(self.low):
            return True
        if self.low is None or self.high is None:
            return False
        low, high = position(self.low), position(self.high)
        return low > high or (low == high and (self.low_open or self.high_open))


ANYTHING = Narrowing()


def json_type(document: Any) -> str:
    """The type of a JSON document, as jsonb_typeof() names it."""
    return next((name for kind, name in _JSON_TYPES if isinstance(document, kind)), "number")


def is_nan(value: Any) -> bool:
    """Whether the number is NaN, which PostgreSQL orders above all others."""
    return isinstance(value, float | Decimal) and math.isnan(value)


def position(value: Any) -> tuple[bool, Any]:
    """What sorts values as PostgreSQL does: NaN is the greatest number."""
    return (True, 0) if is_nan(value) else (False, value)


def _tighter(one: tuple[Any, bool], other: tuple[Any, bool], *, above: bool) -> tuple[Any, bool]:
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    first, second = position(one[0]), position(other[0])
    if first == second:
        return one[0], one[1] or other[1]
    return one if (first > second) is above else other


@st.composite
def made(draw: st.DrawFn, make: Callable[..., Any], *strategies: SearchStrategy[Any]) -> Any:
    """Call `make` with drawn values.

    Hypothesis reports the value. For `map` and `builds` Hypothesis would report the call.
    """
    return make(*[draw(strategy) for strategy in strategies])
