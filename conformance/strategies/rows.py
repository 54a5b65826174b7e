"""Rows that a table accepts, from its metadata alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.declarations import hypertable_of
from conformance.strategies.derivation import Derivation, Row, Scope, derivation_of
from conformance.strategies.pairs import Orders, Related, assigned, with_what_follows
from conformance.strategies.parents import check_names, references

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Column, Table

    from conformance.strategies.checks.reading import Way
    from conformance.strategies.derivation import Span
    from conformance.strategies.parents import Parents

#: Columns by key -> values that they may have together.
Satisfying = Mapping[tuple[str, ...], Sequence[tuple[Any, ...]]]
#: Columns, and a strategy of the value; of a tuple of values for several columns.
Part = tuple[tuple[str, ...], SearchStrategy[Any]]


class NotDerivable(ValueError):
    """Valid rows cannot be generated from the metadata alone.

    Attributes:
        problems: one sentence for each argument that the caller has to add.
        causes: the same without the arguments, for readers who call nothing.
    """

    def __init__(self, table: Table, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple("; ".join(filter(None, problem)) for problem in problems)
        self.causes = tuple(cause for cause, _ in problems)
        listed = "".join(f"\n- {problem}" for problem in self.problems)
        super().__init__(f"cannot generate rows of {table.fullname} from its metadata:{listed}")


def rows(  # noqa: PLR0913 - what is said of a table, by keyword
    model: Any,
    overrides: Mapping[str, Any] | None = None,
    /,
    *,
    parents: Parents | None = None,
    satisfying: Satisfying | None = None,
    span: Span | None = None,
    far: bool = False,
    complete: bool = False,
    plain: bool = False,
    nulls_for_unknown: bool = False,
    trusting: Collection[str] = (),
    **more: Any,
) -> SearchStrategy[Row]:
    """Rows that the table accepts, one by one, as dictionaries for `insert()`.

    Values satisfy types, nullability, CHECK constraints and foreign keys, but not unique
    constraints. Columns that the database fills (identity, serial, computed) are left out, columns
    with a default sometimes. A nullable JSON column is left out where it is NULL. The value of a
    TypeDecorator is one that it returns itself.

    Args:
        model: a mapped class or a table.
        overrides: column -> a strategy or a value, which every row then has; also as keyword
            arguments, `rows(MarketData, instrument_id=1)`.
        parents: values for foreign keys, `{"instruments.id": [1, 2]}`; for a foreign key of several
            columns, rows: `{"orders": [{"id": 1, "region": "eu"}]}`.
        satisfying: values that satisfy checks which are not understood, one for each of their
            columns: `{("minute", "second"): [(0, 5), (1, 10)]}`.
        span: first and last value of a hypertable's time column; by default `default_span`.
        far: draw the time column from the years 1 to 9999 instead; each row may be in a new chunk.
        complete: every row has every column, so that all rows have the same keys. The NULL of a
            JSON column is then None, which SQLAlchemy may write as the document `null`.
        plain: texts are short words, easy to read.
        nulls_for_unknown: columns of an unknown type are NULL if nullable; `unknown_columns` names
            them.
        trusting: names of CHECK constraints that are not understood, and that the caller's
            overrides or filters ensure.

    Raises:
        NotDerivable: a foreign key has no parents, a CHECK is not understood, or a type is unknown;
            the error names all of them.
        ValueError: an argument names something that does not exist, or contradicts another one.
    """
    derivation = derivation_of(model)
    table = derivation.table
    maker = _Parts(derivation, _scope(table, span, far=far, complete=complete, plain=plain))
    maker.override({**(overrides or {}), **more})
    maker.refer(parents or {})
    maker.satisfy(satisfying or {})
    maker.trust(trusting)
    maker.add_the_rest(nulls_for_unknown=nulls_for_unknown)
    if maker.problems:
        raise NotDerivable(table, maker.problems)
    return _row_of(maker)


@st.composite
def _row_of(draw: st.DrawFn, maker: _Parts) -> Row:
    """A row from its parts."""
    row: Row = {}
    course = maker.course(tuple(draw(place) for place in maker.places))
    for keys, strategy in course.strategies(row):
        row.update(assigned(keys, draw(strategy)))
    # In the order of the columns, whichever was drawn first.
    return {key: row[key] for key in maker.keys if key in row} if course.related else row


def _scope(table: Table, span: Span | None, *, far: bool, **more: bool) -> Scope:
    if span is not None:
        if far:
            raise ValueError("span and far=True cannot be combined")
        if hypertable_of(table) is None:
            raise ValueError(f"span: {table.name} does not have Hypertable(...)")
        if span[0] > span[1]:
            raise ValueError(f"span: {span[0]} is after {span[1]}")
    return Scope(span, far, **more)


class _Parts:
    """Collects parts: single columns, and columns whose values depend on each other.

    Later calls do not change a column that has a part already.
    """

    def __init__(self, derivation: Derivation, scope: Scope) -> None:
        self.derivation = derivation
        self.table = derivation.table
        self.scope = scope
        self.keys = [field.key for field in derivation.fields.values()]
        self.given: list[Part] = []
        self.free: list[str] = []
        self.choices: list[list[Way]] = []
        self._courses: dict[tuple[int, ...], _Course] = {}
        self.problems: list[tuple[str, str]] = []
        self.done: set[str] = set()
        self.overridden: set[str] = set()
        self.satisfied: list[set[str]] = []

    def override(self, overrides: Mapping[str, Any]) -> None:
        """Use the caller's values or strategies, without applying checks."""
        for key, value in overrides.items():
            column = self._column(key)
            if column.computed is not None:
                raise ValueError(f"the database computes the column {self.table.name}.{key}")
            strategy = value if isinstance(value, SearchStrategy) else st.just(value)
            self._add((column.name,), strategy)
            self.overridden.add(column.name)

    def refer(self, parents: Parents) -> None:
        """Draw the values of foreign keys from the parents."""
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

    def satisfy(self, satisfying: Satisfying) -> None:
        """Draw the values of columns together, unless one of them has a part."""
        for keys, values in satisfying.items():
            names = tuple(self._column(key).name for key in keys)
            inside = [value for value in values if self._in_span(names, value)]
            if inside and self.done.isdisjoint(names):
                single = len(names) == 1
                self._add(names, st.sampled_from([v[0] for v in inside] if single else inside))
                self.satisfied.append(set(names))

    def _column(self, key: str) -> Column[Any]:
        found: Column[Any] | None = self.table.columns.get(key)
        if found is None:
            known = ", ".join(column.key for column in self.table.columns)
            raise ValueError(f"{self.table.name} has no column {key!r}; it has {known}")
        return found

    def _in_span(self, names: tuple[str, ...], values: tuple[Any, ...]) -> bool:
        if self.scope.span is None:
            return True
        first, last = self.derivation.steps(self.scope.span)
        return all(
            first <= self.derivation.step(value) <= last
            for name, value in zip(names, values, strict=True)
            if name == self.derivation.time.name
        )

    def trust(self, trusting: Collection[str]) -> None:
        """Require that the caller ensures the checks that are not understood."""
        unread = {check.name: check for check in self.derivation.unread}
        for name in trusting:
            if name not in unread:
                raise ValueError(
                    f"trusting: {self.table.name} has no check {name!r} that is not understood; "
                    f"it has {', '.join(unread) or 'none'}"
                )
        for check in unread.values():
            kept = check.columns and any(
                whole.issuperset(check.columns) for whole in (self.overridden, *self.satisfied)
            )
            if check.name not in trusting and not kept:
                self.problems.append(
                    (
                        str(check),
                        f"override {' and '.join(check.columns) or 'columns'}, or filter the rows "
                        f"by the check and pass trusting=[{check.name!r}]",
                    )
                )

    def add_the_rest(self, *, nulls_for_unknown: bool) -> None:
        """Add the other columns, by their types and checks."""
        for names, ways in self.derivation.parts:
            left = [name for name in names if name not in self.done]
            possible = [way for way in ways if self._is_possible(way, left)]
            unknown = [name for name in left if name in self.derivation.unknown]
            if not possible or not nulls_for_unknown:
                self.problems += [
                    (f"column {name}: {self.derivation.unknown[name]}", "override the column")
                    for name in unknown
                ]
            if not possible and not unknown:
                listed = ", ".join(left)
                self.problems.append((f"the checks of {listed} allow no value of its type", ""))
            self.free += left
            if left and possible:
                self.choices.append(possible)

    def _is_possible(self, way: Way, names: Sequence[str]) -> bool:
        return not any(
            self.derivation.strategy(name, self.scope, way.left.get(name)).is_empty
            for name in names
        )

    @cached_property
    def places(self) -> list[SearchStrategy[int]]:
        """Which way is taken, of each group of checks that has several."""
        return [st.integers(0, len(ways) - 1) for ways in self.choices if len(ways) > 1]

    def course(self, places: tuple[int, ...]) -> _Course:
        """How a row is drawn that takes these ways."""
        if places not in self._courses:
            left = iter(places)
            ways = [ways[next(left) if len(ways) > 1 else 0] for ways in self.choices]
            self._courses[places] = _Course(self, ways)
        return self._courses[places]

    def _add(self, names: tuple[str, ...], strategy: SearchStrategy[Any]) -> None:
        self.given.append((names, strategy))
        self.done.update(names)


class _Course:
    """In which order the columns of a row are drawn, and what those drawn leave for the others.

    Args:
        maker: the columns.
        ways: how the checks of each group are satisfied.
    """

    def __init__(self, maker: _Parts, ways: Sequence[Way]) -> None:
        self.derivation, self.scope = maker.derivation, maker.scope
        fields = self.derivation.fields
        self.left = {name: narrowing for way in ways for name, narrowing in way.left.items()}
        pairs = with_what_follows(
            [*self.derivation.pairs, *(pair for way in ways for pair in way.pairs)]
        )
        narrowed = {
            name: replace(fields[name], narrowing=self.left.get(name, fields[name].narrowing))
            for pair in pairs
            for name in pair.columns
        }
        self.related = [
            Related((narrowed[one], narrowed[other]), pair.operator)
            for pair in pairs
            for one, other in [pair.columns]
        ]
        self.orders = Orders(narrowed, pairs)
        self.overridden = maker.overridden
        #: The columns of each part; the strategy of those that the caller gives.
        self.parts: list[tuple[tuple[str, ...], SearchStrategy[Any] | None]] = [
            *maker.given, *(((name,), None) for name in maker.free)
        ]  # fmt: skip
        self.parts.sort(key=lambda part: self._rank(*part))

    def _rank(self, names: tuple[str, ...], strategy: SearchStrategy[Any] | None) -> Any:
        """By the order of columns; with pairs, first what is given, and smaller columns first."""
        field = self.derivation.fields[names[0]]
        place = list(self.derivation.fields).index(field.name)
        if not self.related:
            return (place,)
        is_known = field.is_time or strategy is not None
        smaller = len(self.orders.below(field.name))
        return field.name not in self.overridden, not is_known, smaller, place

    def strategies(self, row: Row) -> Iterator[Part]:
        """The keys of each part with the strategy of their values.

        Args:
            row: what is drawn already; the caller adds to it what it draws of each part.
        """
        if not self.related:
            yield from self.unrelated
            return
        for names, given in self.parts:
            keys = self._keys(names)
            strategy = self._free(row, names[0]) if given is None else given
            if names[0] not in self.overridden:
                for related in self.related:
                    strategy = related.left_of(keys, strategy, row)
            yield keys, strategy

    @cached_property
    def unrelated(self) -> list[Part]:
        """The parts of rows whose columns do not depend on each other."""
        return [
            (self._keys(names), self._free({}, names[0]) if given is None else given)
            for names, given in self.parts
        ]

    def _keys(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.derivation.fields[name].key for name in names)

    def _free(self, row: Row, name: str) -> SearchStrategy[Any]:
        if name not in self.orders:
            return self.derivation.strategy(name, self.scope, self.left.get(name))
        found = self.derivation.fresh(name, self.scope, self.orders.left_by(row, name))
        if found.is_empty:
            # The given columns, or those drawn before, leave nothing.
            reject()
        return found
