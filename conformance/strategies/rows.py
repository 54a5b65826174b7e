"""Rows that a table accepts, from its metadata alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.declarations import hypertable_of
from conformance.strategies.derivation import LEFT_OUT, Derivation, Row, Scope, derivation_of
from conformance.strategies.parents import check_names, references

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Table

    from conformance.strategies.derivation import Span
    from conformance.strategies.parents import Parents

#: Column keys, and a strategy: of the column's value, or of a tuple where there are several.
Part = tuple[tuple[str, ...], SearchStrategy[Any]]


class NotDerivable(ValueError):
    """Valid rows cannot be derived from the metadata alone.

    Attributes:
        problems: one sentence for each thing that the caller has to say.
    """

    def __init__(self, table: Table, problems: list[str]) -> None:
        listed = "".join(f"\n- {problem}" for problem in problems)
        super().__init__(f"rows of {table.fullname} cannot be derived from its metadata:{listed}")
        self.problems = tuple(problems)


def rows(  # noqa: PLR0913 - what is said of a table, by keyword
    model: Any,
    overrides: Mapping[str, Any] | None = None,
    /,
    *,
    parents: Parents | None = None,
    span: Span | None = None,
    far: bool = False,
    complete: bool = False,
    plain: bool = False,
    nulls_for_unknown: bool = False,
    trusting: Collection[str] = (),
    **more: Any,
) -> SearchStrategy[Row]:
    """Rows that the table accepts, one by one, as dictionaries for `insert()`.

    Values keep to types, nullability, CHECK constraints and foreign keys; they do not keep to
    unique constraints. Columns that the database fills (identity, serial, computed) are never
    given, those with a default sometimes. A nullable JSON column is NULL by not being given.
    A type decorator gets the values that it gives back itself.

    Args:
        model: a mapped class or a table.
        overrides: a strategy or a plain value for a column, which is then always given; also as
            keyword arguments, `rows(MarketData, instrument_id=1)`.
        parents: values that foreign keys can take, `{"instruments.id": [1, 2]}`; for a foreign
            key of several columns, rows: `{"orders": [{"id": 1, "region": "eu"}]}`.
        span: first and last value of a hypertable's time column; by default `default_span`.
        far: its values come from the years 1 to 9999 instead; each may be a new chunk.
        complete: every column is given in every row, so that all rows have the same keys. NULL
            of a JSON column is then None, which SQLAlchemy may write as the document `null`.
        plain: texts are short words, easy to read.
        nulls_for_unknown: a column of whose values nothing is known is NULL, where it may be;
            `unknown_columns` names them.
        trusting: names of CHECK constraints that are not understood, and that the caller's
            overrides or filters keep.

    Raises:
        NotDerivable: a foreign key without parents, a CHECK that is not understood, or a type
            that is not known; all of them are named.
        ValueError: an argument names something that is not there, or contradicts another.
    """
    derivation = derivation_of(model)
    table = derivation.table
    maker = _Parts(derivation, _scope(table, span, far=far, complete=complete, plain=plain))
    maker.override({**(overrides or {}), **more})
    maker.refer(parents or {})
    maker.trust(trusting)
    maker.add_the_rest(nulls_for_unknown=nulls_for_unknown)
    if maker.problems:
        raise NotDerivable(table, maker.problems)
    order = [column.key for column in table.columns]
    return _row_of(tuple(sorted(maker.parts, key=lambda part: order.index(part[0][0]))))


@st.composite
def _row_of(draw: st.DrawFn, parts: tuple[Part, ...]) -> Row:
    """A row from its parts."""
    row: Row = {}
    for keys, strategy in parts:
        drawn = draw(strategy)
        pairs = [(keys[0], drawn)] if len(keys) == 1 else zip(keys, drawn, strict=True)
        row.update((key, value) for key, value in pairs if value is not LEFT_OUT)
    return row


def _scope(table: Table, span: Span | None, *, far: bool, **more: bool) -> Scope:
    if span is not None:
        if far:
            raise ValueError("span and far exclude each other")
        if hypertable_of(table) is None:
            raise ValueError(f"span: {table.name} is not declared a Hypertable")
        if span[0] > span[1]:
            raise ValueError(f"span: {span[0]} is after {span[1]}")
    return Scope(span, far, **more)


class _Parts:
    """Collects parts: single columns, and columns whose values depend on each other.

    A column that has one is left alone by what comes later.
    """

    def __init__(self, derivation: Derivation, scope: Scope) -> None:
        self.derivation = derivation
        self.table = derivation.table
        self.scope = scope
        self.parts: list[Part] = []
        self.problems: list[str] = []
        self.done: set[str] = set()
        self.overridden: set[str] = set()

    def override(self, overrides: Mapping[str, Any]) -> None:
        """The caller's word, which nothing narrows."""
        for key, value in overrides.items():
            column = self.table.columns.get(key)
            if column is None:
                known = ", ".join(column.key for column in self.table.columns)
                raise ValueError(f"{self.table.name} has no column {key!r}; there are {known}")
            if column.computed is not None:
                raise ValueError(f"column {self.table.name}.{key} is computed by the database")
            strategy = value if isinstance(value, SearchStrategy) else st.just(value)
            self._add((column.name,), strategy)
            self.overridden.add(column.name)

    def refer(self, parents: Parents) -> None:
        """Foreign keys take their values from the parents."""
        check_names(self.table, parents)
        found = references(self.table, parents, self.overridden, self.problems)
        for names, values in found:
            single = len(names) == 1
            self._add(names, st.sampled_from([item[0] for item in values] if single else values))
        self.done.update(
            element.parent.name
            for constraint in self.table.foreign_key_constraints
            for element in constraint.elements
        )

    def trust(self, trusting: Collection[str]) -> None:
        """Checks that are not understood must be kept by the caller."""
        unread = {check.name: check for check in self.derivation.unread}
        for name in trusting:
            if name not in unread:
                raise ValueError(
                    f"{self.table.name} has no check {name!r} that is not understood; "
                    f"there are {', '.join(unread) or 'none'}"
                )
        for check in unread.values():
            kept = check.columns and self.overridden.issuperset(check.columns)
            if check.name not in trusting and not kept:
                self.problems.append(
                    f"{check}; override {' and '.join(check.columns) or 'columns'}, "
                    f"or keep it by a filter and say trusting=[{check.name!r}]"
                )

    def add_the_rest(self, *, nulls_for_unknown: bool) -> None:
        """Columns by their types and by the checks that are understood, those tied as one part."""
        for names, ways in self.derivation.parts:
            left = tuple(name for name in names if name not in self.done)
            if left:
                found = self.derivation.tied(left, ways, self.scope)
                unknown = [name for name in left if name in self.derivation.unknown]
                if found.is_empty or not nulls_for_unknown:
                    self.problems += [
                        f"column {name}: {self.derivation.unknown[name]}; override it"
                        for name in unknown
                    ]
                if found.is_empty and not unknown:
                    listed = ", ".join(left)
                    self.problems.append(f"checks leave no value of {listed} that its type has")
                self._add(left, found)

    def _add(self, names: tuple[str, ...], strategy: SearchStrategy[Any]) -> None:
        keys = tuple(self.derivation.fields[name].key for name in names)
        self.parts.append((keys, strategy))
        self.done.update(names)
