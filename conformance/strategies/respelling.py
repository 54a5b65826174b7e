"""One value in several spellings: what PostgreSQL takes for equal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from conformance.strategies.values.narrowing import is_nan

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

_ZONES = tuple(timezone(timedelta(hours=hours)) for hours in (-8, 0, 9))


def respelled(value: Any) -> SearchStrategy[Any]:
    """The value in another spelling that is equal in PostgreSQL; itself if it has none."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return st.sampled_from([value.astimezone(zone) for zone in _ZONES])
    if isinstance(value, float):
        # Every NaN is equal to every other there, and to itself alone in Python.
        return st.just(float("nan") if is_nan(value) else -value if value == 0 else value)
    return st.just(value)


def canonical(value: Any) -> Any:
    """A hashable form by which values are the same when PostgreSQL would store the same.

    NaN is itself, an instant is the same at every offset (where Python holds it different from
    itself in an hour that comes twice), `1.0` and `1.00` are the same number, an enum is its
    value, and a document is its text with sorted keys. Both zeros are one: PostgreSQL keeps the
    sign, but psycopg2 writes `-0.0` as a `numeric` literal, which has none.
    """
    if isinstance(value, Enum):
        return canonical(value.value)
    if isinstance(value, list | tuple):
        return ("list", tuple(canonical(item) for item in value))
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    return value


_FORMS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (float, lambda value: ("float", repr(value or 0.0))),
    (Decimal, lambda value: ("decimal", "NaN" if is_nan(value) else value)),
    (datetime, lambda value: value.astimezone(UTC).isoformat() if value.tzinfo else value),
    (time, time.isoformat),
    (dict, lambda value: ("document", json.dumps(value, sort_keys=True))),
    ((memoryview, bytearray), bytes),
)


def canonical_row(row: dict[str, Any]) -> dict[str, Any]:
    """The row with every value in its canonical form."""
    return {name: canonical(value) for name, value in row.items()}
