"""Values that are easily lost on the way: each of them, in each column that can hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import CHAR, Float, Integer, String

from conformance.declarations import hypertable_of
from conformance.strategies.derivation import derivation_of, table_of
from conformance.strategies.values import numerals, texts
from conformance.strategies.values.kinds import kind_of
from conformance.strategies.values.narrowing import ANYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Table
    from sqlalchemy.types import TypeEngine

    from conformance.strategies.rows import Row
    from conformance.strategies.values.narrowing import Narrowing


def precarious_values(model: Any) -> list[Row]:
    """Parts of rows that together have all such values; other columns are given by the caller.

    Left out are the time column, foreign keys and columns that checks tie to others.
    """
    table = table_of(model)
    found = {
        str(column.key): values
        for column, narrowing in _free(table)
        if (values := _values(kind_of(column.type).type, narrowing))
    }
    number = max(map(len, found.values()), default=0)
    return [
        {key: values[place % len(values)] for key, values in found.items()}
        for place in range(number)
    ]


def _free(table: Table) -> Iterator[tuple[Column[Any], Narrowing]]:
    """Columns that can take any value, or any that a check of their own leaves."""
    derivation, hypertable = derivation_of(table), hypertable_of(table)
    bound = {name for check in derivation.demands.unread for name in check.columns}
    bound |= {hypertable.time_column} if hypertable else set()
    narrowed = dict.fromkeys(derivation.columns, ANYTHING)
    for names, ways in derivation.demands.groups:
        if len(names) == len(ways) == 1:
            narrowed[names[0]] = ways[0].get(names[0], ANYTHING)
        else:
            bound.update(names)
    for name, narrowing in narrowed.items():
        column = table.columns[derivation.columns[name].key]
        if name not in bound and not column.foreign_keys and not kind_of(column.type).terms:
            yield column, narrowing


def _values(kind: TypeEngine[Any], narrowing: Narrowing) -> list[Any]:
    if narrowing.null or narrowing.choices is not None:
        return []
    if isinstance(kind, Float):
        return numerals.precarious(kind, narrowing)
    if isinstance(kind, Integer):
        ends = numerals.whole_range(kind)
        return [number for number in (0, -1, *ends) if narrowing.allows(number)]
    if isinstance(kind, String) and not isinstance(kind, CHAR):
        return texts.precarious(narrowing, kind.length)
    return []
