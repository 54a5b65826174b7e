"""Values of a column's type, as SQLAlchemy takes and gives them; never NULL."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql as pg

from conformance.strategies.values import documents, moments, numerals, strings, texts
from conformance.strategies.values.axes import axis_of
from conformance.strategies.values.kinds import INTERVALS, kind_of
from conformance.strategies.values.making import made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy.types import TypeEngine

    from conformance.strategies.values.narrowing import Narrowing

    Maker = Callable[[Any, Narrowing, int | None], SearchStrategy[Any]]

#: What an array's items share of the room in an index.
_MOST_ITEMS = 3


class UnknownType(Exception):
    """Nothing is known here of a type's values."""


def values(
    declared: TypeEngine[Any], narrowing: Narrowing, limit: int | None = None
) -> SearchStrategy[Any]:
    """Values of a type that the narrowing leaves; `st.nothing()` if it leaves none.

    Args:
        limit: how many bytes an index has room for; None: the column is in none.

    Raises:
        UnknownType: for its values one has to be asked.
    """
    kind = kind_of(declared)
    if kind.terms:
        return _sampled(term for term in kind.terms if narrowing.allows(term.value))
    if isinstance(kind.type, sa.Enum):
        return _sampled(_labels(kind.type, narrowing))
    if narrowing.choices is not None:
        return _sampled(_chosen(kind.type, narrowing))
    for supported, make in _MAKERS:
        if isinstance(kind.type, supported):
            return make(kind.type, narrowing, limit)
    raise UnknownType(f"nothing is known of the values of type {kind.type!r}")


def _sampled(items: Iterable[Any]) -> SearchStrategy[Any]:
    found = list(items)
    return st.sampled_from(found) if found else st.nothing()


def _labels(kind: sa.Enum, narrowing: Narrowing) -> Iterable[Any]:
    """Members of the enum's class, or its labels where it has none."""
    for label in kind.enums:
        if narrowing.allows(label):
            yield kind._object_value_for_elem(label) if kind.enum_class else label


def _chosen(kind: TypeEngine[Any], narrowing: Narrowing) -> Iterable[Any]:
    for choice in narrowing.choices or ():
        if narrowing.allows(choice) and (value := _stored(kind, choice)) is not None:
            yield value


def _stored(kind: TypeEngine[Any], choice: Any) -> Any:
    """The choice of a check as the column gives it back; None if the type does not hold it."""
    if isinstance(kind, sa.Integer):
        low, high = numerals.whole_range(kind)
        return int(choice) if choice % 1 == 0 and low <= choice <= high else None
    if isinstance(kind, sa.Numeric) and isinstance(choice, Decimal):
        return choice if kind.asdecimal else float(choice)
    if isinstance(kind, sa.CHAR):
        padded = choice.ljust(kind.length or 1)
        return padded if len(padded) == (kind.length or 1) else None
    if isinstance(kind, sa.String) and kind.length is not None:
        return choice if len(choice) <= kind.length else None
    return choice


def _moments(kind: Any, narrowing: Narrowing, _: int | None) -> SearchStrategy[Any]:
    axis = axis_of(kind)
    assert axis is not None, "dates and moments have one"
    return moments.moments(axis, narrowing, (axis.first, axis.last))


def _intervals(kind: Any, _: Narrowing, __: int | None) -> SearchStrategy[Any]:
    if getattr(kind, "fields", None) is not None:
        raise UnknownType(f"nothing is known of the values of type {kind!r}")
    precision = getattr(kind, "precision", getattr(kind, "second_precision", None))
    return moments.intervals(_unit(precision))


def _unit(precision: int | None) -> int:
    return 1 if precision is None else 10 ** (6 - precision)


def _times(kind: Any, _: Narrowing, __: int | None) -> SearchStrategy[Any]:
    unit = _unit(getattr(kind, "precision", None))
    return moments.times(aware=bool(kind.timezone), unit=unit)


def _uuids(kind: Any, _: Narrowing, __: int | None) -> SearchStrategy[Any]:
    any_version = st.uuids(allow_nil=True)
    return any_version if kind.as_uuid else made(str, any_version)


def _documents(kind: Any, _: Narrowing, limit: int | None) -> SearchStrategy[Any]:
    found = documents.documents(small=limit is not None)
    # None is the document `null`, unless the type says that it is NULL.
    return made(lambda item: {} if item is None else item, found) if kind.none_as_null else found


def _arrays(kind: Any, narrowing: Narrowing, limit: int | None) -> SearchStrategy[Any]:
    depth = kind.dimensions or 1
    room = None if limit is None else limit // (_MOST_ITEMS**depth + 1)
    if isinstance(kind_of(kind.item_type).type, sa.JSON):
        items: SearchStrategy[Any] = documents.objects()
    else:
        items = values(kind.item_type, narrowing, room)
    return documents.arrays(items, depth, most=_MOST_ITEMS)


#: A type before the types that it inherits from.
_MAKERS: tuple[tuple[Any, Maker], ...] = (
    (sa.Boolean, lambda _, __, ___: st.booleans()),
    (sa.Integer, lambda kind, narrowing, _: numerals.integers(kind, narrowing)),
    (sa.Float, lambda kind, narrowing, _: numerals.floats(kind, narrowing)),
    (sa.Numeric, lambda kind, narrowing, _: numerals.decimals(kind, narrowing)),
    (sa.String, texts.texts),
    (sa.LargeBinary, texts.binaries),
    (sa.Date, _moments),
    (sa.DateTime, _moments),
    (INTERVALS, _intervals),
    (sa.Time, _times),
    (sa.Uuid, _uuids),
    (sa.JSON, _documents),
    (sa.ARRAY, _arrays),
    (pg.INET, strings.hosts),
    (pg.CIDR, strings.networks),
    ((pg.MACADDR, pg.MACADDR8), strings.hardware_addresses),
    (pg.BIT, strings.bits),
)
