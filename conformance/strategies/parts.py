"""A row in parts: single columns, and columns whose values depend on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.strategies.derivation import Derivation, derivation_of
from conformance.strategies.parents import check_names, references
from conformance.strategies.values.by_kind import UnknownType
from conformance.strategies.values.narrowing import ANYTHING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Table

    from conformance.strategies.derivation import Range
    from conformance.strategies.parents import Parents
    from conformance.strategies.values.narrowing import Alternative

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


def parts_of(
    table: Table,
    overrides: Mapping[str, Any],
    *,
    parents: Parents,
    span: Range,
    trusting: Collection[str],
) -> tuple[Part, ...]:
    """The parts of a row, in the order of the columns.

    Raises:
        NotDerivable: something is needed that the metadata does not say.
        ValueError: an argument names something that is not there.
    """
    maker = _Parts(derivation_of(table), span)
    maker.override(overrides)
    check_names(table, parents)
    maker.refer(parents)
    maker.satisfy_checks(trusting)
    maker.add_the_rest()
    if maker.problems:
        raise NotDerivable(table, maker.problems)
    order = [column.key for column in table.columns]
    return tuple(sorted(maker.parts, key=lambda part: order.index(part[0][0])))


class _Parts:
    """Collects parts; a column that has one is left alone by what comes later."""

    def __init__(self, derivation: Derivation, span: Range) -> None:
        self.derivation = derivation
        self.table = derivation.table
        self.span = span
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
        found = references(self.table, parents, self.overridden, self.problems)
        for names, values in found:
            single = len(names) == 1
            self._add(names, st.sampled_from([item[0] for item in values] if single else values))
        self.done.update(
            element.parent.name
            for constraint in self.table.foreign_key_constraints
            for element in constraint.elements
        )

    def satisfy_checks(self, trusting: Collection[str]) -> None:
        """Columns that checks are about, those tied to each other as one part."""
        demands = self.derivation.demands
        unread = {check.name: check for check in demands.unread}
        for name in trusting:
            if name not in unread:
                raise ValueError(
                    f"{self.table.name} has no check {name!r} that is not understood; "
                    f"there are {', '.join(unread) or 'none'}"
                )
        for check in demands.unread:
            kept = check.columns and self.overridden.issuperset(check.columns)
            if check.name not in trusting and not kept:
                self.problems.append(
                    f"{check}; override {' and '.join(check.columns) or 'columns'}, "
                    f"or keep it by a filter and say trusting=[{check.name!r}]"
                )
        for names, ways in demands.groups:
            open_names = tuple(
                name for name in names if name in self.derivation.columns and name not in self.done
            )
            if open_names:
                self._satisfy(open_names, ways)

    def _satisfy(self, names: tuple[str, ...], ways: tuple[Alternative, ...]) -> None:
        found = []
        for way in ways:
            columns = [self._strategy(name, way.get(name, ANYTHING)) for name in names]
            if not any(column.is_empty for column in columns):
                found.append(columns[0] if len(names) == 1 else st.tuples(*columns))
        if not found:
            self.problems.append(f"checks leave no value of {', '.join(names)} that its type has")
        self._add(names, st.one_of(*found))

    def add_the_rest(self) -> None:
        """Every column that nothing but its type says something about."""
        for name in self.derivation.columns:
            if name not in self.done:
                self._add((name,), self._strategy(name, ANYTHING))

    def _strategy(self, name: str, narrowing: Any) -> SearchStrategy[Any]:
        try:
            return self.derivation.strategy(name, narrowing, self.span)
        except UnknownType as error:
            self.problems.append(f"column {name}: {error}; override it")
            return st.none()

    def _add(self, names: tuple[str, ...], strategy: SearchStrategy[Any]) -> None:
        key_of = {column.name: column.key for column in self.table.columns}
        self.parts.append((tuple(str(key_of[name]) for name in names), strategy))
        self.done.update(names)
