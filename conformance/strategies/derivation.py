"""All that the metadata says about the rows of a table; derived once per table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import JSON, Float, Integer, Numeric, Table, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import NoInspectionAvailable

from conformance.declarations import hypertable_of
from conformance.declarations.hypertables import unique_keys
from conformance.strategies.checks.reading import Group, UnreadCheck, Way, read_checks
from conformance.strategies.fields import Field, fields_of
from conformance.strategies.values.axes import Chunks, axis_of
from conformance.strategies.values.by_kind import UnknownType, values
from conformance.strategies.values.narrowing import Narrowing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hypothesis.strategies import SearchStrategy

    from conformance.strategies.questions import Question

#: First and last value of a hypertable's time column, in the column's own type.
Span = tuple[Any, Any]
#: Column key, as in `insert()` -> value.
Row = dict[str, Any]

#: The attribute of a table with its derivation.
_KEPT = "_conformance_derivation"
#: Numbers whose products and quotients every numeric type has; floats have an underflow, too.
_COMPUTABLE = Narrowing(low=1, high=100)
_COMPUTABLE_FLOATS = Narrowing(choices=(0.5, 1.0, 2.5, 40.0, 100.0))
#: The value of a column that a drawn row leaves out.
LEFT_OUT = object()


def table_of(model: Any) -> Table:
    """The table of a mapped class, or the table itself.

    Raises:
        TypeError: the model is neither.
    """
    try:
        table = model if isinstance(model, Table) else inspect(model).local_table
    except (NoInspectionAvailable, AttributeError):
        table = None
    if not isinstance(table, Table):
        raise TypeError(f"{model!r} is neither a table nor a mapped class")
    return table


@dataclass(frozen=True)
class Scope:
    """Which values are drawn for the columns.

    Attributes:
        span: first and last value of a hypertable's time column; None: four chunks.
        far: draw the time column from all values that PostgreSQL, TimescaleDB and Python support.
        complete: no column is left out.
        plain: texts are short words, easy to read.
    """

    span: Span | None = None
    far: bool = False
    complete: bool = False
    plain: bool = False


class Derivation:
    """A table, read; strategies of its columns are made once.

    Attributes:
        fields: every column, resolved, by name, in order.
        groups: columns that checks tie to each other, with the ways to satisfy these checks.
        pairs: what checks demand of two columns in every row.
        unread: the checks that are not understood.
        questions: what `questions_of` returns, once it was called.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        fields = fields_of(table)
        groups, self.pairs, self.unread = read_checks(table, fields)
        self.groups = [
            (names, tuple(_computable(way, fields) for way in ways)) for names, ways in groups
        ]
        single = {
            names[0]: ways[0].left[names[0]]
            for names, ways in self.groups
            if len(names) == len(ways) == 1
        }
        self.fields = {
            name: replace(field, narrowing=single.get(name) or _narrowed(field, field.narrowing))
            for name, field in fields.items()
        }
        pairs = (
            *self.pairs,
            *(pair for _, ways in self.groups for way in ways for pair in way.pairs),
        )
        self._compared = {name for pair in pairs for name in pair.columns}
        self.questions: tuple[Question, ...] | None = None
        self._made: dict[Any, SearchStrategy[Any]] = {}

    @cached_property
    def inserted(self) -> dict[str, Field]:
        """The columns that an INSERT names: all but those that the database fills alone."""
        return {name: field for name, field in self.fields.items() if not field.is_generated}

    @cached_property
    def parts(self) -> list[Group]:
        """The inserted columns: those that checks tie to each other, and single ones."""
        found = [
            (tuple(name for name in names if name in self.inserted), ways)
            for names, ways in self.groups
        ]
        tied = {name for names, _ in found for name in names}
        return [*found, *(((name,), (Way({}),)) for name in self.inserted if name not in tied)]

    @cached_property
    def unknown(self) -> dict[str, str]:
        """Columns of whose values nothing is known, by name, with the reason."""
        found = {}
        for name, field in self.inserted.items():
            try:
                values(field.kind, field.narrowing, field.limit)
            except UnknownType as error:
                # A foreign key has the values of its parents.
                if not field.column.foreign_keys:
                    found[name] = str(error)
        return found

    @cached_property
    def without_equality(self) -> set[str]:
        """Columns whose values PostgreSQL may have no equality of: json, and what is not known."""
        return {
            name
            for name, field in self.inserted.items()
            if name in self.unknown
            or (isinstance(field.kind.stored, JSON) and not isinstance(field.kind.stored, JSONB))
        }

    @cached_property
    def time(self) -> Field:
        """A hypertable's time column.

        Raises:
            ValueError: the table is not declared a hypertable.
        """
        for field in self.fields.values():
            if field.is_time:
                return field
        raise ValueError(f"{self.table.name} does not have Hypertable(...)")

    @cached_property
    def chunks(self) -> Chunks:
        """How a hypertable is cut; ValueError as above."""
        axis = axis_of(self.time.kind.stored, self.time.narrowing.unit)
        hypertable = hypertable_of(self.table)
        assert axis is not None, "the declaration has checked the type"
        assert hypertable is not None
        return Chunks(axis, hypertable.chunk_interval)

    def moment(self, step: int) -> Any:
        """The time column's value at a step of its axis.

        Raises:
            ValueError: its type takes none.
        """
        value = self.time.kind.value_stored_as(self.chunks.axis.value(step))
        if value is None:
            raise ValueError(
                self.unknown.get(self.time.name, f"the time column has no value at step {step}")
            )
        return value

    def step(self, moment: Any) -> int:
        """The step of a value of the time column."""
        return self.chunks.axis.step(self.time.kind.bound(moment))

    def steps(self, span: Span) -> tuple[int, int]:
        """The first and the last step of a span."""
        first, last = span
        return self.chunks.axis.step_from(self.time.kind.bound(first)), self.step(last)

    def strategy(
        self, name: str, scope: Scope, narrowing: Narrowing | None = None
    ) -> SearchStrategy[Any]:
        """Values of the column, NULL, and `LEFT_OUT`, each where it can be.

        Args:
            narrowing: the values that are allowed; by default those of the field.
        """
        key = (name, narrowing, scope)
        if key not in self._made:
            self._made[key] = self.fresh(name, scope, narrowing)
        return self._made[key]

    def fresh(
        self, name: str, scope: Scope, narrowing: Narrowing | None = None
    ) -> SearchStrategy[Any]:
        """The same, not kept."""
        field = self.fields[name]
        if narrowing is not None:
            field = replace(field, narrowing=narrowing)
        return st.one_of(*self._branches(field, scope))

    def _branches(self, field: Field, scope: Scope) -> Iterator[SearchStrategy[Any]]:
        kind = field.kind.stored
        # As JSON's value, None is the document `null`; NULL is a column that is not given.
        is_json = isinstance(kind, JSON) and not kind.none_as_null
        # A default could be the value of a column that must differ.
        may_be_left_out = field.has_default and field.name not in self._compared
        if not scope.complete and (may_be_left_out or (is_json and field.may_be_null)):
            yield st.just(LEFT_OUT)
        if field.may_be_null and (not is_json or scope.complete):
            yield st.none()
        if field.narrowing.null is not True and field.name not in self.unknown:
            within = self._within(scope) if field.is_time else None
            yield values(field.kind, field.narrowing, field.limit, within=within, plain=scope.plain)

    def _within(self, scope: Scope) -> tuple[Chunks, int, int]:
        axis = self.chunks.axis
        low, high = self.chunks.handful()
        if scope.far:
            low, high = axis.first, axis.last
        elif scope.span is not None:
            low, high = self.steps(scope.span)
        return self.chunks, low, high


def _computable(way: Way, fields: Mapping[str, Field]) -> Way:
    return replace(
        way, left={name: _narrowed(fields[name], left) for name, left in way.left.items()}
    )


def _narrowed(field: Field, narrowing: Narrowing) -> Narrowing:
    """The values of a column from which the database can compute others, where there are such.

    A product of two generated numbers is seldom in the range of its type, and so is a quotient.
    Time and keys need all their values.
    """
    kind, table = field.kind.stored, field.column.table
    if (
        not isinstance(kind, Integer | Numeric | Float)
        or field.is_time
        or any(column is field.column for _, key in unique_keys(table) for column in key)
        or not any(
            re.search(rf"\b{re.escape(field.name)}\b", str(column.computed.sqltext))
            for column in table.columns
            if column.computed is not None
        )
    ):
        return narrowing
    return (
        narrowing.both(_COMPUTABLE_FLOATS if isinstance(kind, Float) else _COMPUTABLE) or narrowing
    )


def derivation_of(model: Any) -> Derivation:
    """The derivation of a mapped class or a table, kept with the table."""
    table = table_of(model)
    # Not in Table.info, which Alembic writes into a revision and SQLAlchemy into a copy.
    kept = vars(table)
    if _KEPT not in kept:
        kept[_KEPT] = Derivation(table)
    found: Derivation = kept[_KEPT]
    return found


def checks_not_understood(model: Any) -> tuple[UnreadCheck, ...]:
    """The CHECK constraints of a table that are not understood."""
    return derivation_of(model).unread


def unknown_columns(model: Any) -> dict[str, str]:
    """Columns of an unknown type, by key, with a reason that names the type."""
    derivation = derivation_of(model)
    return {derivation.fields[name].key: why for name, why in derivation.unknown.items()}


def default_span(model: Any) -> Span:
    """The default first and last value of a hypertable's time column: four whole chunks.

    Raises:
        ValueError: the table is not declared a hypertable.
    """
    derivation = derivation_of(model)
    first, last = derivation.chunks.handful()
    return derivation.moment(first), derivation.moment(last)


def chunk_starts(model: Any, span: Span | None = None) -> list[Any]:
    """A value in every chunk of the span, the first one of it where it is in the span.

    Raises:
        ValueError: the table is not declared a hypertable.
    """
    derivation = derivation_of(model)
    chunks, choices = derivation.chunks, derivation.time.narrowing.choices
    low, high = derivation.steps(span or default_span(model))
    if choices is not None:
        inside = [step for step in map(chunks.axis.step, choices) if low <= step <= high]
        found = {chunks.number(step): step for step in sorted(inside, reverse=True)}
        return [derivation.moment(found[number]) for number in sorted(found)]
    return [derivation.moment(max(low, at)) for at in chunks.starts(low, high)]
