"""The statements that write rows: one for each set of columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    String,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from models.row_batches import target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Column, ColumnElement, Connection, Executable, FromClause, Table
    from sqlalchemy.dialects.postgresql import Insert

    from models.row_batches import Key, Target

#: Whether any chunk of a time span is compressed. TimescaleDB takes a date for a day in UTC.
_COMPRESSED = text(
    """
    SELECT EXISTS (
        SELECT FROM timescaledb_information.chunks AS chunk
        WHERE chunk.is_compressed
            AND (chunk.hypertable_schema, chunk.hypertable_name) = (
                SELECT namespace.nspname, class.relname
                FROM pg_catalog.pg_class AS class
                JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
                WHERE class.oid = to_regclass(:table)
            )
            AND chunk.range_start <= CAST(:high AS timestamp) AT TIME ZONE 'UTC'
            AND chunk.range_end > CAST(:low AS timestamp) AT TIME ZONE 'UTC'
    )
    """
)


#: Up to this number of rows, looking for the rows is faster than asking whether to look.
FEW_ROWS = 500


class Action(Enum):
    """What becomes of a row whose natural key exists already."""

    KEEP = "the row that is there stays as it is"
    UPDATE = "the columns given are updated, where one of them differs"


def parameters(target: Target, elements: dict[str, list[str]]) -> dict[str, str]:
    """The elements as array literals, and bounds of time and segment for existing rows."""
    values = {name: f"{{{','.join(column)}}}" for name, column in elements.items()}
    if target.time_column is not None:
        values["_low"] = min(elements[target.time_column])
        values["_high"] = max(elements[target.time_column])
    for name in target.segment_by:
        values[f"_{name}"] = f"{{{','.join(set(elements[name]))}}}"
    return values


@dataclass
class Extent:
    """The number of rows of a call, and the elements of their first and last time."""

    rows: int = 0
    low: str | None = None
    high: str | None = None

    def include(self, rows: int, values: Iterable[dict[str, str]]) -> None:
        """Add rows, with the parameters of their statements."""
        self.rows += rows
        for each in values:
            if (low := each.get("_low")) is not None:
                self.low = low if self.low is None else min(self.low, low)
                self.high = max(self.high or low, each["_high"])


def looks_first(connection: Connection, target: Target, extent: Extent) -> bool:
    """Whether to look for existing rows before the write, so that they cause no conflict.

    A conflict can cost more than the look. In a table without a time column each conflict uses up
    a number of the identity, which is an `integer` there. In a compressed chunk a conflict first
    decompresses all rows that may have the key, even if nothing is written. A repeated long history
    can exceed the limit of `timescaledb.max_tuples_decompressed_per_dml_transaction`.

    Looking is always correct. It is 5 % slower if no chunk is compressed. A call asks the server
    once, which takes 5 ms. A call of few rows does not ask; it looks.
    """
    if target.time_column is None or not target.is_compressed:
        return target.time_column is None
    if extent.rows <= FEW_ROWS:
        return True
    name = connection.dialect.identifier_preparer.format_table(target.table)
    bounds = {"low": extent.low, "high": extent.high}
    return bool(connection.scalar(_COMPRESSED, {"table": name, **bounds}))


@lru_cache(maxsize=256)
def statement(table: Table, action: Action, columns: Key, *, look_first: bool) -> Executable:
    """The statement for these columns; it returns the numbers of inserted and updated rows.

    Rows are written in the order of the natural key. Of two sessions that write the same keys, one
    waits at the first shared key, and holds no later key that the other one needs. The database
    sorts the rows after the look, because a join may change their order.
    """
    arrays = func.unnest(*(_array(table.c[name], name) for name in columns))
    given = arrays.table_valued(*columns).render_derived(name="given")
    rows = select(*(given.c[name] for name in columns))
    rest = tuple(name for name in columns if name not in target_of(table).key)
    compared = rest if action is Action.UPDATE else ()
    if look_first:
        rows = rows.where(~_is_there(table, given, compared))
    rows = rows.order_by(*_order(table, given))
    writing = _on_conflict(insert(table).from_select(columns, rows), table, compared)
    # An upsert locks a row before it updates the row: xmax is then not 0.
    written = writing.returning(literal_column("xmax = 0", Boolean).label("is_new")).cte("written")
    is_new = written.c.is_new
    return select(func.count().filter(is_new), func.count().filter(~is_new)).select_from(written)


def _array(column: Column[Any], name: str) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=Text()), ARRAY(column.type))


def _order(table: Table, given: FromClause) -> Iterator[ColumnElement[Any]]:
    """The natural key; texts by their bytes, since any order works that all sessions share."""
    for name in target_of(table).key:
        is_text = isinstance(table.c[name].type, String)
        yield given.c[name].collate("C") if is_text else given.c[name]


def _is_there(table: Table, given: FromClause, compared: Key) -> ColumnElement[bool]:
    """Whether a row with the given key exists and has the same values in the compared columns."""
    target, there = target_of(table), table.alias("there")
    conditions: list[ColumnElement[bool]] = [
        there.c[name].is_not_distinct_from(given.c[name])
        if table.c[name].nullable
        else there.c[name] == given.c[name]
        for name in target.key
    ]
    if target.time_column is not None:
        time = table.c[target.time_column]
        low, high = (cast(bindparam(name, type_=Text()), time.type) for name in ("_low", "_high"))
        conditions.append(there.c[time.name].between(low, high))
    conditions += [
        there.c[name] == func.any(_array(table.c[name], f"_{name}")) for name in target.segment_by
    ]
    if compared:
        conditions.append(_row(there, compared).is_not_distinct_from(_row(given, compared)))
    return exists().where(and_(*conditions))


def _on_conflict(statement: Insert, table: Table, updated: Key) -> Insert:
    # Named by its columns, because the constraint has another name in each chunk.
    key = target_of(table).key
    if not updated:
        return statement.on_conflict_do_nothing(index_elements=key)
    new = statement.excluded
    values: dict[str, Any] = {name: new[name] for name in updated}
    for column in table.columns:
        change: Any = column.onupdate
        if change is not None and change.is_clause_element:
            values.setdefault(column.name, change.arg)
    differ = _row(table, updated).is_distinct_from(_row(new, updated))
    return statement.on_conflict_do_update(index_elements=key, set_=values, where=differ)


def _row(source: Any, names: Key) -> ColumnElement[Any]:
    columns = getattr(source, "c", source)
    return tuple_(*(columns[name] for name in names))
