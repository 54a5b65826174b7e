"""Hypertables: tables that TimescaleDB partitions by time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Table,
    TextClause,
    TypeDecorator,
    UnaryExpression,
    UniqueConstraint,
    Uuid,
)

from conformance.declarations.base import INFO_KEY, Declaration, DeclarationError, created, declared
from conformance.declarations.naming import default_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.types import TypeEngine

    from conformance.declarations.base import Length
    from conformance.intervals import Interval

#: A column in the text of an index, in any order.
_WRITTEN = re.compile(
    r'\s*(?:"(?P<quoted>[^"]+)"|(?P<plain>\w+))(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?\s*',
    re.IGNORECASE,
)


class HashPartition:
    """A second dimension: the hash of a column spreads rows over a number of partitions.

    Args:
        column: the name of the column.
        partitions: the number of partitions.
        time_index: whether the table has the index on this column and the time column.
            `create_hypertable` creates it for the first hash dimension, `add_dimension` does not.
    """

    def __init__(self, column: str, partitions: int, *, time_index: bool = True) -> None:
        self.column = column
        self.partitions = partitions
        self.time_index = time_index


class Hypertable(Declaration):
    """The table is a hypertable.

    Args:
        time_column: the column that TimescaleDB partitions by.
        chunk_interval: the time span of a chunk: `"1 month"`, a timedelta, or a number where the
            time column is an integer.
        partitions: further dimensions, by hash.
        time_index: whether the table has TimescaleDB's descending index on the time column.
            TimescaleDB does not create it with `create_default_indexes => false`, or where the
            table has an index on that column already. True adds the index to the metadata, under
            TimescaleDB's name.
        integer_now: the function that returns the current time of an integer time column
            (`set_integer_now_func`), qualified by its schema unless that is the default one. None:
            any function; a table with a policy needs one.

    Source of the rules: TimescaleDB documentation, "create_hypertable" and "Hypertable
    constraints and indexes": a unique key contains every partitioning column.
    """

    def __init__(
        self,
        time_column: str,
        *,
        chunk_interval: Length,
        partitions: Sequence[HashPartition] = (),
        time_index: bool = True,
        integer_now: str | None = None,
    ) -> None:
        self.time_column = time_column
        self.integer_now = integer_now
        self.partitions = tuple(partitions)
        self.time_index = time_index
        self._declared_interval = chunk_interval
        #: Microseconds by TimescaleDB's rule, or a plain number for an integer time column.
        self.chunk_interval: Interval | int

    def _attach(self, table: Table) -> None:
        column = self._column(table, self.time_column, "time column")
        self.chunk_interval = self.interval(table, "chunk interval", self._declared_interval)
        self._check_time_type(table, column)

    def _check(self, table: Table) -> None:
        for dimension in self.partitions:
            self._column(table, dimension.column, "partitioning column")
            if dimension.partitions < 1:
                raise DeclarationError(
                    table.name,
                    f"the number of partitions of {dimension.column!r} must be at least one",
                )
        self._check_keys(table)
        if self.time_index:
            self._declare_default_indexes(table)

    def _check_time_type(self, table: Table, column: Column[Any]) -> None:
        kind = underlying(column.type)
        integer = isinstance(kind, Integer)
        if not (integer or isinstance(kind, Date | DateTime | Uuid)):
            raise DeclarationError(
                table.name,
                f"time column {self.time_column!r} has the type {column.type!r}; "
                "it must be a timestamp, a date, an integer or a UUIDv7",
            )
        if integer is not isinstance(self.chunk_interval, int):
            raise DeclarationError(
                table.name,
                f"chunk interval {self._declared_interval!r} must be "
                f"{'a number' if integer else 'a length of time'}, because the time column "
                f"{self.time_column!r} is {'an integer' if integer else 'not an integer'}",
            )
        if self.integer_now is not None and not integer:
            raise DeclarationError(
                table.name,
                f"remove integer_now {self.integer_now!r}: the time column {self.time_column!r} is "
                "not an integer",
            )

    def _check_keys(self, table: Table) -> None:
        needed = [self.time_column, *(dimension.column for dimension in self.partitions)]
        for name, key in unique_keys(table):
            columns = [column.name for column in key]
            for column in needed:
                if columns and column not in columns:
                    raise DeclarationError(
                        table.name,
                        f"{name} ({', '.join(columns)}) lacks {column!r}; every unique key of a "
                        "hypertable contains the partitioning columns",
                    )

    def _declare_default_indexes(self, table: Table) -> None:
        """Declare the indexes of create_hypertable: (time DESC), and (hash column, time DESC).

        TimescaleDB skips an index if the table has one on exactly these columns, in any direction.
        One that the models declare by TimescaleDB's name is the index itself.
        """
        time = self._column(table, self.time_column, "time column")
        defaults = [[time]]
        if self.partitions and self.partitions[0].time_index:
            defaults.append([self._column(table, self.partitions[0].column, "column"), time])
        existing, known = [*_indexed_columns(table)], {index.name for index in table.indexes}
        for columns in defaults:
            names = [column.name for column in columns]
            name = default_name(table.name, "_".join(names), "idx")
            if names not in existing and name not in known:
                Index(name, *columns[:-1], time.desc(), info={INFO_KEY: "default index"})


def hypertable_of(table: Table) -> Hypertable | None:
    """The table's `Hypertable` declaration, if it has one."""
    return declared(table, Hypertable)


def is_default_index(index: Index) -> bool:
    """Whether TimescaleDB creates this index by itself; then its name is not checked."""
    return index.info.get(INFO_KEY) == "default index"


def underlying(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type in the database: the `impl` of a TypeDecorator, else the type itself."""
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def unique_keys(table: Table) -> Iterator[tuple[str, list[Column[Any]]]]:
    """The unique keys that PostgreSQL gets, in words, each with its columns.

    The primary key may have none, and so may a unique index on an expression.
    """
    yield "primary key", [*table.primary_key.columns]
    for constraint in created(table.constraints):
        if isinstance(constraint, UniqueConstraint):
            name = f"unique constraint {constraint.name}" if constraint.name else "unique key"
            yield name, [*constraint.columns]
    for index in created(table.indexes):
        if index.unique:
            written = (_written_column(table, item) for item in index.expressions)
            columns = [*index.columns, *(column for column in written if column is not None)]
            yield f"unique index {index.name}", columns


def _written_column(table: Table, item: Any) -> Column[Any] | None:
    """The column of an index that is a text, such as `text("at DESC")`."""
    match = _WRITTEN.fullmatch(item.text) if isinstance(item, TextClause) else None
    return None if match is None else table.columns.get(match["plain"] or match["quoted"])


def referring_tables(table: Table) -> list[str]:
    """The other tables with a foreign key to this one.

    TimescaleDB compresses no chunk of a hypertable that a foreign key refers to, and from 2.28 on
    drops none.
    """
    return sorted(
        other.fullname
        for other in table.metadata.tables.values()
        if other is not table
        and any(
            key.target_fullname.rpartition(".")[0] == table.fullname for key in other.foreign_keys
        )
    )


def _indexed_columns(table: Table) -> Iterable[list[str]]:
    for _, columns in unique_keys(table):
        yield [column.name for column in columns]
    for index in created(table.indexes):
        indexed = [_without_order(item) for item in index.expressions]
        # An index on an expression is not one on exactly these columns.
        if all(isinstance(item, Column) for item in indexed):
            yield [item.name for item in indexed]


def _without_order(item: Any) -> Any:
    """The column or expression of `item DESC NULLS LAST`."""
    while isinstance(item, UnaryExpression) and item.modifier is not None:
        item = item.element
    return item
