"""Edge cases: values that are easily lost, and rows that a CHECK constraint refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import JSON, CheckConstraint, Column, MetaData, Table

from conformance.expected import spelling
from conformance.strategies.checks.conditions import NotUnderstood, compared
from conformance.strategies.checks.reading import condition_of, own_checks
from conformance.strategies.checks.syntax import mentioned
from conformance.strategies.derivation import Derivation, Row, derivation_of, table_of
from conformance.strategies.rows import NotDerivable, rows
from conformance.strategies.values.by_kind import ends, precarious

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hypothesis.strategies import SearchStrategy

    from conformance.strategies.fields import Field


def precarious_values(model: Any) -> list[Row]:
    """Parts of rows with all values that are easily lost; the caller adds the other columns.

    The time column, foreign keys, and columns that share a check with other columns are left out.
    """
    found = {key: values for key, values in _precarious(derivation_of(model)) if values}
    number = max(map(len, found.values()), default=0)
    return [
        {key: values[place % len(values)] for key, values in found.items()}
        for place in range(number)
    ]


def _precarious(derivation: Derivation) -> Iterator[tuple[str, list[Any]]]:
    """The precarious values of each column that is independent of other columns."""
    bound = {name for check in derivation.unread for name in check.columns}
    bound.update(name for pair in derivation.pairs for name in pair.columns)
    for names, ways in derivation.groups:
        if len(names) > 1 or len(ways) > 1:
            bound.update(names)
    for name, field in derivation.inserted.items():
        if name not in bound and not field.is_time and not field.column.foreign_keys:
            yield field.key, precarious(field)


def checks_of(model: Any) -> list[CheckConstraint]:
    """The CHECK constraints of a table, by name; without those that belong to a type."""
    return own_checks(table_of(model))


def refused_by(
    model: Any, check: CheckConstraint, /, *, violating: Sequence[Row] = (), **settings: Any
) -> SearchStrategy[Row]:
    """Complete rows that violate this check, and are valid otherwise.

    Values of the check's columns have the types of the database: a TypeDecorator might not accept
    values that the check refuses.

    Args:
        model: a mapped class or a table.
        check: one of `checks_of`.
        violating: values of its columns that violate only this check, for one that is not
            understood, or has its columns in such a check.
        settings: as for `rows`.

    Raises:
        NotDerivable: the check is not understood, no value violates it, or `rows` raises it.
        ValueError: the check has a column that the database fills.
    """
    table = table_of(model)
    try:
        broken = rows(_negated(table, check), complete=True)
    except NotDerivable:
        if not violating:
            raise
        broken = st.sampled_from(violating)
    valid = rows(table, complete=True, **settings)
    return st.builds(lambda row, other: {**row, **other}, valid, broken)


def narrowly_refused_by(
    model: Any, check: CheckConstraint, /, **settings: Any
) -> list[SearchStrategy[Row]]:
    """Complete rows that violate this check by as little as possible.

    A strategy for each bound that the check sets to a single column, and for each value that it
    forbids. A wrong check often differs from
    the declared one by little, which rows by chance do not meet.

    Args and errors: as for `refused_by`.
    """
    negated = derivation_of(_negated(table_of(model), check))
    found = [
        {negated.fields[name].key: value}
        # What is not understood may allow the value, or another check refuse it.
        for _, ways in ([] if negated.unread else negated.groups)
        for way in ways
        if len(way.columns) == len(negated.fields) == 1
        for name, left in way.left.items()
        for value in ends(negated.fields[name].kind.stored, left)
    ]
    valid = rows(model, complete=True, **settings)
    return [st.builds(lambda row, part: {**row, **part}, valid, st.just(part)) for part in found]


def columns_of(check: CheckConstraint) -> tuple[str, ...]:
    """The names of the columns that a check mentions."""
    # SQLAlchemy has the table of a check in Column(...) with the column alone.
    table = check.parent.table if isinstance(check.parent, Column) else check.parent
    names = [column.name for column in table_of(table).columns]
    return mentioned(spelling.sql(check.sqltext), names)


def _may_be_null(sql: str, fields: Collection[Field]) -> set[str]:
    """The columns of which the condition asks nothing but whether they are NULL.

    The NULL of another column does not violate a check. None as a document may be `null`.
    """
    names = {f.name for f in fields if f.nullable and not isinstance(f.kind.stored, JSON)}
    try:
        return names - compared(condition_of(sql, {field.name: field for field in fields}))
    except NotUnderstood:
        return set()


def _negated(table: Table, check: CheckConstraint) -> Table:
    """A table of the check's columns whose only purpose is rows that violate the check."""
    fields = derivation_of(table).fields
    names = columns_of(check)
    broken = [field for name, field in fields.items() if name in names]
    if given := [field.name for field in broken if field.is_generated]:
        raise ValueError(f"the database fills the column {given[0]}")
    others = [
        spelling.sql(other.sqltext)
        for other in checks_of(table)
        if other is not check and set(columns_of(other)) <= set(names)
    ]
    violated = f"NOT ({spelling.sql(check.sqltext)})"
    may_be_null = _may_be_null(violated, broken)
    return Table(
        table.name,
        MetaData(),
        *(Column(f.name, f.bare_type, key=f.key, nullable=f.name in may_be_null) for f in broken),
        CheckConstraint(violated),
        *map(CheckConstraint, others),
    )
