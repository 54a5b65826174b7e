"""Strategies for the values of a type in SQLAlchemy's form; never NULL."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, time, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql as pg

from conformance.strategies.fields import INTERVALS, Kind, kind_of
from conformance.strategies.values import composed, moments, numerals, texts
from conformance.strategies.values.narrowing import ANYTHING, JSON_TYPES, Narrowing, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy.types import TypeEngine

    from conformance.strategies.fields import Field
    from conformance.strategies.values.moments import Within

    Maker = Callable[[Any, Narrowing, int | None], SearchStrategy[Any]]

#: The largest number of items in one dimension of an array.
_MOST_ITEMS = 3
#: Earlier versions of SQLAlchemy fail when they read such an array (sqlalchemy#12847).
_READS_NULL_AMONG_ENUMS = tuple(map(int, re.findall(r"\d+", sa.__version__)[:3])) >= (2, 0, 44)


class UnknownType(Exception):
    """The values of the type are unknown."""


def values(
    kind: Kind,
    narrowing: Narrowing = ANYTHING,
    limit: int | None = None,
    *,
    within: Within | None = None,
    plain: bool = False,
) -> SearchStrategy[Any]:
    """Values of a type that the narrowing allows; `st.nothing()` if it allows none.

    Args:
        limit: the number of bytes that fit into an index; None: no index has the column.
        within: the range of a hypertable's time column.
        plain: whether texts are short words that are easy to read.

    Raises:
        UnknownType: the values of the type are unknown.
    """
    stored = partial(_stored, kind, narrowing, limit, within, plain=plain)
    return _given(kind, narrowing, stored) if kind.decorators else stored()


def _stored(
    kind: Kind, narrowing: Narrowing, limit: int | None, within: Within | None, *, plain: bool
) -> SearchStrategy[Any]:
    stored = kind.stored
    if isinstance(stored, sa.Enum):
        return _sampled(_labels(stored, narrowing))
    if narrowing.choices is not None:
        chosen = list(_chosen(stored, narrowing))
        return _sampled(_inside(chosen, within) or chosen)
    if within is not None:
        chunks, low, high = within
        return moments.moments(chunks.axis, narrowing, (low, high), chunks)
    if plain and isinstance(stored, sa.String):
        return texts.plain(stored, narrowing, limit)
    for known, make, _ in _KNOWN:
        if isinstance(stored, known):
            return make(stored, narrowing, limit)
    raise UnknownType(f"cannot generate values of type {kind}")


def _sampled(items: Iterable[Any]) -> SearchStrategy[Any]:
    found = list(items)
    return st.sampled_from(found) if found else st.nothing()


def _labels(kind: sa.Enum, narrowing: Narrowing) -> Iterable[Any]:
    """The members of the enum's class, or the labels of an enum without a class."""
    for label in kind.enums:
        if narrowing.allows(label):
            yield kind._object_value_for_elem(label) if kind.enum_class else label


def _chosen(kind: TypeEngine[Any], narrowing: Narrowing) -> Iterable[Any]:
    for choice in narrowing.choices or ():
        if narrowing.allows(choice) and (value := _as_stored(kind, choice)) is not None:
            yield value


def _inside(choices: list[Any], within: Within | None) -> list[Any]:
    """Those in the range of a hypertable's time column."""
    if within is None:
        return choices
    chunks, low, high = within
    return [choice for choice in choices if low <= chunks.axis.step(choice) <= high]


def _as_stored(kind: TypeEngine[Any], choice: Any) -> Any:
    """The choice as it is read from the column; None if the type cannot store the choice."""
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


def precarious(field: Field) -> list[Any]:
    """The numbers and texts that programs often change."""
    kind, left = field.kind.stored, field.narrowing
    found: list[Any] = []
    if left.null or left.choices is not None or isinstance(kind, sa.Enum | sa.CHAR):
        return []
    if isinstance(kind, sa.Float):
        found = numerals.precarious(kind, left)
    elif isinstance(kind, sa.Integer):
        ends = numerals.whole_range(kind)
        found = [number for number in (0, -1, *ends) if left.allows(number)]
    elif isinstance(kind, sa.String):
        found = texts.precarious(left, kind.length)
    return _taken(field.kind, found, left)


def ends(kind: TypeEngine[Any], narrowing: Narrowing) -> list[Any]:
    """The values at the bounds of a narrowing; all of it that is listed."""
    if narrowing.null:
        return []
    if narrowing.choices is not None:
        return [] if isinstance(kind, sa.Enum) else list(_chosen(kind, narrowing))
    if isinstance(kind, sa.Integer | sa.Float | sa.Numeric):
        return numerals.ends(kind, narrowing)
    if isinstance(kind, sa.Date | sa.DateTime):
        return moments.ends(kind, narrowing)
    if isinstance(kind, sa.String) and not isinstance(kind, sa.Enum):
        return texts.ends(kind, narrowing)
    return []


# The code of a type decorator makes its values from stored values.


def _given(
    kind: Kind, narrowing: Narrowing, stored: Callable[[], SearchStrategy[Any]]
) -> SearchStrategy[Any]:
    """Values that the decorators accept and return unchanged.

    These are members of an Enum class, or values that the decorators make of stored values. The
    narrowing must allow the stored values.
    """
    if any(kind.round_trip(member) is member for member in kind.members):
        return _sampled(m for m in kind.members if kind.round_trip(m, narrowing) is m)
    if narrowing.choices is not None:
        return _sampled(_taken(kind, _chosen(kind.stored, narrowing), narrowing))
    some: list[Any] = []
    for samples, strategy in _candidates(kind.stored, stored):
        taken = _taken(kind, samples)
        some = some or taken
        if 2 * len(taken) >= len(samples) > 0:
            accepted = made(lambda item: kind.value_stored_as(item, narrowing), strategy)
            return accepted.filter(lambda value: value is not None)
    if not some:
        raise UnknownType(f"cannot generate values of type {kind}")
    return _sampled(value for value in some if kind.round_trip(value, narrowing) is not None)


def _taken(kind: Kind, stored: Iterable[Any], narrowing: Narrowing = ANYTHING) -> list[Any]:
    found = (kind.value_stored_as(item, narrowing) for item in stored)
    return [value for value in found if value is not None]


def _candidates(
    kind: TypeEngine[Any], stored: Callable[[], SearchStrategy[Any]]
) -> Iterator[tuple[Sequence[Any], SearchStrategy[Any]]]:
    """Samples of stored values that decorators may accept, with a strategy for such values."""
    yield samples_of(kind), stored()
    if isinstance(kind, sa.String):
        yield ('{"a": 1}', "{}"), made(json.dumps, composed.objects())
        yield ("1", "20"), made(str, st.integers(0, 9_999))
        yield (str(_UUID),), made(str, st.uuids())
        yield ("2020-01-01",), made(str, st.dates())


def samples_of(kind: TypeEngine[Any]) -> Sequence[Any]:
    """A few plain values of a stored type; none of an unknown type."""
    if isinstance(kind, sa.Enum):
        return list(_labels(kind, ANYTHING))
    return next((samples(kind) for known, _, samples in _KNOWN if isinstance(kind, known)), ())


# What is known of each type.


def _intervals(kind: Any, narrowing: Narrowing, __: int | None) -> SearchStrategy[Any]:
    """All fields after the last named field are zero; the others may have any value."""
    last = (getattr(kind, "fields", None) or "SECOND").upper().split()[-1]
    if last in _FIELDS:
        return moments.intervals(_FIELDS[last], narrowing)
    if not last.startswith("SECOND"):
        # A timedelta has no months.
        raise UnknownType(f"cannot generate values of type {kind!r}")
    precision = getattr(kind, "precision", getattr(kind, "second_precision", None))
    return moments.intervals(_unit(precision), narrowing)


def _unit(precision: int | None) -> int:
    return 1 if precision is None else 10 ** (6 - precision)


def _times(kind: Any, narrowing: Narrowing, __: int | None) -> SearchStrategy[Any]:
    unit = _unit(getattr(kind, "precision", None))
    return moments.times(narrowing, aware=bool(kind.timezone), unit=unit)


def _uuids(kind: Any, _: Narrowing, __: int | None) -> SearchStrategy[Any]:
    any_version = st.uuids(allow_nil=True)
    return any_version if kind.as_uuid else made(str, any_version)


def _documents(kind: Any, narrowing: Narrowing, limit: int | None) -> SearchStrategy[Any]:
    types = JSON_TYPES if narrowing.types is None else narrowing.types
    # None is the document `null`, unless the type says that it is NULL.
    left = types - {"null"} if kind.none_as_null else types
    return composed.documents(small=limit is not None, types=left)


def _arrays(kind: Any, narrowing: Narrowing, limit: int | None) -> SearchStrategy[Any]:
    depth = kind.dimensions or 1
    most = max(_MOST_ITEMS, narrowing.shortest)
    if narrowing.longest is not None:
        most = min(most, narrowing.longest)
    room = None if limit is None else limit // (most**depth + 1)
    item = kind_of(kind.item_type)
    if isinstance(item.stored, sa.JSON) and not item.decorators:
        items: SearchStrategy[Any] = composed.objects()
    else:
        items = values(item, ANYTHING, room)
    if _READS_NULL_AMONG_ENUMS or not getattr(item.stored, "native_enum", False):
        items |= st.none()
    return composed.arrays(items, depth, least=narrowing.shortest, most=most)


def _ranges(kind: Any, _: Narrowing, __: int | None) -> SearchStrategy[Any]:
    bound = _BOUNDS[kind.__visit_name__]
    finite = Narrowing(high=Decimal(10**8)) if isinstance(bound, sa.Numeric) else ANYTHING
    return composed.ranges(
        values(kind_of(bound), finite), discrete=isinstance(bound, sa.Integer | sa.Date)
    )


_UUID = uuid.UUID("00000000-0000-4000-8000-000000000001")
#: Microseconds of the last field of an interval.
_FIELDS = {"DAY": 86_400_000_000, "HOUR": 3_600_000_000, "MINUTE": 60_000_000}
_BOUNDS: dict[str, TypeEngine[Any]] = {
    "INT4RANGE": sa.Integer(), "INT8RANGE": sa.BigInteger(), "NUMRANGE": sa.Numeric(12, 4),
    "DATERANGE": sa.Date(), "TSRANGE": sa.DateTime(), "TSTZRANGE": sa.DateTime(timezone=True),
}  # fmt: skip
_RANGES = (pg.INT4RANGE, pg.INT8RANGE, pg.NUMRANGE, pg.DATERANGE, pg.TSRANGE, pg.TSTZRANGE)

#: The strategy and a few samples for each type; a class stands before its base classes.
_KNOWN: tuple[tuple[Any, Maker, Callable[[Any], Sequence[Any]]], ...] = (
    (sa.Boolean, lambda _, __, ___: st.booleans(), lambda _: (True, False)),
    (sa.Integer, lambda kind, left, _: numerals.integers(kind, left), lambda _: range(10)),
    (sa.Float, lambda kind, left, _: numerals.floats(kind, left), lambda _: (0.5, 1.0)),
    (
        sa.Numeric,
        lambda kind, left, _: numerals.decimals(kind, left),
        lambda kind: (Decimal(1) if kind.asdecimal else 1.0,),
    ),
    (sa.String, texts.texts, lambda _: ("a", "b 1")),
    (sa.LargeBinary, texts.binaries, lambda _: (b"a", b"b1")),
    ((sa.Date, sa.DateTime), lambda kind, left, _: moments.anytime(kind, left), moments.samples),
    (INTERVALS, _intervals, lambda _: (timedelta(days=1),)),
    (sa.Time, _times, lambda kind: (time(1, tzinfo=UTC if kind.timezone else None),)),
    (sa.Uuid, _uuids, lambda kind: (_UUID if kind.as_uuid else str(_UUID),)),
    (sa.JSON, _documents, lambda _: ({}, {"a": 1})),
    (sa.ARRAY, _arrays, lambda _: ([],)),
    (pg.INET, texts.hosts, lambda _: ("127.0.0.1",)),
    (pg.CIDR, texts.networks, lambda _: ("10.0.0.0/8",)),
    ((pg.MACADDR, pg.MACADDR8), texts.hardware_addresses, lambda _: ("08:00:2b:01:02:03",)),
    (pg.BIT, texts.bits, lambda kind: ("1" * (kind.length or 1),)),
    (pg.TSVECTOR, texts.lexemes, lambda _: ("'a'",)),
    (pg.HSTORE, lambda _, __, ___: composed.mappings(), lambda _: ({}, {"a": "1"})),
    (_RANGES, _ranges, lambda _: (pg.Range(empty=True),)),
)
