"""What a database can be asked about checks that are not understood: which values satisfy them."""

from __future__ import annotations

import math
import random
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, islice, product, zip_longest
from typing import TYPE_CHECKING, Any

from sqlalchemy import CHAR, JSON, Enum, Float, Integer, Numeric, String

from conformance.strategies.batches import merged
from conformance.strategies.canonical import canonical
from conformance.strategies.checks.reading import named_checks
from conformance.strategies.checks.syntax import mentioned
from conformance.strategies.derivation import LEFT_OUT, Scope, derivation_of
from conformance.strategies.drawing import draw
from conformance.strategies.values.narrowing import Narrowing
from conformance.strategies.values.numerals import range_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Table

    from conformance.strategies.derivation import Derivation
    from conformance.strategies.fields import Field

#: So many combinations of values are tried; of a single column, fewer values are drawn.
_MOST, _DRAWN = 1_000, 200
#: Small numbers: the sum, difference, product or quotient of two of them is often a third.
_NUMBERS = tuple(map(Decimal, (0, 1, 2, -1, 3, 10, 4, 5, 100, -2, 6, 12, 60)))
_APART = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.$])(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Question:
    """Which of these values satisfy the checks of some columns?

    Attributes:
        fields: the columns.
        checks: name -> SQL of all checks of these columns alone.
        unread: the names of those that are not understood.
        candidates: values of the columns, one for each; they are valid without the checks.
    """

    fields: tuple[Field, ...]
    checks: Mapping[str, str]
    unread: tuple[str, ...]
    candidates: Sequence[tuple[Any, ...]]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns, as in `insert()`."""
        return tuple(field.key for field in self.fields)


def questions_of(table: Table) -> tuple[Question, ...]:
    """A question for each group of columns that checks tie to each other.

    Nothing is asked about foreign keys, columns that the database fills, and those of an unknown
    type or a TypeDecorator that changes values.
    """
    derivation = derivation_of(table)
    # Kept with the table, as the derivation is.
    if derivation.questions is None:
        derivation.questions = tuple(_questions(derivation))
    return derivation.questions


def _questions(derivation: Derivation) -> Iterator[Question]:
    unread = {check.name: check.columns for check in derivation.unread}
    tied = [*unread.values(), *(names for names, _ in derivation.groups if len(names) > 1)]
    for group in merged(map(set, tied)):
        fields = tuple(field for name, field in derivation.fields.items() if name in group)
        about = tuple(name for name, columns in unread.items() if group.issuperset(columns))
        if about and fields and not any(_is_opaque(derivation, field) for field in fields):
            checks = {
                name: sql
                for name, sql in named_checks(derivation.table, derivation.fields)
                if group.issuperset(mentioned(sql, derivation.fields))
            }
            yield Question(fields, checks, about, _candidates(derivation, fields, checks.values()))


def _is_opaque(derivation: Derivation, field: Field) -> bool:
    return bool(
        field.is_generated
        or field.column.foreign_keys
        or field.kind.decorators
        or field.name in derivation.unknown
    )


def _candidates(
    derivation: Derivation, fields: Sequence[Field], checks: Collection[str]
) -> list[tuple[Any, ...]]:
    share = max(4, int(_MOST ** (1 / len(fields))))
    own = {field: _values(derivation, field, checks, min(_DRAWN, share)) for field in fields}
    pools = []
    for field in fields:
        # A check of two columns often holds where they have the same value, or nearly.
        alike = (
            _near(value)
            for other in fields
            if other is not field and str(other.kind) == str(field.kind)
            for value in own[other]
        )
        found = _mixed(own[field], chain.from_iterable(alike))
        fitting = (value for value in found if _fits(derivation, field, value))
        pools.append(list(islice(_distinct(fitting), share)))
    number = math.prod(map(len, pools))
    if number <= _MOST:
        return list(product(*pools))
    # The same ones each time.
    places = random.Random(0).sample(range(number), _MOST)  # noqa: S311
    return [tuple(_at(place, pools)) for place in places]


def _at(place: int, pools: Sequence[Sequence[Any]]) -> Iterator[Any]:
    """The combination of that number."""
    for pool in pools:
        yield pool[place % len(pool)]
        place //= len(pool)


def _values(
    derivation: Derivation, field: Field, checks: Collection[str], number: int
) -> list[Any]:
    """Values of a column: usual ones, those that the checks name, and drawn ones in turn."""
    strategy = derivation.strategy(field.name, Scope(complete=True))
    drawn = [value for value in draw(strategy, number) if value is not LEFT_OUT]
    return list(_distinct(_mixed(_usual(field, " ".join(checks)), drawn)))


def _usual(field: Field, sql: str) -> Iterator[Any]:
    kind = field.kind.stored
    literals = [(text.replace("''", "'"), number) for text, number in _LITERAL.findall(sql)]
    if isinstance(kind, Enum):
        return
    if isinstance(kind, String):
        shortest = kind.length if isinstance(kind, CHAR) else 0
        longest = kind.length or math.inf
        named = [text for text, number in literals if not number]
        inside = (form.format(text) for form in ("{}", "a{}", "{}a", "a{}a") for text in named)
        # Of a char(n) the database returns n characters.
        yield from (text for text in inside if (shortest or 0) <= len(text) <= longest)
    elif isinstance(kind, JSON):
        named = [text for text, number in literals if not number]
        yield from ({one: value} for one in named for value in (*named, 0, 1, -1, "", []))
    elif isinstance(kind, Integer | Numeric):
        named = [Decimal(number) for _, number in literals if number]
        possible = Narrowing(*range_of(kind))
        for value in (*named, *_NUMBERS, *(step for one in named for step in (one + 1, one - 1))):
            is_whole = value == int(value)
            found: Any = value
            if isinstance(kind, Integer):
                found = int(value)
            elif not kind.asdecimal:
                found = float(value)
            # Of a value with more digits than the type, another one would be stored.
            if (is_whole or isinstance(kind, Float)) and possible.allows(found):
                yield found


def _fits(derivation: Derivation, field: Field, value: Any) -> bool:
    if value is None:
        return field.may_be_null
    if field.is_time:
        first, last = derivation.chunks.handful()
        if not first <= derivation.step(value) <= last:
            return False
    return field.narrowing.allows(value)


def _near(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, date):
        with suppress(OverflowError):
            yield from (value + apart for apart in _APART)


def _mixed(*sources: Iterable[Any]) -> Iterator[Any]:
    """One of each source in turn."""
    missing = object()
    for several in zip_longest(*sources, fillvalue=missing):
        yield from (value for value in several if value is not missing)


def _distinct(found: Iterable[Any]) -> Iterator[Any]:
    seen = set()
    for value in found:
        if (form := canonical(value)) not in seen:
            seen.add(form)
            yield value
