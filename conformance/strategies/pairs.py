"""What checks demand of two columns: the same value, different ones, or an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import ClauseElement, String, Uuid

from conformance.strategies.canonical import canonical
from conformance.strategies.checks.conditions import Pair
from conformance.strategies.checks.reading import order_of
from conformance.strategies.derivation import LEFT_OUT, Row
from conformance.strategies.values.narrowing import ANYTHING, Narrowing, position
from conformance.strategies.values.numerals import range_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from conformance.strategies.fields import Field

#: The narrowing of a column for which others leave no value.
_NOTHING = Narrowing(choices=(), null=False)


def with_what_follows(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs, and each `a = c` that follows from `a = b` and `b = c`; these first."""
    classes: list[set[str]] = []
    for pair in pairs:
        if pair.operator == "=":
            joined = {*pair.columns}.union(*(one for one in classes if one & {*pair.columns}))
            classes = [*(one for one in classes if not one & joined), joined]
    equal = [Pair(two, "=") for one in classes for two in combinations(sorted(one), 2)]
    return [*equal, *(pair for pair in pairs if pair.operator != "=")]


@dataclass(frozen=True)
class Related:
    """A pair of columns in a row.

    Attributes:
        fields: the two columns, with the narrowing that the other checks leave.
        operator: `=`, `<>`, `<` or `<=`; NULL satisfies all of them.
    """

    fields: tuple[Field, Field]
    operator: str

    @cached_property
    def by_order(self) -> bool:
        """Whether the values have an order; asking the types for each row would be slow."""
        return order_of(self.fields[0]) is not None

    def left_of(
        self, keys: tuple[str, ...], strategy: SearchStrategy[Any], row: Row
    ) -> SearchStrategy[Any]:
        """The strategy of these columns, without what the rest of the row forbids.

        Args:
            row: what is drawn already.
        """
        if {field.key for field in self.fields}.isdisjoint(keys):
            return strategy
        if self.operator == "=" and len(keys) == 1:
            field, other = sorted(self.fields, key=lambda field: field.key != keys[0])
            known = row.get(other.key, LEFT_OUT)
            if known is LEFT_OUT:
                return strategy.filter(partial(_fits, other))
            # Of an order the strategy has nothing else. Of no other would it be likely.
            if known is not None and not self.by_order:
                return st.just(known).filter(partial(_fits, field))
        return strategy.filter(lambda drawn: self._holds({**row, **assigned(keys, drawn)}))

    def _holds(self, row: Row) -> bool:
        one, other = (_stored(field, row) for field in self.fields)
        if one is None or other is None:
            return True
        if self.operator in ("=", "<>"):
            form = position if self.by_order else canonical
            return (form(one) == form(other)) is (self.operator == "=")
        return Narrowing(low=one, low_open=self.operator == "<").allows(other)


def assigned(keys: tuple[str, ...], drawn: Any) -> Row:
    """What is drawn for columns, by key, without the columns that are left out."""
    pairs = [(keys[0], drawn)] if len(keys) == 1 else zip(keys, drawn, strict=True)
    return {key: value for key, value in pairs if value is not LEFT_OUT}


def _stored(field: Field, row: Row) -> Any:
    """What a row stores in the column; None for NULL, and for what only the database can tell."""
    value = row.get(field.key)
    if value is None or isinstance(value, ClauseElement):
        return None
    stored = field.kind.bound(value)
    if isinstance(stored, datetime) and stored.tzinfo:
        # An hour that comes twice equals no other time in Python.
        return stored.astimezone(UTC)
    # A caller may give a text for a value of any type.
    is_spelled = isinstance(stored, str) and not isinstance(field.kind.stored, String | Uuid)
    return None if is_spelled else stored


def _fits(field: Field, value: Any) -> bool:
    """Whether the other checks of the column allow the value."""
    if value is None:
        return field.may_be_null
    return field.narrowing.null is not True and field.narrowing.allows(field.kind.bound(value))


class Orders:
    """What pairs say of the order of columns, and what follows: `a < b` and `b <= c`: `a < c`.

    Args:
        fields: the columns of the pairs by name, with the narrowing that the other checks leave.
        pairs: their orders; `=` is two of them, and `<>` is none.
    """

    def __init__(self, fields: Mapping[str, Field], pairs: Iterable[Pair]) -> None:
        self.fields = fields
        #: Column -> the columns that are not smaller -> whether they are larger.
        self._above: dict[str, dict[str, bool]] = {}
        for pair in pairs:
            one, other = pair.columns
            if order_of(fields[one]) is None or pair.operator == "<>":
                continue
            self._add(one, other, larger=pair.operator == "<")
            if pair.operator == "=":
                self._add(other, one, larger=False)

    def _add(self, one: str, other: str, *, larger: bool) -> None:
        below = {one: False, **{name: at[one] for name, at in self._above.items() if one in at}}
        above = {other: False, **self._above.get(other, {})}
        for low, first in below.items():
            at = self._above.setdefault(low, {})
            for high, second in above.items():
                if low != high:
                    at[high] = at.get(high, False) or first or larger or second

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def below(self, name: str) -> list[str]:
        """The columns that are not larger."""
        return [other for other, above in self._above.items() if name in above]

    def left_by(self, row: Row, name: str) -> Narrowing:
        """The values that the other columns of a row leave for a column."""
        known = {
            other: Narrowing(low=stored, high=stored)
            for other in self._columns
            if (stored := _stored(self.fields[other], row)) is not None
        }
        return self._left_by(known, name, self._ranges[name])

    @cached_property
    def _ranges(self) -> dict[str, Narrowing]:
        """The values of each column for which every other one has a value of its own range."""
        left = {name: self.fields[name].narrowing for name in self._columns}
        ends = {name: _ends(self.fields[name], narrowing) for name, narrowing in left.items()}
        return {name: self._left_by(ends, name, narrowing) for name, narrowing in left.items()}

    @cached_property
    def _columns(self) -> list[str]:
        named = {*self._above, *(name for above in self._above.values() for name in above)}
        return [name for name in self.fields if name in named]

    def _left_by(self, ends: Mapping[str, Narrowing], name: str, narrowing: Narrowing) -> Narrowing:
        for bound in self._bounds(ends, name):
            narrowing = narrowing.both(bound) or _NOTHING
        return narrowing

    def _bounds(self, ends: Mapping[str, Narrowing], name: str) -> Iterator[Narrowing]:
        for other in self.below(name):
            if other in ends and ends[other].low is not None:
                is_open = ends[other].low_open or self._above[other][name]
                yield Narrowing(low=ends[other].low, low_open=is_open)
        for other, larger in self._above.get(name, {}).items():
            if other in ends and ends[other].high is not None:
                is_open = ends[other].high_open or larger
                yield Narrowing(high=ends[other].high, high_open=is_open)


def _ends(field: Field, narrowing: Narrowing) -> Narrowing:
    """The first and the last value of a column; nothing of one that is NULL."""
    if narrowing.null is True:
        return ANYTHING
    if narrowing.choices:
        ordered = sorted(narrowing.choices, key=position)
        return Narrowing(low=ordered[0], high=ordered[-1])
    low, high = range_of(field.kind.stored)
    return Narrowing(low=low, high=high).both(narrowing) or ANYTHING
