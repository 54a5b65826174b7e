"""What CHECK constraints leave of a column's values, and of which columns together.

A check passes where it is not false (PostgreSQL documentation, "Check Constraints"), so NULL
satisfies every comparison; only `IS NOT NULL` forbids it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from conformance.strategies.values.conditions import Comparison, NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.strategies.values.conditions import Condition

#: More ways than this to satisfy the checks of a table are not followed.
_MOST_ALTERNATIVES = 64


@dataclass(frozen=True)
class Narrowing:
    """The values of one column that are left.

    Attributes:
        low, high: bounds by PostgreSQL's order, in which NaN is the greatest number.
        low_open, high_open: the bound itself is not among them.
        shortest, longest: length in characters, or in bytes.
        choices: no other values than these.
        excluded: none of these.
        null: True: NULL alone is left; False: NULL is not; None: NULL is as the column says.
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

    def allows(self, value: Any) -> bool:
        """Whether the value, which is not NULL, is left."""
        if self.choices is not None and value not in self.choices:
            return False
        if any(value == other for other in self.excluded):
            return False
        if isinstance(value, str | bytes):
            return self.shortest <= len(value) and (
                self.longest is None or len(value) <= self.longest
            )
        return self._in_range(value)

    def _in_range(self, value: Any) -> bool:
        position = _position(value)
        if self.low is not None:
            low = _position(self.low)
            if position < low or (self.low_open and position == low):
                return False
        if self.high is not None:
            high = _position(self.high)
            if position > high or (self.high_open and position == high):
                return False
        return True

    def both(self, other: Narrowing) -> Narrowing | None:
        """What both leave; None if that is nothing at all, not even NULL."""
        low, low_open = _tighter((self.low, self.low_open), (other.low, other.low_open), above=True)
        high, high_open = _tighter(
            (self.high, self.high_open), (other.high, other.high_open), above=False
        )
        lengths = [length for length in (self.longest, other.longest) if length is not None]
        choices = self.choices if other.choices is None else other.choices
        joined = Narrowing(
            low, high, low_open, high_open,
            max(self.shortest, other.shortest),
            min(lengths, default=None),
            None if choices is None else tuple(
                choice for choice in choices if self.allows(choice) and other.allows(choice)
            ),
            (*self.excluded, *other.excluded),
            self.null if other.null is None else other.null,
        )  # fmt: skip
        if None not in (self.null, other.null) and self.null != other.null:
            return None
        if joined.null is not True and joined.leaves_no_value():
            return None if joined.null is False else replace(joined, null=True)
        return joined

    def leaves_no_value(self) -> bool:
        """Whether the bounds contradict each other."""
        if self.choices is not None:
            return not any(self.allows(choice) for choice in self.choices)
        if self.longest is not None and self.longest < self.shortest:
            return True
        if self.low_open and is_nan(self.low):
            return True
        if self.low is None or self.high is None:
            return False
        low, high = _position(self.low), _position(self.high)
        return low > high or (low == high and (self.low_open or self.high_open))


ANYTHING = Narrowing()

#: One way to satisfy a check: what is left of each column that it is about.
Alternative = dict[str, Narrowing]


def is_nan(value: Any) -> bool:
    """Whether the number is NaN, which PostgreSQL orders above all others."""
    return isinstance(value, float | Decimal) and math.isnan(value)


def _position(value: Any) -> tuple[bool, Any]:
    return (True, 0) if is_nan(value) else (False, value)


def _tighter(one: tuple[Any, bool], other: tuple[Any, bool], *, above: bool) -> tuple[Any, bool]:
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    first, second = _position(one[0]), _position(other[0])
    if first == second:
        return one[0], one[1] or other[1]
    return one if (first > second) is above else other


def alternatives(
    condition: Condition, narrow: Callable[[Comparison], list[Narrowing]]
) -> list[Alternative]:
    """The ways to satisfy a condition; empty if there is none.

    Args:
        narrow: what one comparison leaves of its column, in one or more ways.

    Raises:
        NotUnderstood: by `narrow`, or because there are too many ways.
    """
    if isinstance(condition, Comparison):
        return [{condition.column: narrowing} for narrowing in narrow(condition)]
    parts = [alternatives(part, narrow) for part in condition.parts]
    if condition.every:
        return together(parts)
    return _without_needless([way for part in parts for way in part])


def together(parts: Iterable[list[Alternative]]) -> list[Alternative]:
    """The ways to satisfy every part, each given by its own ways."""
    found: list[Alternative] = [{}]
    for part in parts:
        merged = (_merged(one, other) for one in found for other in part)
        found = _without_needless([way for way in merged if way is not None])
        if len(found) > _MOST_ALTERNATIVES:
            raise NotUnderstood(f"there are more than {_MOST_ALTERNATIVES} ways to satisfy it")
    return found


def _merged(one: Alternative, other: Alternative) -> Alternative | None:
    merged = dict(one)
    for column, narrowing in other.items():
        joined = merged.get(column, ANYTHING).both(narrowing)
        if joined is None:
            return None
        merged[column] = joined
    return merged


def _without_needless(ways: list[Alternative]) -> list[Alternative]:
    """Without those that another one contains, as `x > 0` contains `x IS NULL`."""
    kept: list[Alternative] = []
    for index, way in enumerate(ways):
        others = [*kept, *ways[index + 1 :]]
        if not any(_contains(other, way) for other in others):
            kept.append(way)
    return kept


def _contains(outer: Mapping[str, Narrowing], inner: Mapping[str, Narrowing]) -> bool:
    return all(
        column in inner
        and (
            inner[column] == narrowing
            or (inner[column].null is True and narrowing.null is not False)
        )
        for column, narrowing in outer.items()
    )
