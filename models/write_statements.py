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

#: Whether a chunk with data of a time span is compressed. A date is a day of UTC to TimescaleDB.
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


#: Rows of a call up to which looking for them takes less time than asking whether it must.
FEW_ROWS = 500


class Action(Enum):
    """What becomes of a row whose natural key is already there."""

    KEEP = "the row that is there stays as it is"
    UPDATE = "the columns given are updated, where one of them differs"


def parameters(target: Target, elements: dict[str, list[str]]) -> dict[str, str]:
    """The elements as array literals, and the bounds of where their rows can be."""
    values = {name: f"{{{','.join(column)}}}" for name, column in elements.items()}
    if target.time_column is not None:
        values["_low"] = min(elements[target.time_column])
        values["_high"] = max(elements[target.time_column])
    for name in target.segment_by:
        values[f"_{name}"] = f"{{{','.join(set(elements[name]))}}}"
    return values


@dataclass
class Extent:
    """How many rows a call gives, and of what times: the elements of the first and the last."""

    rows: int = 0
    low: str | None = None
    high: str | None = None

    def include(self, rows: int, values: Iterable[dict[str, str]]) -> None:
        """Rows more, with the parameters of their statements."""
        self.rows += rows
        for each in values:
            if (low := each.get("_low")) is not None:
                self.low = low if self.low is None else min(self.low, low)
                self.high = max(self.high or low, each["_high"])


def looks_first(connection: Connection, target: Target, extent: Extent) -> bool:
    """Whether rows are looked for before they are written, so that those there meet no conflict.

    They are where a conflict costs more than that. In a table without a time column each uses up
    a number of the identity, which is an `integer` there. And a conflict in a compressed chunk
    first decompresses all rows that it may be with, even if nothing is to be done, up to a limit
    that repeating a long history can exceed
    (`timescaledb.max_tuples_decompressed_per_dml_transaction`).

    To look is never wrong, only slower by a twentieth where no chunk is compressed. A call asks
    once, and one of few rows not at all: to ask takes 5 ms of the server.
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
    """The statement for these columns; it gives the numbers of rows inserted and updated.

    Rows are written in the order of the natural key: of two sessions that write the same keys one
    then waits for the other at the first that they share, and neither holds a later one that the
    other waits for. The database sorts them, after looking, which may bring them out of order.
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
    # A row that an upsert updates was locked by it before: xmax is then not 0.
    written = writing.returning(literal_column("xmax = 0", Boolean).label("is_new")).cte("written")
    is_new = written.c.is_new
    return select(func.count().filter(is_new), func.count().filter(~is_new)).select_from(written)


def _array(column: Column[Any], name: str) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=Text()), ARRAY(column.type))


def _order(table: Table, given: FromClause) -> Iterator[ColumnElement[Any]]:
    """The natural key; texts by their bytes, since any order will do that all sessions share."""
    for name in target_of(table).key:
        is_text = isinstance(table.c[name].type, String)
        yield given.c[name].collate("C") if is_text else given.c[name]


def _is_there(table: Table, given: FromClause, compared: Key) -> ColumnElement[bool]:
    """Whether a row with the given key is there, and is the same in the columns compared."""
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
    # By the columns: chunks do not know the hypertable's constraint by its name.
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
