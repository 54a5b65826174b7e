"""Compression of a hypertable's chunks, and the policy that compresses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, cast

from conformance.declarations.aggregates import aggregate_of
from conformance.declarations.base import Declaration, DeclarationError, declared
from conformance.declarations.chunked import check_age, check_age_of_chunk, needs_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sqlalchemy import Table

    from conformance.declarations.base import Length
    from conformance.intervals import Interval


class OrderBy:
    """One column of the order inside a compressed batch.

    The default of `nulls_first` is that of `ORDER BY`: last when ascending, first when descending.
    """

    _SHAPE = re.compile(
        r'(?P<column>"(?:[^"]|"")+"|[^\s"]+)'
        r"(?:\s+(?:asc|(?P<descending>desc)))?(?:\s+nulls\s+(?P<nulls>first|last))?",
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
            ValueError: the text has another form.
        """
        match = cls._SHAPE.fullmatch(text.strip())
        if match is None:
            form = "column [ASC|DESC] [NULLS FIRST|LAST]"
            raise ValueError(f"{text!r} does not have the form '{form}'")
        column = _unquoted(match["column"])
        nulls = match["nulls"]
        return cls(
            column,
            descending=match["descending"] is not None,
            nulls_first=None if nulls is None else nulls.lower() == "first",
        )

    def __str__(self) -> str:
        direction = "DESC" if self.descending else "ASC"
        return f"{self.column} {direction} NULLS {'FIRST' if self.nulls_first else 'LAST'}"


class SparseIndex:
    """An index by which a query skips compressed batches.

    Args:
        kind: `"bloom"`, for equality, `"minmax"`, for ranges, or, from TimescaleDB 2.28 on,
            `"firstlast"`, for the order of batches.
        columns: one column; a bloom filter may have several from TimescaleDB 2.26 on, whose order
            does not matter.
    """

    _SHAPE = re.compile(
        r"(?P<kind>bloom|minmax|firstlast)\s*\((?P<columns>[^()]+)\)", re.IGNORECASE
    )

    def __init__(self, kind: Literal["bloom", "minmax", "firstlast"], *columns: str) -> None:
        self.kind = kind
        self.columns = columns

    @classmethod
    def parse(cls, text: str) -> list[SparseIndex]:
        """Read `"bloom(symbol), minmax(price)"`.

        Raises:
            ValueError: the text has another form.
        """
        rest = cls._SHAPE.sub("", text)
        if rest.replace(",", "").strip():
            raise ValueError(f"{text!r} does not have the form 'bloom(column), minmax(column)'")
        return [
            cls(
                cast('Literal["bloom", "minmax", "firstlast"]', match["kind"].lower()),
                *(name.strip().strip('"') for name in match["columns"].split(",")),
            )
            for match in cls._SHAPE.finditer(text)
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({', '.join(sorted(self.columns))})"


class Compression(Declaration):
    """Compression is enabled with these settings; a policy compresses chunks of a certain age.

    Args:
        segment_by: columns whose equal values share a batch. Names may be quoted as in SQL, here
            and in `order_by`.
        order_by: the order inside a batch, `"traded_at DESC, id"` or a sequence of such items.
            None: TimescaleDB chooses, and the order is not checked.
        after: the age of a chunk's rows at which the policy compresses it; None: the table has no
            such policy.
        schedule_interval: how often the policy runs; None: TimescaleDB's default.
        chunk_interval: TimescaleDB merges chunks up to this length when it compresses them
            (`timescaledb.compress_chunk_time_interval`); a length of time also where the time
            column is an integer. None: chunks are not merged.
        sparse_indexes: `"bloom(symbol), minmax(price)"` or a sequence of such items; an empty
            sequence: chunks have no sparse index (`timescaledb.compress_index` from 2.22 on, later
            called `sparse_index` and `index`). None: TimescaleDB chooses for each chunk.
        direct: whether a write compresses its rows at once (`timescaledb.direct_compress`, from
            2.29 on). TimescaleDB does so only where the table has neither a unique key nor a
            trigger.
        recompress_unordered: whether the policy compresses a chunk again whose batches overlap
            (2.29). None: the default, which is False where `direct` is True, and else True.
        created_before: instead of `after`, the time since the creation of a chunk at which the
            policy compresses it. A continuous aggregate cannot have it.

    Source of the rules: TimescaleDB documentation, "ALTER TABLE (compression)" and
    "add_compression_policy".
    """

    def __init__(  # noqa: PLR0913 - each is a setting or an argument of add_compression_policy
        self,
        *,
        segment_by: str | Sequence[str] = (),
        order_by: str | Sequence[str | OrderBy] | None,
        after: Length | None,
        schedule_interval: str | timedelta | None = None,
        chunk_interval: Length | None = None,
        sparse_indexes: str | Sequence[str | SparseIndex] | None = None,
        direct: bool = False,
        recompress_unordered: bool | None = None,
        created_before: str | timedelta | None = None,
    ) -> None:
        self.direct = direct
        self.recompress_unordered = (
            not direct if recompress_unordered is None else recompress_unordered
        )
        self.segment_by = tuple(_unquoted(name) for name in _split(segment_by))
        self._declared_indexes = sparse_indexes
        self.sparse_indexes: tuple[SparseIndex, ...] | None = None
        self._declared_order = None if order_by is None else _split(order_by)
        self._declared_after = after
        self._declared_created = created_before
        self._declared_schedule = schedule_interval
        self._declared_chunk_interval = chunk_interval
        #: Empty: TimescaleDB chooses.
        self.order_by: tuple[OrderBy, ...] = ()
        self.after: Interval | int | None = None
        self.created_before: Interval | int | None = None
        self.schedule_interval: Interval | None = None
        self.chunk_interval: Interval | int | None = None

    def _attach(self, table: Table) -> None:
        try:
            self.order_by = tuple(
                item if isinstance(item, OrderBy) else OrderBy.parse(item)
                for item in self._declared_order or ()
            )
        except ValueError as error:
            raise DeclarationError(table.name, f"order_by: {error}") from None
        try:
            self.sparse_indexes = _sparse(self._declared_indexes)
        except ValueError as error:
            raise DeclarationError(table.name, f"sparse_indexes: {error}") from None
        if self._declared_after is not None:
            self.after = self.interval(table, "compress after", self._declared_after)
        if self._declared_created is not None:
            self.created_before = self.interval(table, "created_before", self._declared_created)
        if self._declared_chunk_interval is not None:
            self.chunk_interval = self.interval(
                table, "compressed chunk interval", self._declared_chunk_interval
            )
        self.schedule_interval = self.schedule(table, self._declared_schedule)

    def _check(self, table: Table) -> None:
        needs_chunks(self, table)
        for name in self.segment_by:
            self._column(table, name, "segment_by")
        _refuse_repeated(table, "segment_by", self.segment_by)
        ordered = [item.column for item in self.order_by]
        for name in ordered:
            self._column(table, name, "order_by")
            if name in self.segment_by:
                raise DeclarationError(
                    table.name,
                    f"column {name!r} is in segment_by and in order_by; remove it from one",
                )
        _refuse_repeated(table, "order_by", ordered)
        if not ordered and self._declared_order is not None:
            raise DeclarationError(
                table.name,
                "order_by is empty; name columns, because each version of TimescaleDB chooses "
                "another default",
            )
        check_age(table, "compress after", self.after)
        check_age_of_chunk(table, "created_before", self.created_before)
        if self.created_before is not None and self.after is not None:
            raise DeclarationError(table.name, "Compression has both after and created_before")
        if self.created_before is not None and aggregate_of(table) is not None:
            raise DeclarationError(
                table.name,
                "created_before: the policy of a continuous aggregate goes by the time of its "
                "buckets; declare after",
            )
        for index in self.sparse_indexes or ():
            for name in index.columns:
                self._column(table, name, f"sparse index {index.kind}")


def compression_of(table: Table) -> Compression | None:
    """The table's `Compression` declaration, if it has one."""
    return declared(table, Compression)


def _sparse(
    declared: str | Sequence[str | SparseIndex] | None,
) -> tuple[SparseIndex, ...] | None:
    if declared is None:
        return None
    items = [declared] if isinstance(declared, str) else declared
    return tuple(
        index
        for item in items
        for index in ([item] if isinstance(item, SparseIndex) else SparseIndex.parse(item))
    )


def _unquoted(name: str) -> str:
    """The name of a column that may be quoted as in SQL: `"meterId"`."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


#: An item of a list: everything up to a comma that is not in a quoted name.
_ITEM = re.compile(r'(?:"(?:[^"]|"")*"|[^,])+')


def _split(items: str | Sequence[Any]) -> tuple[Any, ...]:
    if isinstance(items, str):
        return tuple(item.strip() for item in _ITEM.findall(items) if item.strip())
    return tuple(items)


def _refuse_repeated(table: Table, what: str, names: Sequence[str]) -> None:
    for name in names:
        if list(names).count(name) > 1:
            raise DeclarationError(table.name, f"{what} names {name!r} twice")
