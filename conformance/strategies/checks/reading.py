"""Read the CHECK constraints of a table: the values that they allow, or why they are not read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Time,
    Uuid,
)
from sqlalchemy.dialects.postgresql import CITEXT

from conformance.declarations.base import created
from conformance.expected import spelling
from conformance.strategies.checks.conditions import (
    BEGINNINGS,
    SPELLINGS,
    Comparison,
    Condition,
    Counted,
    NotUnderstood,
    Pair,
)
from conformance.strategies.checks.syntax import mentioned, read_check
from conformance.strategies.fields import INTERVALS
from conformance.strategies.values.by_kind import samples_of
from conformance.strategies.values.expressions import Expression
from conformance.strategies.values.instants import CALENDAR, LENGTHS, beginnings
from conformance.strategies.values.narrowing import ANYTHING, JSON_TYPES, Narrowing, is_nan
from conformance.strategies.values.numerals import fits_single, is_single
from conformance.strategies.values.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from sqlalchemy import Table

    from conformance.strategies.fields import Field, Kind

#: Columns that share checks, and the ways to satisfy these checks.
Group = tuple[tuple[str, ...], tuple["Way", ...]]

#: The maximum number of ways to satisfy the checks of a group.
_MOST_ALTERNATIVES = 64
_TOO_MANY = f"the check has more than {_MOST_ALTERNATIVES} alternatives"

#: Texts of blanks alone; and texts that begin or end with one.
_BLANK = Expression.parse("^ *$")
_BLANK_ENDS = (Expression.parse("^ "), Expression.parse(" $"))
#: A case -> letters that have the other one in every locale.
_OTHER_CASE = {"lower": (Expression.parse("[A-Z]"),), "upper": (Expression.parse("[a-z]"),)}

#: A second begins with it, and no minute in any time zone: zones differ by whole minutes.
_IN_A_MINUTE = datetime(2020, 1, 15, 10, 20, 30)  # noqa: DTZ001 - it gets the zone of the column

#: VALUE in the check of a domain; and literals, in which the word has no meaning.
_VALUE = re.compile(r"('(?:[^']|'')*')|\bVALUE\b", re.IGNORECASE)
_ORDERED = (Integer, Numeric, Float, Date, DateTime)
#: Type -> the name of the order of its values; columns of one order are compared with each other. A
#: class stands before its base classes.
_ORDERS: tuple[tuple[Any, Callable[[Any], str | None]], ...] = (
    (Float, lambda kind: "real" if is_single(kind) else "double"),
    (Numeric, lambda kind: "number" if kind.asdecimal else "rounded number"),
    (Integer, lambda _: "number"),
    (Date, lambda _: "date"),
    (DateTime, lambda kind: "timestamptz" if kind.timezone else "timestamp"),
    # With a time zone PostgreSQL orders by the instant, and then by the zone.
    (Time, lambda kind: None if kind.timezone else "time"),
    (INTERVALS, lambda _: "interval"),
)
#: Types whose values PostgreSQL holds equal where their canonical forms are.
_COMPARABLE = (Boolean, *_ORDERED, String, Uuid, Time, *INTERVALS)


@dataclass(frozen=True)
class Way:
    """One way to satisfy a check.

    Attributes:
        left: column -> the values that remain.
        pairs: what must hold of two columns.
    """

    left: Mapping[str, Narrowing]
    pairs: tuple[Pair, ...] = ()

    @property
    def columns(self) -> set[str]:
        """All columns that the way narrows."""
        return {*self.left, *(name for pair in self.pairs for name in pair.columns)}

    def satisfies(self, pair: Pair) -> bool:
        """Whether the pair holds because one of its columns is NULL."""
        return any(name in self.left and self.left[name].null is True for name in pair.columns)


@dataclass(frozen=True)
class UnreadCheck:
    """A CHECK constraint that is not understood.

    Attributes:
        name: the name in the database; the SQL if the check has no name.
        columns: the columns in the check.
        reason: why the check is not understood.
    """

    name: str
    sql: str
    columns: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        shown = self.sql if self.name == self.sql else f"{self.name} ({self.sql})"
        return f"check {shown} is not understood: {self.reason}"


def condition_of(sql: str, fields: Mapping[str, Field]) -> Condition:
    """What the SQL of a check says of these columns.

    Raises:
        NotUnderstood: the SQL contains something that is not read.
    """
    return read_check(sql, {name: _exact_casts(field) for name, field in fields.items()})


def _exact_casts(field: Field) -> Collection[str]:
    kind = field.kind.stored
    if isinstance(kind, Date):
        return ("timestamp without time zone", "timestamp with time zone", "timestamp")
    if not isinstance(kind, Integer):
        return ()
    # Not every bigint has a double of its own.
    return ("numeric", "bigint", *(() if isinstance(kind, BigInteger) else ("double precision",)))


def read_checks(
    table: Table, fields: Mapping[str, Field]
) -> tuple[list[Group], tuple[Pair, ...], tuple[UnreadCheck, ...]]:
    """Read the CHECK constraints of the table and of its columns' domains.

    Args:
        fields: the table's columns by name, as they are named in the checks.

    Returns:
        What those that are understood demand together, most of it of one column and in one way;
        what must hold of two columns in every row; and the checks that are not understood.
    """
    groups = _Groups(fields)
    unread: list[UnreadCheck] = []
    for name, sql in named_checks(table, fields):
        try:
            groups.add(sql)
        except NotUnderstood as error:
            unread.append(UnreadCheck(name, sql, mentioned(sql, fields), str(error)))
    found = [(columns, tuple(ways)) for columns, ways in groups.ways.items()]
    return found, tuple(groups.pairs), tuple(unread)


def named_checks(table: Table, fields: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    """Name and SQL of the CHECK constraints of the table and of its columns' domains.

    The SQL stands for a name that is missing.
    """
    own = [(spelling.final_name(item), spelling.sql(item.sqltext)) for item in own_checks(table)]
    yield from ((name or sql, sql) for name, sql in (*own, *_domain_checks(fields)))


def own_checks(table: Table) -> list[CheckConstraint]:
    """The CHECK constraints that PostgreSQL gets, by name.

    Those of a type (Enum, Boolean) are left out: they follow from the type.
    """
    # SQLAlchemy keeps Column(..., CheckConstraint(...)) with the column.
    of_columns = [item for column in table.columns for item in column.constraints]
    found = [
        item
        for item in created((*table.constraints, *of_columns))
        if isinstance(item, CheckConstraint) and not item._type_bound
    ]
    return sorted(found, key=lambda item: spelling.final_name(item) or "")


def _domain_checks(fields: Mapping[str, Field]) -> Iterator[tuple[str | None, str]]:
    for name, field in fields.items():
        domain = field.kind.domain
        if domain is not None and domain.check is not None:
            quoted = '"' + name.replace('"', '""') + '"'
            yield (
                domain.constraint_name,
                _VALUE.sub(lambda found: found[1] or quoted, spelling.sql(domain.check)),  # noqa: B023
            )


class _Groups:
    """Groups of columns that share checks."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.ways: dict[tuple[str, ...], list[Way]] = {}
        self.pairs: list[Pair] = []

    def add(self, sql: str) -> None:
        """Read one more check.

        Raises:
            NotUnderstood: and nothing has been added.
        """
        ways = self._possible(_alternatives(condition_of(sql, self.fields), self.fields))
        after = dict(self.ways)
        # A check with a single way does not tie its columns to each other.
        single = ways[0] if len(ways) == 1 else None
        parts = [[Way({name: left})] for name, left in single.left.items()] if single else [ways]
        for part in parts:
            columns = {name for way in part for name in way.columns}
            touching = [group for group in after if columns.intersection(group)]
            joined = self._possible(_together([part, *(after.pop(group) for group in touching)]))
            after[tuple(sorted(columns.union(*touching)))] = joined
        self.ways = after
        self.pairs += single.pairs if single else ()

    def _possible(self, ways: list[Way]) -> list[Way]:
        """The ways that do not require NULL in a column that is NOT NULL."""
        possible = [
            way
            for way in ways
            if not any(
                left.null and not self.fields[name].nullable for name, left in way.left.items()
            )
        ]
        if not possible:
            raise NotUnderstood("no row seems to satisfy this check together with the others")
        return possible


def _must_be_comparable(pair: Pair, fields: list[Field]) -> None:
    """Require columns that a row gives, with values of one type.

    Raises:
        NotUnderstood: they are not.
    """
    for field in fields:
        if field.is_generated:
            raise NotUnderstood(f"the database fills the column {field.name!r}")
        if pair.operator in ("<", "<=") and order_of(field) is None:
            raise NotUnderstood(f"the sort order of the column {field.name!r} is unknown")
        kind = field.kind.stored
        # PostgreSQL does not compare the padding of char(n), nor the cases of citext.
        if not isinstance(kind, _COMPARABLE) or isinstance(kind, CHAR | CITEXT):
            raise NotUnderstood(f"the column {field.name!r} is compared with another column")
    one, other = fields
    alike = (
        str(one.kind) == str(other.kind)
        or order_of(one) == order_of(other) is not None
        # A text of the one may be too long for the other.
        or (
            pair.operator == "<>" and all(isinstance(field.kind.stored, String) for field in fields)
        )
    )
    if not alike:
        raise NotUnderstood(f"the columns {' and '.join(pair.columns)} have different types")


def order_of(field: Field) -> str | None:
    """What the values of a column are ordered with: those of columns of the same order."""
    kind = field.kind.stored
    for supported, order in _ORDERS:
        if isinstance(kind, supported):
            return order(kind) if _sends_such_values(field.kind) else None
    return None


def _sends_such_values(kind: Kind) -> bool:
    """Whether the decorators send values of the type's own class, not texts of them."""
    samples = samples_of(kind.stored)
    sent = (kind.value_stored_as(sample) for sample in samples)
    return not kind.decorators or all(
        value is not None and type(kind.bound(value)) is type(sample)
        for sample, value in zip(samples, sent, strict=True)
    )


def _alternatives(condition: Condition, fields: Mapping[str, Field]) -> list[Way]:
    """The ways to satisfy a condition; empty if it cannot be satisfied.

    A check passes where it is not false (PostgreSQL documentation, "Check Constraints"), so NULL
    satisfies every comparison; only `IS NOT NULL` forbids it.

    Raises:
        NotUnderstood: a comparison is not, or there are too many ways.
    """
    if isinstance(condition, Comparison):
        left = _narrowings(fields[condition.column], condition)
        return [Way({condition.column: narrowing}) for narrowing in left]
    if isinstance(condition, Pair):
        _must_be_comparable(condition, [fields[name] for name in condition.columns])
        return [Way({}, (condition,))]
    if isinstance(condition, Counted):
        condition = condition.spelled_out()
        if len(condition.parts) > _MOST_ALTERNATIVES:
            raise NotUnderstood(_TOO_MANY)
    parts = [_alternatives(part, fields) for part in condition.parts]
    if condition.every:
        return _together(parts)
    return _without_needless([way for part in parts for way in part])


def _together(parts: Iterable[list[Way]]) -> list[Way]:
    """The ways to satisfy all parts, from the ways to satisfy each part."""
    found = [Way({})]
    for part in parts:
        merged = (_merged(one, other) for one in found for other in part)
        found = _without_needless([way for way in merged if way is not None])
        if len(found) > _MOST_ALTERNATIVES:
            raise NotUnderstood(_TOO_MANY)
    return found


def _merged(one: Way, other: Way) -> Way | None:
    merged = dict(one.left)
    for column, narrowing in other.left.items():
        known = merged.get(column, ANYTHING)
        if known.like and narrowing.like and known.like != narrowing.like:
            raise NotUnderstood(f"two patterns of {column!r} are not supported together")
        if known.case and narrowing.case and known.case != narrowing.case:
            raise NotUnderstood(f"two cases of {column!r} are not supported together")
        joined = known.both(narrowing)
        if joined is None:
            return None
        merged[column] = joined
    pairs = dict.fromkeys((*one.pairs, *other.pairs))
    return Way(merged, tuple(pair for pair in pairs if not Way(merged).satisfies(pair)))


def _without_needless(ways: list[Way]) -> list[Way]:
    """The ways without those that another way contains: `x > 0` contains `x IS NULL`."""
    kept: list[Way] = []
    for index, way in enumerate(ways):
        others = [*kept, *ways[index + 1 :]]
        if not any(_contains(other, way) for other in others):
            kept.append(way)
    return kept


def _contains(outer: Way, inner: Way) -> bool:
    return all(pair in inner.pairs or inner.satisfies(pair) for pair in outer.pairs) and all(
        column in inner.left
        and (
            inner.left[column] == narrowing
            or (inner.left[column].null is True and narrowing.null is not False)
        )
        for column, narrowing in outer.left.items()
    )


def _narrowings(field: Field, comparison: Comparison) -> list[Narrowing]:
    """The values that a comparison leaves for a column, in one or more ways.

    Raises:
        NotUnderstood: the comparison depends on something that is not known here, such as a
            collation or the session's time zone.
    """
    operator = comparison.operator
    if operator in ("is null", "is not null"):
        return [Narrowing(null=operator == "is null")]
    if read := _SPECIAL.get(comparison.measure or operator):
        return read(field, comparison)
    kind = field.kind.stored
    values = tuple(_coerced(field, literal) for literal in comparison.literals)
    if operator in ("=", "in"):
        if any(map(is_nan, values)):
            raise NotUnderstood("the check compares with NaN")
        return [Narrowing(choices=tuple(dict.fromkeys(values)))]
    if isinstance(kind, Boolean):
        return [Narrowing(choices=tuple({True, False}.difference(values)))]
    if operator in ("<>", "not in"):
        return _all_but(values, ordered=isinstance(kind, _ORDERED))
    if not isinstance(kind, _ORDERED):
        raise NotUnderstood(f"the sort order of the column {field.name!r} is unknown")
    return [_bound(operator, values[0])]


def _bound(operator: str, value: Any) -> Narrowing:
    is_open = operator in ("<", ">")
    if operator in ("<", "<="):
        return Narrowing(high=value, high_open=is_open)
    return Narrowing(low=value, low_open=is_open)


def _all_but(values: tuple[Any, ...], *, ordered: bool) -> list[Narrowing]:
    """All values except the forbidden ones: for an ordered type, the ranges between them."""
    if not ordered:
        left = Narrowing(excluded=values)
        # The usual forbidden text is the empty one: then the length is at least 1.
        return [replace(left, shortest=1) if "" in values else left]
    parts = [[Way({"": _bound("<", value)}), Way({"": _bound(">", value)})] for value in values]
    return [way.left[""] for way in _together(parts)]


def _of_pattern(field: Field, comparison: Comparison) -> list[Narrowing]:
    kind, (literal,) = field.kind.stored, comparison.literals
    # The pattern takes in the padding of char(n), and in citext both cases.
    if not isinstance(kind, String) or isinstance(kind, CHAR | CITEXT):
        raise NotUnderstood(f"a pattern of the column {field.name!r} is not supported")
    try:
        pattern = Pattern.parse(str(literal))
    except ValueError as error:
        raise NotUnderstood(str(error)) from None
    alike = comparison.operator == "like"
    if pattern.text is not None:
        operator = "=" if alike else "<>"
        equal = replace(comparison, operator=operator, literals=(pattern.text,))
        return _narrowings(field, equal)
    if not pattern.counts_only:
        longest = None if pattern.is_open else pattern.shortest
        left = Narrowing(shortest=pattern.shortest, longest=longest, like=pattern)
        return [left if alike else Narrowing(unlike=(pattern,))]
    operator = (">=" if pattern.is_open else "=") if alike else ("<" if pattern.is_open else "<>")
    return _of_lengths(operator, [pattern.shortest])


def _of_expression(field: Field, comparison: Comparison) -> list[Narrowing]:
    kind, (literal,), operator = field.kind.stored, comparison.literals, comparison.operator
    # With citext no operator regards the case.
    if not isinstance(kind, String) or isinstance(kind, CITEXT):
        raise NotUnderstood(f"a regular expression of {field.name!r} is not supported")
    try:
        expression = Expression.parse(str(literal), any_case=operator.endswith("*"))
    except ValueError as error:
        raise NotUnderstood(str(error)) from None
    if operator.startswith("!"):
        if expression.by_locale:
            raise NotUnderstood("the locale decides which texts do not match")
        return [Narrowing(unlike=(expression,))]
    shortest, longest = expression.width
    if isinstance(kind, CHAR):
        # The padding of char(n) counts.
        length = kind.length or 1
        shortest, longest = (
            max(shortest, length),
            length if longest is None else min(longest, length),
        )
    return [Narrowing(shortest=shortest, longest=longest, like=expression)]


def _of_type(field: Field, comparison: Comparison) -> list[Narrowing]:
    if not isinstance(field.kind.stored, JSON):
        raise NotUnderstood(f"jsonb_typeof of the column {field.name!r} is not supported")
    operator, named = comparison.operator, {*comparison.literals}
    if unknown := named - JSON_TYPES:
        raise NotUnderstood(f"{min(map(str, unknown))!r} is no type of JSON")
    if operator not in ("=", "in", "<>", "not in"):
        raise NotUnderstood(f"{operator!r} is not supported after jsonb_typeof")
    types = JSON_TYPES & named if operator in ("=", "in") else JSON_TYPES - named
    return [Narrowing(types=types)]


def _of_length(field: Field, comparison: Comparison) -> list[Narrowing]:
    kind = field.kind.stored
    # PostgreSQL does not count the padding of char(n).
    if not isinstance(kind, String | LargeBinary) or isinstance(kind, CHAR | Enum):
        raise NotUnderstood(f"the length of the column {field.name!r} is unknown")
    return _of_lengths(comparison.operator, _whole_numbers(comparison))


def _whole_numbers(comparison: Comparison) -> list[int]:
    numbers = [number for number in comparison.literals if type(number) is Decimal]
    if len(numbers) != len(comparison.literals) or any(number % 1 for number in numbers):
        raise NotUnderstood("a length is compared with a value that is not a whole number")
    return sorted({int(number) for number in numbers})


def _of_octets(field: Field, comparison: Comparison) -> list[Narrowing]:
    # A character has one to four octets.
    if not isinstance(field.kind.stored, LargeBinary):
        raise NotUnderstood(f"the octets of the column {field.name!r} are not counted")
    return _of_length(field, comparison)


def _of_items(field: Field, comparison: Comparison) -> list[Narrowing]:
    kind = field.kind.stored
    if not isinstance(kind, ARRAY) or (kind.dimensions or 1) > 1:
        raise NotUnderstood(f"the items of the column {field.name!r} are not counted")
    found = _of_lengths(comparison.operator, _whole_numbers(comparison))
    if comparison.measure == "items":
        return found
    # The length of an empty array is NULL.
    return [
        replace(left, shortest=max(1, left.shortest))
        for left in found
        if left.longest is None or left.longest > 0
    ]


def _of_trimmed_length(field: Field, comparison: Comparison) -> list[Narrowing]:
    """Not all texts of which it is true: those that must be longer than one have no blank ends."""
    return [
        replace(left, unlike=(_BLANK,) if left == Narrowing(shortest=1) else _BLANK_ENDS)
        if left.shortest
        else left
        for left in _of_length(field, comparison)
    ]


def _of_spelling(field: Field, comparison: Comparison) -> list[Narrowing]:
    """`lower(x) = x` or `lower(x) = 'a'`; not all texts of which it is true."""
    kind, operator = field.kind.stored, comparison.operator
    if not isinstance(kind, String) or isinstance(kind, CHAR | CITEXT | Enum):
        raise NotUnderstood(f"{comparison.measure} of the column {field.name!r} is not supported")
    trim = comparison.measure.endswith("trim")
    case = comparison.measure.removesuffix("trim").rstrip()
    ends = _BLANK_ENDS if trim else ()
    spelled = Narrowing(case=case, unlike=ends)
    if not comparison.literals:
        if operator == "=":
            return [spelled]
        return [Narrowing(like=other) for other in (*_OTHER_CASE.get(case, ()), *ends)]
    texts = tuple(map(str, comparison.literals))
    if texts != comparison.literals or not all(
        text.isascii() and spelled.allows(text) for text in texts
    ):
        raise NotUnderstood(f"{comparison.measure} of a column is never one of {texts}")
    if operator in ("=", "in"):
        return [Narrowing(like=_BLANK) if trim and texts == ("",) else Narrowing(choices=texts)]
    if operator not in ("<>", "not in"):
        raise NotUnderstood(f"the sort order of the column {field.name!r} is unknown")
    if trim and texts == ("",):
        return [Narrowing(unlike=(_BLANK,))]
    # Of another length they are another text, however they are spelled.
    lengths = sorted(map(len, texts))
    shorter = [Narrowing(longest=lengths[0] - 1)] if lengths[0] else []
    return [Narrowing(shortest=lengths[-1] + 1, unlike=ends), *shorter]


def _of_beginning(field: Field, comparison: Comparison) -> list[Narrowing]:
    """`date_trunc('day', x) = x`, in the time zone UTC; of calendar units a few around 2020."""
    kind, unit = field.kind.stored, BEGINNINGS[comparison.measure]
    if not isinstance(kind, Date | DateTime) or comparison.literals:
        raise NotUnderstood(f"the {comparison.measure} is only compared with the moment itself")
    if comparison.operator == "=" and unit in LENGTHS:
        return [Narrowing(unit=LENGTHS[unit])]
    days = beginnings(unit) if comparison.operator == "=" else [_IN_A_MINUTE.date()]
    if isinstance(kind, Date):
        is_possible = comparison.operator == "=" or unit in CALENDAR
        return [Narrowing(choices=tuple(days))] if is_possible else []
    zone = UTC if kind.timezone else None
    if comparison.operator == "=":
        found = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in days]
        return [Narrowing(choices=tuple(found))]
    found = [] if unit == "second" else [_IN_A_MINUTE.replace(tzinfo=zone)]
    if getattr(kind, "precision", None) in (None, 6):
        found.append(_IN_A_MINUTE.replace(microsecond=1, tzinfo=zone))
    return [Narrowing(choices=tuple(found))]


def _of_lengths(operator: str, lengths: list[int]) -> list[Narrowing]:
    if operator in ("=", "in"):
        return [Narrowing(shortest=max(0, n), longest=n) for n in lengths if n >= 0]
    if operator in ("<>", "not in"):
        parts = [
            [Way({"": Narrowing(longest=n - 1)}), Way({"": Narrowing(shortest=n + 1)})]
            for n in lengths
        ]
        return [way.left[""] for way in _together(parts) if (way.left[""].longest or 0) >= 0]
    length = lengths[0] + {"<": -1, ">": 1}.get(operator, 0)
    if operator in ("<", "<="):
        return [Narrowing(longest=length)]
    return [Narrowing(shortest=max(0, length))]


def _coerced(field: Field, literal: Decimal | str | bool) -> Any:
    """The literal as a value of the column's type."""
    kind = field.kind.stored
    try:
        value = _read(kind, literal)
    except (TypeError, ValueError, InvalidOperation):
        value = None
    if value is None:
        raise NotUnderstood(
            f"{literal!r} is compared with the column {field.name!r} of type {kind!r}"
        )
    return value


def _read(kind: Any, literal: Decimal | str | bool) -> Any:
    """The literal as a value of the type; None if that is not possible or not supported."""
    if isinstance(kind, Boolean):
        return _TRUTHS.get(literal)
    if isinstance(literal, bool):
        return None
    for supported, read in _READERS:
        if isinstance(kind, supported):
            return read(kind, literal)
    return None


def _double(kind: Any, literal: Any) -> float | None:
    number = float(literal)
    # PostgreSQL compares a real with a double: a real column is never equal to 0.1.
    return None if is_single(kind) and not fits_single(number) else number


def _moment(kind: Any, literal: Any) -> datetime | None:
    """Refuse a literal without an offset, which depends on the session's time zone."""
    moment = datetime.fromisoformat(literal)
    if kind.timezone:
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    return moment if moment.tzinfo is None else None


#: A measure of a column or an operator -> what reads such a comparison.
_SPECIAL: dict[str, Callable[[Field, Comparison], list[Narrowing]]] = {
    "length": _of_length, "length of trim": _of_trimmed_length, "octets": _of_octets,
    "items": _of_items, "first dimension": _of_items,
    **dict.fromkeys(SPELLINGS, _of_spelling), "type": _of_type,
    **dict.fromkeys(BEGINNINGS, _of_beginning),
    "like": _of_pattern, "not like": _of_pattern,
    "~": _of_expression, "~*": _of_expression, "!~": _of_expression, "!~*": _of_expression,
}  # fmt: skip
_TRUTHS: dict[Any, bool] = {
    True: True, False: False, "true": True, "false": False, "t": True, "f": False,
}  # fmt: skip
#: Each type comes before its base classes.
_READERS: tuple[tuple[type[Any], Callable[[Any, Any], Any]], ...] = (
    (Float, _double),
    (Numeric, lambda _, literal: Decimal(literal)),
    (Integer, lambda _, literal: Decimal(literal)),
    (String, lambda _, literal: literal if isinstance(literal, str) else None),
    (Date, lambda _, literal: date.fromisoformat(literal)),
    (DateTime, _moment),
)
