"""The canonical form of values: two are equal if PostgreSQL stores the same."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.dialects.postgresql import Range

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


def canonical(value: Any) -> Hashable:
    """A hashable form of the value: equal for values that PostgreSQL stores alike.

    NaN is itself, an instant is the same at every offset (where Python holds it different from
    itself in an hour that comes twice), `1.0` and `1.00` are the same number, an enum is its
    value, and a document is its text with sorted keys. Both zeros are one: PostgreSQL keeps the
    sign, but psycopg2 writes `-0.0` as a `numeric` literal, which has none.
    """
    return cast("Hashable", value) if type(value) in _AS_THEY_ARE else _form_of(value)


def _form_of(value: Any) -> Hashable:
    if isinstance(value, Enum):
        return canonical(value.value)
    if isinstance(value, list | tuple):
        return ("list", tuple(canonical(item) for item in value))
    if isinstance(value, Range):
        return ("range", canonical([value.lower, value.upper, value.bounds, value.empty]))
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    try:
        hash(value)
    except TypeError:
        # A TypeDecorator may return any class.
        return ("other", repr(value))
    return cast("Hashable", value)


#: Most values are of these types: the checks compare whole tables again and again.
_AS_THEY_ARE = frozenset({str, int, bool, bytes, date, NoneType})

_FORMS: tuple[tuple[Any, Callable[[Any], Hashable]], ...] = (
    (float, lambda value: ("float", repr(value or 0.0))),
    (Decimal, lambda value: ("decimal", "NaN" if value.is_nan() else value)),
    (datetime, lambda value: value.astimezone(UTC).isoformat() if value.tzinfo else value),
    (time, time.isoformat),
    (dict, lambda value: ("document", json.dumps(value, sort_keys=True, default=repr))),
    ((memoryview, bytearray), bytes),
)


def canonical_row(row: dict[str, Any]) -> dict[str, Any]:
    """The row with every value in its canonical form."""
    return {name: canonical(value) for name, value in row.items()}
