"""What can be known of a table's rows from its metadata alone; read once per table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import ARRAY, JSON, CheckConstraint, LargeBinary, String, Table, inspect
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.schema import ColumnCollectionConstraint

from conformance.declarations import compression_of, hypertable_of
from conformance.strategies.checks.reading import demands_of
from conformance.strategies.values.axes import Chunks
from conformance.strategies.values.by_kind import values
from conformance.strategies.values.kinds import kind_of
from conformance.strategies.values.moments import moments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import Column

    from conformance.strategies.values.axes import Span
    from conformance.strategies.values.narrowing import Narrowing

_INFO_KEY = "conformance.strategies"
#: A third of a page, less what an index entry needs beside its values (PostgreSQL, "B-Tree
#: Indexes": 2704 bytes at most). Counted without compression, which not every text allows.
_INDEX_ENTRY = 2_600
#: In a drawn row: the column is not given.
LEFT_OUT = object()


def table_of(model: Any) -> Table:
    """The table of a mapped class, or the table itself.

    Raises:
        TypeError: it is neither.
    """
    try:
        table = model if isinstance(model, Table) else inspect(model).local_table
    except (NoInspectionAvailable, AttributeError):
        table = None
    if not isinstance(table, Table):
        raise TypeError(f"{model!r} is neither a table nor a class that is mapped to one")
    return table


@dataclass(frozen=True)
class Range:
    """Where a hypertable's time column is drawn from, and how full a row is.

    Attributes:
        span: first and last value; None: four chunks.
        far: all that PostgreSQL, TimescaleDB and Python can hold, instead.
        complete: no column is left out.
    """

    span: Span | None = None
    far: bool = False
    complete: bool = False


class Derivation:
    """A table, read; strategies of its columns are made once."""

    def __init__(self, table: Table) -> None:
        self.table = table
        #: By name, in order, without those that the database fills alone.
        self.columns = {column.name: column for column in table.columns if not is_generated(column)}
        self.demands = demands_of(table)
        self._limits = _limits(table)
        hypertable = hypertable_of(table)
        self._time_column = hypertable.time_column if hypertable else None
        self._made: dict[tuple[str, Narrowing, Range], SearchStrategy[Any]] = {}

    def strategy(self, name: str, narrowing: Narrowing, span: Range) -> SearchStrategy[Any]:
        """Values of the column, NULL, and `LEFT_OUT`, each where it can be.

        Raises:
            UnknownType: nothing is known of the column's type.
        """
        key = (name, narrowing, span)
        if key not in self._made:
            column = self.columns[name]
            self._made[key] = st.one_of(*self._branches(column, narrowing, span))
        return self._made[key]

    def _branches(
        self, column: Column[Any], narrowing: Narrowing, span: Range
    ) -> Iterator[SearchStrategy[Any]]:
        kind = kind_of(column.type).type
        # As JSON's value, None is the document `null`; NULL is a column that is not given.
        is_json = isinstance(kind, JSON) and not kind.none_as_null
        has_default = column.server_default is not None or column.default is not None
        may_be_null = column.nullable and narrowing.null is not False
        if not span.complete and (has_default or (is_json and may_be_null)):
            yield st.just(LEFT_OUT)
        if may_be_null and (not is_json or span.complete):
            yield st.none()
        if narrowing.null is not True:
            yield self._values(column, narrowing, span)

    def _values(
        self, column: Column[Any], narrowing: Narrowing, span: Range
    ) -> SearchStrategy[Any]:
        if column.name != self._time_column or narrowing.choices is not None:
            return values(column.type, narrowing, self._limits.get(column.name))
        chunks = Chunks(self.table)
        axis = chunks.axis
        within = chunks.handful()
        if span.far:
            within = (axis.first, axis.last)
        elif span.span is not None:
            within = (axis.step(span.span[0]), axis.step(span.span[1]))
        return moments(axis, narrowing, within, chunks)


def derivation_of(table: Table) -> Derivation:
    """The table's derivation, kept with the table."""
    known = table.info.get(_INFO_KEY)
    # A copy of the table may have come with the original's.
    if not isinstance(known, Derivation) or known.table is not table:
        known = table.info[_INFO_KEY] = Derivation(table)
    return known


def is_generated(column: Column[Any]) -> bool:
    """Whether the database fills the column: computed, identity, serial or from a sequence."""
    if column.computed is not None or column.identity is not None:
        return True
    if column.default is not None:
        return bool(column.default.is_sequence)
    return column is column.table._autoincrement_column and column.server_default is None


def _limits(table: Table) -> dict[str, int]:
    """Bytes that each column of variable length has in the fullest index that it is in."""
    limits: dict[str, int] = {}
    for index in _index_entries(table):
        variable = [column for column in index if _is_variable(column)]
        for column in variable:
            room = _INDEX_ENTRY // len(variable)
            limits[column.name] = min(room, limits.get(column.name, room))
    return limits


def _is_variable(column: Column[Any]) -> bool:
    return isinstance(kind_of(column.type).type, String | LargeBinary | JSON | ARRAY)


def _index_entries(table: Table) -> Iterator[list[Column[Any]]]:
    """The columns in each index entry; one may come twice."""
    by_name = {column.name: column for column in table.columns}
    for constraint in table.constraints:
        if isinstance(constraint, ColumnCollectionConstraint) and not isinstance(
            constraint, CheckConstraint
        ):
            yield list(constraint.columns)
    for index in table.indexes:
        included = index.dialect_options["postgresql"].get("include") or ()
        names = [str(getattr(item, "name", item)) for item in included]
        yield [*index.columns, *(by_name[name] for name in names if name in by_name)]
    compression = compression_of(table)
    if compression is not None:
        # A compressed batch is indexed by its segment and by the ends of its order.
        ordered = [item.column for item in compression.order_by]
        yield [by_name[name] for name in (*compression.segment_by, *ordered, *ordered)]
