"""Checks of values, and the text in which a value is sent to its column.

Rows are sent column by column, as PostgreSQL's array literals. This is the fastest way to send
many rows without COPY. A check turns the values of a column into the elements of an array literal.
If all values are of the plain type, they are checked at once. Otherwise, or if one value is wrong,
they are checked one by one.
"""

from __future__ import annotations

import json
import math
import re
import reprlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from numbers import Integral, Real
from types import NoneType
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    SmallInteger,
    String,
)
from sqlalchemy.dialects.postgresql import JSONB

from models.base import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: The element for NULL; a text with the same letters is sent in quotes.
NULL = "NULL"

#: The errors that a wrong value can raise.
_WRONG = (TypeError, ValueError, ArithmeticError, LookupError, RecursionError)
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Unfit(ValueError):
    """A value that its column cannot hold, with its position among the column's values."""

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.position = position


@dataclass(frozen=True)
class ColumnCheck:
    """How values of one column are checked and written.

    Attributes:
        nullable: whether None is allowed.
        wanted: what a value must be; completes "is not".
        kinds: the types whose values `bulk` accepts.
        one: the element of a value other than None; raises one of `_WRONG` for a wrong value.
        bulk: the elements of values of these types; raises if a value is wrong, but not which one.
    """

    nullable: bool
    wanted: str
    kinds: frozenset[type]
    one: Callable[[Any], str]
    bulk: Callable[[Sequence[Any]], Iterable[str]]

    def elements(self, values: Sequence[Any]) -> list[str]:
        """The values as elements of an array literal.

        Raises:
            Unfit: the first value that the column cannot hold.
        """
        kinds = set(map(type, values))
        nulls = NoneType in kinds
        kinds.discard(NoneType)
        if kinds <= self.kinds and (self.nullable or not nulls):
            try:
                return self._bulk(values, kinds, nulls=nulls)
            except _WRONG:
                pass  # The loop below finds the wrong value.
        return [self._element(position, value) for position, value in enumerate(values)]

    def _bulk(self, values: Sequence[Any], kinds: set[type], *, nulls: bool) -> list[str]:
        if not nulls:
            return list(self.bulk(values))
        if not kinds:
            return [NULL] * len(values)
        present = iter(self.bulk([value for value in values if value is not None]))
        return [NULL if value is None else next(present) for value in values]

    def _element(self, position: int, value: Any) -> str:
        if value is None:
            if self.nullable:
                return NULL
            raise Unfit("NULL, but the column is NOT NULL", position)
        try:
            return self.one(value)
        except Unfit as error:
            raise Unfit(f"{_shown(value)} {error}", position) from None
        except _WRONG:
            raise Unfit(f"{_shown(value)} is not {self.wanted}", position) from None


def _shown(value: Any) -> str:
    """The value, or the beginning and the end of it."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Of a whole number with more digits than Python puts into a text.
        return f"a very long {type(value).__name__}"


def check_of(column: Column[Any]) -> ColumnCheck:
    """The check of a column, by its type.

    Raises:
        TypeError: no rule is known for the type.
    """
    kind, check = column.type, partial(ColumnCheck, bool(column.nullable))
    if isinstance(kind, Vocabulary):
        return _vocabulary(check, kind)
    if isinstance(kind, Integer):
        return _integer(check, kind)
    if isinstance(kind, DateTime) and not kind.timezone:
        raise TypeError(f"{column}: a timestamp without time zone says no instant")
    for known, wanted, plain, one, bulk in _RULES:
        if isinstance(kind, known):
            return check(wanted, frozenset({plain}), one, bulk)
    raise TypeError(f"{column}: no rule is known for values of type {kind!r}")


def quoted(text: str) -> str:
    """A text as an element of an array literal."""
    if "\0" in text:
        raise Unfit("holds a NUL character, which PostgreSQL cannot store")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unfit("holds half a surrogate pair, which is no character") from None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(value: Any) -> str:
    return quoted(str.__str__(value))


def _texts(values: Sequence[Any]) -> Iterable[str]:
    known = {text: quoted(text) for text in set(values)}
    return map(known.__getitem__, values)


def _vocabulary(check: Callable[..., ColumnCheck], kind: Vocabulary[Any]) -> ColumnCheck:
    known = {term.value: quoted(term.value) for term in kind.terms}
    wanted = f"one of {', '.join(known)}"
    return check(
        wanted, frozenset({str, kind.terms}), known.__getitem__, partial(map, known.__getitem__)
    )


def _integer(check: Callable[..., ColumnCheck], kind: Integer) -> ColumnCheck:
    name, bits = "integer", 32
    if isinstance(kind, SmallInteger):
        name, bits = "smallint", 16
    if isinstance(kind, BigInteger):
        name, bits = "bigint", 64
    high = (1 << (bits - 1)) - 1
    low = -high - 1

    def one(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise TypeError
        if not low <= int(value) <= high:
            raise Unfit(f"is outside {name}, {low} to {high}")
        return int.__repr__(int(value))

    def bulk(values: Sequence[Any]) -> Iterable[str]:
        if min(values) < low or max(values) > high:
            raise ValueError
        return map(int.__repr__, values)

    return check("a whole number", frozenset({int}), one, bulk)


def _float(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise TypeError
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if number in (0.0, math.inf, -math.inf) and number != value:
        raise Unfit("is outside double precision")
    return float.__repr__(number)


def _boolean(value: Any) -> str:
    if not isinstance(value, bool):
        raise TypeError
    return "t" if value else "f"


def _date(value: Any) -> str:
    if isinstance(value, datetime):
        raise Unfit("is a datetime; give the date that is meant")
    return date.isoformat(value)


def _moment(value: Any) -> str:
    """The text in UTC, so that equal instants of different zones are equal texts."""
    if not isinstance(value, datetime):
        raise TypeError
    if value.utcoffset() is None:
        raise Unfit("has no time zone; the column is timestamptz")
    if getattr(value, "nanosecond", 0):  # A Timestamp of pandas is a datetime.
        raise Unfit("has nanoseconds; the column holds microseconds")
    try:
        return datetime.isoformat(value.astimezone(UTC))
    except OverflowError:
        raise Unfit("is outside the years 1 to 9999 in UTC") from None


def _moments(values: Sequence[Any]) -> Iterable[str]:
    utc = all(value.tzinfo is UTC for value in values)
    return map(datetime.isoformat if utc else _moment, values)


def _json(value: Any) -> str:
    if not isinstance(value, dict | list | str | bool | int | float):
        raise TypeError
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if not _names_are_texts(value):
        raise Unfit("has names that are no texts, which JSON would make texts of")
    if _ESCAPED_NUL.search(text):
        raise Unfit("holds a NUL character, which PostgreSQL cannot store")
    return quoted(text)


def _names_are_texts(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(k, str) and _names_are_texts(v) for k, v in value.items())
    return not isinstance(value, list | tuple) or all(map(_names_are_texts, value))


#: Type of the column, what a value must be, its plain type, `one`, `bulk`.
_RULES: tuple[tuple[type, str, type, Callable[[Any], str], Callable[..., Iterable[str]]], ...] = (
    (Float, "a number", float, _float, partial(map, float.__repr__)),
    (Boolean, "True or False", bool, _boolean, partial(map, _boolean)),
    (String, "a text", str, _text, _texts),
    (Date, "a date", date, _date, partial(map, date.isoformat)),
    (DateTime, "a datetime", datetime, _moment, _moments),
    (JSONB, "a document that JSON can hold as it is", dict, _json, partial(map, _json)),
)
