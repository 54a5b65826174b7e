"""Batches of rows that meet each other: the same key again, spelled otherwise, or nearly it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import UniqueConstraint

from conformance.declarations.base import created
from conformance.declarations.hypertables import unique_keys
from conformance.expected import spelling
from conformance.strategies.canonical import canonical
from conformance.strategies.derivation import Derivation, Row, derivation_of, table_of
from conformance.strategies.rows import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import Table

#: For each column those that must come from the same row.
Ties = dict[str, tuple[str, ...]]
#: How a row comes about, given one that is in the batch already.
_WAYS = ("fresh", "again", "rewritten", "respelled", "neighbour")
_ZONES = tuple(timezone(timedelta(hours=hours)) for hours in (-8, 0, 9))


def natural_key(model: Any) -> tuple[str, ...]:
    """The keys of the columns by which a write finds an existing row.

    These are the columns of the unique constraint `uq_<table>_natural_key`, else of the only unique
    constraint, else of a primary key that the database does not fill.

    Raises:
        ValueError: the table has no such key, or several unique constraints without that name.
    """
    table = table_of(model)
    unique = [item for item in created(table.constraints) if isinstance(item, UniqueConstraint)]
    named = [item for item in unique if spelling.final_name(item) == f"uq_{table.name}_natural_key"]
    found = [*named, *unique][0] if named or len(unique) == 1 else None
    if found is not None:
        return tuple(column.key for column in found.columns)
    fields = derivation_of(table).fields
    primary = [fields[column.name] for column in table.primary_key.columns]
    if not unique and primary and not any(field.is_generated for field in primary):
        return tuple(field.key for field in primary)
    raise ValueError(
        f"{table.name} has {len(unique)} unique constraints and none is named "
        f"uq_{table.name}_natural_key; name one so, or pass key= with the identifying columns"
    )


def batches(
    model: Any,
    overrides: dict[str, Any] | None = None,
    /,
    *,
    key: Sequence[str] | None = None,
    min_size: int = 1,
    max_size: int = 8,
    **settings: Any,
) -> SearchStrategy[list[Row]]:
    """Lists of rows, in any order, some of which have the same or nearly the same natural key.

    A list has new rows, and variants of an earlier row: the same row; a row with the same key; a
    row with the same key in another spelling (the same instant in another time zone, 0.0 and -0.0);
    and a row whose key differs in exactly one column.

    Args:
        model: a mapped class or a table.
        overrides: as for `rows`, to which all further arguments are passed.
        key: the columns that identify a row; by default `natural_key`.
        min_size, max_size: how many rows.

    Raises:
        ValueError: the table has no natural key, `key` names a column that does not exist, or
            `rows` raises an error.
    """
    table = table_of(model)
    columns = tuple(natural_key(table) if key is None else key)
    for name in columns:
        if name not in table.columns:
            raise ValueError(f"key: {table.name} has no column {name!r}")
    derivation = derivation_of(table)
    # Only the author of a TypeDecorator knows which values it accepts.
    own = {field.key for field in derivation.fields.values() if not field.kind.decorators}
    maker = _Batches(
        rows(table, overrides, **settings), columns, own.intersection(columns), _ties(derivation)
    )
    return _batch(maker, st.integers(min_size, max_size))


def _ties(derivation: Derivation) -> Ties:
    """Column -> the columns that must come from the same row, because of checks or foreign keys."""
    groups = [set(names) for names, _ in derivation.groups]
    groups += [set(pair.columns) for pair in derivation.pairs]
    groups += [set(check.columns) for check in derivation.unread]
    groups += [
        {element.parent.name for element in constraint.elements}
        for constraint in derivation.table.foreign_key_constraints
    ]
    key = {name: field.key for name, field in derivation.fields.items()}
    return {key[name]: tuple(key[n] for n in group) for group in merged(groups) for name in group}


def merged(groups: Iterable[set[str]]) -> list[set[str]]:
    """Groups that share a column are one."""
    merged: list[set[str]] = []
    for group in groups:
        sharing = [other for other in merged if not other.isdisjoint(group)]
        merged = [other for other in merged if other not in sharing]
        merged.append(group.union(*sharing))
    return merged


@dataclass(frozen=True)
class _Batches:
    """The strategies and columns for the rows of a batch."""

    row: SearchStrategy[Row]
    key: tuple[str, ...]
    respellable: set[str]
    ties: Ties

    def like(self, draw: st.DrawFn, source: Row) -> Row:
        """A variant of the source row, or a new row."""
        way = draw(st.sampled_from(_WAYS))
        fresh = dict(source) if way == "again" else draw(self.row)
        if way in ("fresh", "again"):
            return fresh
        if way == "neighbour":
            return self._taking(source, fresh, [draw(st.sampled_from(self.key))])
        made = self._taking(fresh, source, self.key)
        if way == "respelled":
            respellable = [name for name in self.key if name in self.respellable & made.keys()]
            made.update((name, draw(respelled(made[name]))) for name in respellable)
        return made

    def _taking(self, row: Row, other: Row, columns: Sequence[str]) -> Row:
        return _taking(self.ties, row, other, columns)


def respelled(value: Any) -> SearchStrategy[Any]:
    """Values that PostgreSQL stores like this one, but that are spelled differently."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return st.sampled_from([value.astimezone(zone) for zone in _ZONES])
    if isinstance(value, float):
        # In PostgreSQL all NaN are equal; in Python a NaN is not.
        return st.just(float("nan") if math.isnan(value) else -value if value == 0 else value)
    return st.just(value)


def rewritten(model: Any, row: Row, other: Row, columns: Sequence[str]) -> Row:
    """The row with these columns, and the columns tied to them, taken from the other row."""
    return _taking(_ties(derivation_of(model)), row, other, columns)


def _taking(ties: Ties, row: Row, other: Row, columns: Sequence[str]) -> Row:
    """The row with these columns taken from the other row, which may leave them out."""
    taken = {tied for name in columns for tied in ties.get(name, (name,))}
    return {
        **{name: value for name, value in row.items() if name not in taken},
        **{name: value for name, value in other.items() if name in taken},
    }


def many(model: Any, drawn: Sequence[Row], count: int) -> list[Row]:
    """At most `count` rows with different keys, of columns of these rows; drawing takes longer.

    Columns that are tied come from the same row. No two rows have the same values in the columns of
    a unique key.

    Args:
        drawn: rows with all columns.
    """
    table = table_of(model)
    ties = _ties(derivation_of(table))
    groups = list(dict.fromkeys(ties.get(name, (name,)) for name in natural_key(table)))
    in_groups = {name for group in groups for name in group}
    parts = [
        [*{_values(row, group): {name: row[name] for name in group} for row in drawn}.values()]
        for group in groups
    ]
    unique = _keys(table)
    seen: set[Any] = set()
    found: list[Row] = []
    for number, chosen in enumerate(product(*parts)):
        rest = drawn[number % len(drawn)]
        row = {name: value for name, value in rest.items() if name not in in_groups}
        for part in chosen:
            row.update(part)
        keys = {(key, _values(row, key)) for key in unique if key and row.keys() >= {*key}}
        if seen.isdisjoint(keys):
            seen |= keys
            found.append(row)
        if len(found) == count:
            break
    return found


def changed(model: Any, written: Sequence[Row], count: int) -> list[Row]:
    """The rows, of which the last `count` have values of the rows before them.

    Columns of unique keys, and those that are tied to others, stay as they are.
    """
    table = table_of(model)
    fixed = {name for key in _keys(table) for name in key} | {*_ties(derivation_of(table))}
    first = max(1, len(written) - count)
    return [
        *written[:first],
        *(
            row | {name: value for name, value in before.items() if name not in fixed}
            for before, row in pairwise(written[first - 1 :])
        ),
    ]


def _keys(table: Table) -> list[tuple[str, ...]]:
    return [tuple(column.key for column in columns) for _, columns in unique_keys(table)]


def _values(row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(canonical(row[name]) for name in columns)


@st.composite
def _batch(draw: st.DrawFn, maker: _Batches, sizes: SearchStrategy[int]) -> list[Row]:
    batch: list[Row] = []
    for _ in range(draw(sizes)):
        # Counted from the end, so that the simplest choice is the last row.
        source = batch[-1 - draw(st.integers(0, len(batch) - 1))] if batch else None
        row = draw(maker.row) if source is None else maker.like(draw, source)
        batch.insert(len(batch) - draw(st.integers(0, len(batch))), row)
    return batch
