"""Rows that a table accepts, from its metadata alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.declarations import hypertable_of
from conformance.strategies.derivation import Derivation, Row, Scope, derivation_of
from conformance.strategies.pairs import Related, assigned
from conformance.strategies.parents import check_names, references

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Table

    from conformance.strategies.derivation import Span
    from conformance.strategies.parents import Parents

#: Column keys, and a strategy of the value; of a tuple of values for several columns.
Part = tuple[tuple[str, ...], SearchStrategy[Any]]
#: A part, and the pairs that its values must satisfy.
PairedPart = tuple[tuple[str, ...], SearchStrategy[Any], tuple[Related, ...]]


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
    maker.trust(trusting)
    maker.add_the_rest(nulls_for_unknown=nulls_for_unknown)
    if maker.problems:
        raise NotDerivable(table, maker.problems)
    return _row_of(tuple(maker.paired()))


@st.composite
def _row_of(draw: st.DrawFn, parts: tuple[PairedPart, ...]) -> Row:
    """A row from its parts."""
    row: Row = {}
    for keys, strategy, pairs in parts:
        for pair in pairs:
            strategy = pair.left_of(keys, strategy, row)  # noqa: PLW2901 - narrowed by each
        row.update(assigned(keys, draw(strategy)))
    return row


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
        self.parts: list[Part] = []
        self.problems: list[tuple[str, str]] = []
        self.done: set[str] = set()
        self.overridden: set[str] = set()

    def override(self, overrides: Mapping[str, Any]) -> None:
        """Use the caller's values or strategies, without applying checks."""
        for key, value in overrides.items():
            column = self.table.columns.get(key)
            if column is None:
                known = ", ".join(column.key for column in self.table.columns)
                raise ValueError(f"{self.table.name} has no column {key!r}; it has {known}")
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
            kept = check.columns and self.overridden.issuperset(check.columns)
            if check.name not in trusting and not kept:
                self.problems.append(
                    (
                        str(check),
                        f"override {' and '.join(check.columns) or 'columns'}, or filter the rows "
                        f"by the check and pass trusting=[{check.name!r}]",
                    )
                )

    def add_the_rest(self, *, nulls_for_unknown: bool) -> None:
        """Add the other columns, by their types and checks; columns of one check are one part."""
        for names, ways in self.derivation.parts:
            left = tuple(name for name in names if name not in self.done)
            if left:
                found = self.derivation.tied(left, ways, self.scope)
                unknown = [name for name in left if name in self.derivation.unknown]
                if found.is_empty or not nulls_for_unknown:
                    self.problems += [
                        (f"column {name}: {self.derivation.unknown[name]}", "override the column")
                        for name in unknown
                    ]
                if found.is_empty and not unknown:
                    listed = ", ".join(left)
                    self.problems.append((f"the checks of {listed} allow no value of its type", ""))
                self._add(left, found)

    def paired(self) -> Iterator[PairedPart]:
        """The parts by the order of columns; with paired columns, first what the caller gives."""
        pairs = tuple(
            Related((self.derivation.fields[one], self.derivation.fields[other]), pair.equal)
            for pair in self.derivation.pairs
            for one, other in [pair.columns]
        )
        given = {self.derivation.fields[name].key for name in self.overridden} if pairs else set()
        order = [column.key for column in self.table.columns]
        for keys, strategy in sorted(
            self.parts, key=lambda part: (part[0][0] not in given, order.index(part[0][0]))
        ):
            yield keys, strategy, () if keys[0] in given else pairs

    def _add(self, names: tuple[str, ...], strategy: SearchStrategy[Any]) -> None:
        keys = tuple(self.derivation.fields[name].key for name in names)
        self.parts.append((keys, strategy))
        self.done.update(names)
