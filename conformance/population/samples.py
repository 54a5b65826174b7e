"""A few plain, valid rows for every table: enough to have chunks, not to find defects with."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Enum, Table, TypeDecorator, insert, select

from conformance.declarations import hypertable_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, Connection, MetaData

_IN_LIST = re.compile(
    r"^\(?\"?(?P<column>\w+)\"?\s+IN\s*\((?P<items>.*)\)\)?$", re.IGNORECASE | re.DOTALL
)
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
#: Of a text that may be as long as it likes.
_ROOM = 60
_ROWS, _MOST_PARENTS = 3, 20
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def fill(connection: Connection, metadata: MetaData) -> None:
    """Insert rows into every table, parents first, each row of a hypertable into its own chunk."""
    for table in metadata.sorted_tables:
        fill_table(connection, table)


def fill_table(
    connection: Connection, table: Table, *, moments: Sequence[Any] | None = None
) -> None:
    """The same for one table, whose parents have their rows already.

    Args:
        moments: the values of a hypertable's time column instead, a row for each.
    """
    parents = {
        parent.fullname: [
            {column.key: row[column] for column in parent.columns}
            for row in connection.execute(select(parent).limit(_MOST_PARENTS)).mappings()
        ]
        for parent in {key.column.table for key in table.foreign_keys} - {table}
    }
    hypertable = hypertable_of(table)
    given: list[dict[str, Any]] = [{}] * _ROWS
    if hypertable is not None and moments is not None:
        time = _time_column(table, hypertable.time_column)
        given = [{time.key: moment} for moment in moments]
    for number, values in enumerate(given):
        made = {
            column.key: _value(table, column, number, parents)
            for column in table.columns
            if column.server_default is None
            and column.identity is None
            and column is not table._autoincrement_column
        }
        connection.execute(insert(table).values({**made, **values}))


def _time_column(table: Table, name: str) -> Column[Any]:
    """A declaration names it by its name or its key."""
    return next(column for column in table.columns if name in (column.name, column.key))


def _value(
    table: Table, column: Column[Any], number: int, parents: dict[str, list[dict[str, Any]]]
) -> Any:
    for key in column.foreign_keys:
        known = parents.get(key.column.table.fullname)
        return known[number % len(known)][key.column.key] if known else None
    choices = _choices(table, column)
    if choices:
        return choices[number % len(choices)]
    hypertable = hypertable_of(table)
    if hypertable is not None and hypertable.time_column in (column.name, column.key):
        return _moment(column, number, hypertable.chunk_interval)
    return _plain(column, number)


def _moment(column: Column[Any], number: int, interval: Any) -> Any:
    if isinstance(interval, int):
        return number * interval
    moment = _EPOCH + timedelta(microseconds=number * interval.microseconds)
    return moment.date() if _python_type(column) is date else moment


def _plain(column: Column[Any], number: int) -> Any:
    kind = _python_type(column)
    makers: dict[type, Any] = {
        bool: lambda: True,
        int: lambda: number + 1,
        float: lambda: 0.5,
        Decimal: lambda: Decimal(number + 1),
        str: lambda: _text(column, number),
        date: lambda: date(2020, 1, 1) + timedelta(days=number),
        datetime: lambda: _EPOCH + timedelta(days=number),
        timedelta: lambda: timedelta(days=number),
        uuid.UUID: lambda: uuid.UUID(int=number + 1),
        bytes: lambda: bytes([number]),
        dict: lambda: {"number": number},
        list: list,
    }
    return makers[kind]() if kind in makers else None


def _text(column: Column[Any], number: int) -> str:
    """The column's name and the number, as far as there is room."""
    room = getattr(column.type, "length", None) or _ROOM
    return f"{column.name[: min(8, room - len(str(number)))]}{number}"


def _python_type(column: Column[Any]) -> type | None:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    try:
        return kind.python_type
    except NotImplementedError:
        return None


def _choices(table: Table, column: Column[Any]) -> Sequence[str]:
    """The values that an enum or an `IN` check allows."""
    if isinstance(column.type, Enum):
        return list(column.type.enums)
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            match = _IN_LIST.match(str(constraint.sqltext).strip())
            if match and match["column"] == column.name:
                return [item.replace("''", "'") for item in _LITERAL.findall(match["items"])]
    return ()


def compress_all(connection: Connection, tables: Sequence[Table]) -> int:
    """Compress every chunk of the hypertables; the number of chunks."""
    count = 0
    for table in tables:
        name = f'"{table.schema}"."{table.name}"' if table.schema else f'"{table.name}"'
        count += len(
            connection.exec_driver_sql(
                "SELECT compress_chunk(chunk) FROM show_chunks(%s::regclass) AS chunk", (name,)
            ).all()
        )
    return count
