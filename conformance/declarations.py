"""What a model promises beyond plain SQLAlchemy, listed in `__table_args__` like a constraint.

    class Trade(Base):
        __tablename__ = "trades"
        __table_args__ = (
            Hypertable("traded_at", chunk_interval="1 month"),
            Compression(segment_by="symbol", order_by="traded_at DESC, id", after="30 days"),
        )

A declaration changes nothing in the database; it says what must be found there. It checks itself
against its table when the table is complete, so a wrong one fails where the model is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Date,
    DateTime,
    Index,
    Integer,
    Table,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    event,
)
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import SchemaItem

from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from sqlalchemy import Column, MetaData
    from sqlalchemy.sql.base import SchemaEventTarget
    from sqlalchemy.types import TypeEngine

    #: A length of time, or a number where the time column is an integer.
    Length = str | timedelta | int

__all__ = [
    "Compression",
    "DeclarationError",
    "HashPartition",
    "Hypertable",
    "OrderBy",
    "Retention",
    "TimescaleDB",
    "compression_of",
    "default_name",
    "hypertable_of",
    "is_default_index",
    "retention_of",
    "server_requirement_of",
]

_INFO_KEY = "timescaledb"

#: PostgreSQL truncates identifiers to this many bytes (NAMEDATALEN - 1).
_IDENTIFIER_BYTES = 63


class DeclarationError(ArgumentError):
    """A declaration contradicts its table, or itself.

    Attributes:
        subject: the model or table it stands in.
        reason: what is wrong, naming the column.
    """

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.subject = subject
        self.reason = reason

    def in_model(self, class_name: str) -> DeclarationError:
        """The same error, naming the mapped class as well."""
        return DeclarationError(f"{class_name} ({self.subject})", self.reason)


class _Declaration(SchemaItem):
    """A schema item that registers itself with its table and checks it once it is complete."""

    __visit_name__ = "timescaledb_declaration"

    def _set_parent(self, parent: SchemaEventTarget, **_: Any) -> None:
        assert isinstance(parent, Table)
        declared: dict[type, _Declaration] = parent.info.setdefault(_INFO_KEY, {})
        if type(self) in declared:
            raise DeclarationError(parent.name, f"declares {type(self).__name__} twice")
        declared[type(self)] = self
        self._attach(parent)
        event.listen(parent, "after_parent_attach", self._table_is_complete)

    def _table_is_complete(self, table: Table, _: MetaData) -> None:
        self._check(table)

    def _attach(self, table: Table) -> None:
        """Hook: the table has its columns, but not yet everything after this declaration."""

    def _check(self, table: Table) -> None:
        """Raise DeclarationError where this contradicts the complete table."""

    def _column(self, table: Table, name: str, role: str) -> Column[Any]:
        column = table.columns.get(name)
        if column is None:
            for candidate in table.columns:
                if candidate.name == name:
                    return candidate
            known = ", ".join(candidate.name for candidate in table.columns)
            raise DeclarationError(
                table.name, f"{role} {name!r} is not a column of it; there are {known}"
            )
        return column

    def interval(self, table: Table, what: str, value: Length) -> Interval | int:
        """The length, which must be more than nothing; microseconds, or a plain number."""
        length = _length(table.name, what, value)
        if (length if isinstance(length, int) else length.microseconds) <= 0:
            raise DeclarationError(table.name, f"{what} {value!r} is not longer than nothing")
        return length


def _length(subject: str, what: str, value: Length) -> Interval | int:
    if isinstance(value, int):
        return value
    try:
        return Interval.parse(value)
    except ValueError as error:
        raise DeclarationError(subject, f"{what}: {error}") from None


class HashPartition:
    """A second dimension: rows spread over a number of partitions by a column's hash.

    Args:
        time_index: whether the index on the first such column and the time is there, which
            `create_hypertable` makes when it is given the column, and `add_dimension` does not.
    """

    def __init__(self, column: str, partitions: int, *, time_index: bool = True) -> None:
        self.column = column
        self.partitions = partitions
        self.time_index = time_index


class Hypertable(_Declaration):
    """The table is a hypertable.

    Args:
        time_column: the column that it is partitioned by.
        chunk_interval: the time span of a chunk: `"1 month"`, a timedelta, or a number where the
            time column is an integer.
        partitions: further dimensions, by hash.
        time_index: TimescaleDB makes an index on the time column, descending, unless
            `create_default_indexes => false` was said or an index led by it is there already.
            True makes it part of the table's metadata, under TimescaleDB's name.

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
    ) -> None:
        self.time_column = time_column
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
                    table.name, f"partitions of {dimension.column!r}: at least one is needed"
                )
        self._check_keys(table)
        if self.time_index:
            self._declare_default_indexes(table)

    def _check_time_type(self, table: Table, column: Column[Any]) -> None:
        underlying = _underlying(column.type)
        integer = isinstance(underlying, Integer)
        if not (integer or isinstance(underlying, Date | DateTime | Uuid)):
            raise DeclarationError(
                table.name,
                f"time column {self.time_column!r} is {column.type!r}; "
                "a hypertable needs a timestamp, date, integer or UUIDv7",
            )
        if integer is not isinstance(self.chunk_interval, int):
            raise DeclarationError(
                table.name,
                f"chunk interval {self._declared_interval!r} does not fit time column "
                f"{self.time_column!r}: {'a number' if integer else 'a length of time'} is needed",
            )

    def _check_keys(self, table: Table) -> None:
        needed = [self.time_column, *(dimension.column for dimension in self.partitions)]
        for name, columns in _unique_keys(table):
            for column in needed:
                if columns and column not in columns:
                    raise DeclarationError(
                        table.name,
                        f"{name} ({', '.join(columns)}) lacks {column!r}; on a hypertable every "
                        "unique key contains the partitioning columns",
                    )

    def _declare_default_indexes(self, table: Table) -> None:
        """Declare what create_hypertable makes: (time DESC), and (hash column, time DESC).

        It makes neither where an index on exactly these columns, in either direction, is there.
        """
        time = self._column(table, self.time_column, "time column")
        defaults = [[time]]
        if self.partitions and self.partitions[0].time_index:
            defaults.append([self._column(table, self.partitions[0].column, "column"), time])
        existing = [columns for _, columns in _indexed_columns(table)]
        for columns in defaults:
            names = [column.name for column in columns]
            if names not in existing:
                name = default_name(table.name, "_".join(names), "idx")
                Index(name, *columns[:-1], time.desc(), info={_INFO_KEY: "default index"})


class OrderBy:
    """One column of a compressed batch's order.

    `NULLS` default as in `ORDER BY`: last when ascending, first when descending.
    """

    _SHAPE = re.compile(
        r'(?P<column>"(?:[^"]|"")+"|[^\s"]+)'
        r"(?:\s+(?P<direction>asc|desc))?(?:\s+nulls\s+(?P<nulls>first|last))?",
        re.IGNORECASE,
    )

    def __init__(
        self, column: str, *, descending: bool = False, nulls_first: bool | None = None
    ) -> None:
        self.column = column
        self.descending = descending
        self.nulls_first = descending if nulls_first is None else nulls_first

    @classmethod
    def parse(cls, text: str) -> OrderBy:
        """Read `"traded_at DESC NULLS LAST"`.

        Raises:
            ValueError: it is not of that shape.
        """
        match = cls._SHAPE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not of the shape 'column [ASC|DESC] [NULLS FIRST|LAST]'")
        column = match["column"]
        if column.startswith('"'):
            column = column[1:-1].replace('""', '"')
        nulls = match["nulls"]
        return cls(
            column,
            descending=(match["direction"] or "asc").lower() == "desc",
            nulls_first=None if nulls is None else nulls.lower() == "first",
        )

    def __str__(self) -> str:
        direction = "DESC" if self.descending else "ASC"
        return f"{self.column} {direction} NULLS {'FIRST' if self.nulls_first else 'LAST'}"


class Compression(_Declaration):
    """Compression is on, with these settings; a policy compresses chunks of a certain age.

    Args:
        segment_by: columns whose equal values share a batch.
        order_by: the order inside a batch, `"traded_at DESC, id"` or a sequence of such items.
        after: the age from which the policy compresses a chunk; None: no policy.
        schedule_interval: how often the policy runs; None: TimescaleDB's default.
        chunk_interval: chunks are merged up to this length when they are compressed
            (`timescaledb.compress_chunk_time_interval`), which TimescaleDB takes for an integer
            time column too, and then stores as microseconds; None: they are not merged.

    Source of the rules: TimescaleDB documentation, "ALTER TABLE (compression)" and
    "add_compression_policy".
    """

    def __init__(
        self,
        *,
        segment_by: str | Sequence[str] = (),
        order_by: str | Sequence[str | OrderBy],
        after: Length | None,
        schedule_interval: str | timedelta | None = None,
        chunk_interval: Length | None = None,
    ) -> None:
        self.segment_by = _split(segment_by)
        self._declared_order = _split(order_by)
        self._declared_after = after
        self._declared_schedule = schedule_interval
        self._declared_chunk_interval = chunk_interval
        self.order_by: tuple[OrderBy, ...] = ()
        self.after: Interval | int | None = None
        self.schedule_interval: Interval | None = None
        self.chunk_interval: Interval | int | None = None

    def _attach(self, table: Table) -> None:
        try:
            self.order_by = tuple(
                item if isinstance(item, OrderBy) else OrderBy.parse(item)
                for item in self._declared_order
            )
        except ValueError as error:
            raise DeclarationError(table.name, f"order by: {error}") from None
        if self._declared_after is not None:
            self.after = self.interval(table, "compress after", self._declared_after)
        if self._declared_chunk_interval is not None:
            self.chunk_interval = self.interval(
                table, "compressed chunk interval", self._declared_chunk_interval
            )
        self.schedule_interval = _schedule(self, table, self._declared_schedule)

    def _check(self, table: Table) -> None:
        _needs_hypertable(self, table)
        for name in self.segment_by:
            self._column(table, name, "segment by")
        _refuse_repeated(table, "segment by", self.segment_by)
        ordered = [item.column for item in self.order_by]
        for name in ordered:
            self._column(table, name, "order by")
            if name in self.segment_by:
                raise DeclarationError(
                    table.name, f"column {name!r} is in segment by and in order by; one must go"
                )
        _refuse_repeated(table, "order by", ordered)
        if not ordered:
            raise DeclarationError(
                table.name,
                "order by is empty; left open, every version of TimescaleDB chooses another one",
            )
        _check_age(table, "compress after", self.after)


class Retention(_Declaration):
    """A policy drops chunks of a certain age.

    Args:
        drop_after: the age from which a chunk is dropped.
        schedule_interval: how often the policy runs; None: TimescaleDB's default.
    """

    def __init__(
        self, *, drop_after: Length, schedule_interval: str | timedelta | None = None
    ) -> None:
        self._declared_after = drop_after
        self._declared_schedule = schedule_interval
        self.drop_after: Interval | int
        self.schedule_interval: Interval | None = None

    def _attach(self, table: Table) -> None:
        self.drop_after = self.interval(table, "drop after", self._declared_after)
        self.schedule_interval = _schedule(self, table, self._declared_schedule)

    def _check(self, table: Table) -> None:
        _needs_hypertable(self, table)
        _check_age(table, "drop after", self.drop_after)


class TimescaleDB:
    """What a whole schema needs of its server; kept in `MetaData.info` by `require`.

    Args:
        minimum: the oldest version, `"2.17"`.
        community: the Community edition is needed; None: where a model declares compression or
            retention.
    """

    def __init__(self, *, minimum: str = "2.17", community: bool | None = None) -> None:
        if re.fullmatch(r"\d+(\.\d+){1,2}", minimum) is None:
            raise DeclarationError("TimescaleDB", f"minimum {minimum!r} is not a version like 2.17")
        self.minimum = minimum
        self.community = community

    def require(self, metadata: MetaData) -> None:
        """Make this the requirement of the metadata."""
        metadata.info[_INFO_KEY] = self


def hypertable_of(table: Table) -> Hypertable | None:
    """The table's `Hypertable` declaration, if it has one."""
    found = table.info.get(_INFO_KEY, {}).get(Hypertable)
    return found if isinstance(found, Hypertable) else None


def compression_of(table: Table) -> Compression | None:
    """The table's `Compression` declaration, if it has one."""
    found = table.info.get(_INFO_KEY, {}).get(Compression)
    return found if isinstance(found, Compression) else None


def retention_of(table: Table) -> Retention | None:
    """The table's `Retention` declaration, if it has one."""
    found = table.info.get(_INFO_KEY, {}).get(Retention)
    return found if isinstance(found, Retention) else None


def server_requirement_of(metadata: MetaData) -> TimescaleDB:
    """What the metadata needs of its server."""
    found = metadata.info.get(_INFO_KEY)
    return found if isinstance(found, TimescaleDB) else TimescaleDB()


def _split(items: str | Sequence[Any]) -> tuple[Any, ...]:
    if isinstance(items, str):
        return tuple(item.strip() for item in items.split(",") if item.strip())
    return tuple(items)


def _schedule(
    declaration: _Declaration, table: Table, value: str | timedelta | None
) -> Interval | None:
    if value is None:
        return None
    length = declaration.interval(table, "schedule interval", value)
    if isinstance(length, int):
        raise DeclarationError(
            table.name, f"schedule interval {value!r} must be a length of time such as '12 hours'"
        )
    return length


def default_name(table: str, columns: str, suffix: str) -> str:
    """The name PostgreSQL gives an index or constraint that was not named.

    Source: PostgreSQL, makeObjectName: the longer of table and columns is cut until all fits.
    """
    room = _IDENTIFIER_BYTES - len(suffix) - (2 if columns else 1)
    first, second = table.encode(), columns.encode()
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    parts = [part.decode(errors="ignore") for part in (first, second)]
    return "_".join([*filter(None, parts), suffix])


def is_default_index(index: Index) -> bool:
    """Whether TimescaleDB makes this index by itself; its name is then no promise."""
    return index.info.get(_INFO_KEY) == "default index"


def _underlying(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def _unique_keys(table: Table) -> Iterable[tuple[str, list[str]]]:
    yield "primary key", [column.name for column in table.primary_key.columns]
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            name = f"unique constraint {constraint.name}" if constraint.name else "unique key"
            yield name, [column.name for column in constraint.columns]
    for index in table.indexes:
        if index.unique:
            yield f"unique index {index.name}", [column.name for column in index.columns]


def _indexed_columns(table: Table) -> Iterable[tuple[str, list[str]]]:
    yield from _unique_keys(table)
    for index in table.indexes:
        yield str(index.name), [column.name for column in index.columns]


def _needs_hypertable(declaration: _Declaration, table: Table) -> None:
    if hypertable_of(table) is None:
        raise DeclarationError(
            table.name, f"declares {type(declaration).__name__} but is not declared a Hypertable"
        )


def _check_age(table: Table, what: str, age: Interval | int | None) -> None:
    hypertable = hypertable_of(table)
    if age is None or hypertable is None:
        return
    if isinstance(age, int) is not isinstance(hypertable.chunk_interval, int):
        needed = "a number" if isinstance(hypertable.chunk_interval, int) else "a length of time"
        raise DeclarationError(
            table.name, f"{what} {age} does not fit the time column: {needed} is needed"
        )


def _refuse_repeated(table: Table, what: str, names: Sequence[str]) -> None:
    for name in names:
        if list(names).count(name) > 1:
            raise DeclarationError(table.name, f"{what} names {name!r} twice")
