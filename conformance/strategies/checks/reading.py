"""What a table's CHECK constraints demand of its columns, and those that are not understood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CHAR,
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
)

from conformance.expected import spelling
from conformance.strategies.checks.syntax import mentioned, read_check
from conformance.strategies.values.conditions import Comparison, NotUnderstood
from conformance.strategies.values.kinds import fits_single, is_single, kind_of
from conformance.strategies.values.narrowing import Alternative, Narrowing, is_nan, together
from conformance.strategies.values.narrowing import alternatives as ways_to_satisfy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Column, Table

_ORDERED = (Integer, Numeric, Float, Date, DateTime)


@dataclass(frozen=True)
class UnreadCheck:
    """A CHECK constraint that is not understood.

    Attributes:
        name: as it is named in the database; its SQL if it has no name.
        columns: the columns that it mentions.
        reason: what in it is not understood.
    """

    name: str
    sql: str
    columns: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        return f"check {self.name} ({self.sql}) is not understood: {self.reason}"


@dataclass(frozen=True)
class Demands:
    """What all checks of a table demand together.

    Attributes:
        groups: columns that checks tie to each other, with the ways to satisfy these checks;
            most are of one column and one way.
        unread: the checks that are not part of it.
    """

    groups: tuple[tuple[tuple[str, ...], tuple[Alternative, ...]], ...]
    unread: tuple[UnreadCheck, ...]


def demands_of(table: Table) -> Demands:
    """Read every CHECK constraint of the table; columns go by their names."""
    groups = _Groups(table)
    unread: list[UnreadCheck] = []
    for constraint in sorted(table.constraints, key=lambda item: spelling.final_name(item) or ""):
        # A check that belongs to a type (Enum, Boolean) says what the type says.
        if isinstance(constraint, CheckConstraint) and not constraint._type_bound:
            sql = spelling.sql(constraint.sqltext)
            try:
                groups.add(sql)
            except NotUnderstood as error:
                name = spelling.final_name(constraint) or sql
                columns = mentioned(sql, [column.name for column in table.columns])
                unread.append(UnreadCheck(name, sql, columns, str(error)))
    return Demands(tuple(groups.found()), tuple(unread))


class _Groups:
    """Checks that have a column in common go together, all others stay apart."""

    def __init__(self, table: Table) -> None:
        self.columns = {column.name: column for column in table.columns}
        self.ways: dict[tuple[str, ...], list[Alternative]] = {}

    def add(self, sql: str) -> None:
        """Read one more check.

        Raises:
            NotUnderstood: and nothing has been added.
        """
        condition = read_check(sql, self.columns)
        ways = ways_to_satisfy(condition, lambda item: narrowings(self.columns[item.column], item))
        ways = self._possible(ways)
        after = dict(self.ways)
        # One way only ties no columns to each other.
        parts = [[{name: left}] for name, left in ways[0].items()] if len(ways) == 1 else [ways]
        for part in parts:
            columns = {name for way in part for name in way}
            touching = [group for group in after if columns.intersection(group)]
            joined = self._possible(together([part, *(after.pop(group) for group in touching)]))
            after[tuple(sorted(columns.union(*touching)))] = joined
        self.ways = after

    def _possible(self, ways: list[Alternative]) -> list[Alternative]:
        """Without the ways that need a NULL where there can be none."""
        possible = [
            way
            for way in ways
            if not any(left.null and not self.columns[name].nullable for name, left in way.items())
        ]
        if not possible:
            raise NotUnderstood("no row seems to satisfy it together with the other checks")
        return possible

    def found(self) -> Iterable[tuple[tuple[str, ...], tuple[Alternative, ...]]]:
        for columns, ways in self.ways.items():
            yield columns, tuple(ways)


def narrowings(column: Column[Any], comparison: Comparison) -> list[Narrowing]:
    """What a comparison leaves of a column, in one or more ways.

    Raises:
        NotUnderstood: the comparison depends on something that is not known here, such as a
            collation or the session's time zone.
    """
    operator = comparison.operator
    if operator in ("is null", "is not null"):
        return [Narrowing(null=operator == "is null")]
    if comparison.of_length:
        return _of_length(column, comparison)
    kind = kind_of(column.type).type
    values = tuple(_coerced(column, literal) for literal in comparison.literals)
    if operator in ("=", "in"):
        if any(map(is_nan, values)):
            raise NotUnderstood("it asks for NaN")
        return [Narrowing(choices=tuple(dict.fromkeys(values)))]
    if isinstance(kind, Boolean):
        return [Narrowing(choices=tuple({True, False}.difference(values)))]
    if operator in ("<>", "not in"):
        return _all_but(values, ordered=isinstance(kind, _ORDERED))
    if not isinstance(kind, _ORDERED):
        raise NotUnderstood(f"the order of {column.name!r} is not known here")
    return [_bound(operator, values[0])]


def _bound(operator: str, value: Any) -> Narrowing:
    is_open = operator in ("<", ">")
    if operator in ("<", "<="):
        return Narrowing(high=value, high_open=is_open)
    return Narrowing(low=value, low_open=is_open)


def _all_but(values: tuple[Any, ...], *, ordered: bool) -> list[Narrowing]:
    """Of ordered values the ranges between the forbidden ones; of others all but those."""
    if not ordered:
        left = Narrowing(excluded=values)
        # The empty text is the one that is likely; forbidding it is a matter of length.
        return [replace(left, shortest=1) if "" in values else left]
    parts = [[{"": _bound("<", value)}, {"": _bound(">", value)}] for value in values]
    return [way[""] for way in together(parts)]


def _of_length(column: Column[Any], comparison: Comparison) -> list[Narrowing]:
    kind = kind_of(column.type).type
    # PostgreSQL does not count the blanks that char(n) is filled up with.
    if not isinstance(kind, String | LargeBinary) or isinstance(kind, CHAR | Enum):
        raise NotUnderstood(f"the length of {column.name!r} is not known here")
    numbers = [number for number in comparison.literals if type(number) is Decimal]
    if len(numbers) != len(comparison.literals) or any(number % 1 for number in numbers):
        raise NotUnderstood("a length is compared with something that is no whole number")
    lengths = sorted({int(number) for number in numbers})
    operator = comparison.operator
    if operator in ("=", "in"):
        return [Narrowing(shortest=max(0, n), longest=n) for n in lengths if n >= 0]
    if operator in ("<>", "not in"):
        parts = [[{"": Narrowing(longest=n - 1)}, {"": Narrowing(shortest=n + 1)}] for n in lengths]
        return [way[""] for way in together(parts) if (way[""].longest or 0) >= 0]
    length = lengths[0] + {"<": -1, ">": 1}.get(operator, 0)
    if operator in ("<", "<="):
        return [Narrowing(longest=length)]
    return [Narrowing(shortest=max(0, length))]


def _coerced(column: Column[Any], literal: Decimal | str | bool) -> Any:
    """The literal as the column's type compares it."""
    kind = kind_of(column.type).type
    try:
        value = _read(kind, literal)
    except (TypeError, ValueError, InvalidOperation):
        value = None
    if value is None:
        raise NotUnderstood(f"{literal!r} is compared with {column.name!r}, {kind!r}")
    return value


def _read(kind: Any, literal: Decimal | str | bool) -> Any:
    """The literal as a value of the type; None if it is none, or none that is known here."""
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
    # PostgreSQL compares a real with a double: 0.1 is in no real column.
    return None if is_single(kind) and not fits_single(number) else number


def _moment(kind: Any, literal: Any) -> datetime | None:
    """A literal without an offset would mean the session's time zone."""
    moment = datetime.fromisoformat(literal)
    if kind.timezone:
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    return moment if moment.tzinfo is None else None


_TRUTHS: dict[Any, bool] = {
    True: True, False: False, "true": True, "false": False, "t": True, "f": False,
}  # fmt: skip
#: A type before the types that it inherits from.
_READERS: tuple[tuple[type[Any], Callable[[Any, Any], Any]], ...] = (
    (Float, _double),
    (Numeric, lambda _, literal: Decimal(literal)),
    (Integer, lambda _, literal: Decimal(literal)),
    (String, lambda _, literal: literal if isinstance(literal, str) else None),
    (Date, lambda _, literal: date.fromisoformat(literal)),
    (DateTime, _moment),
)
