"""Rows that a CHECK constraint refuses, and that are valid otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, Column, Enum, MetaData, Table

from conformance.expected import spelling
from conformance.strategies.checks.syntax import mentioned
from conformance.strategies.derivation import is_generated, table_of
from conformance.strategies.rows import Row, rows
from conformance.strategies.values.kinds import kind_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from sqlalchemy.types import TypeEngine


def checks_of(model: Any) -> list[CheckConstraint]:
    """The CHECK constraints of a table, by name; without those that belong to a type."""
    found = [
        item
        for item in table_of(model).constraints
        if isinstance(item, CheckConstraint) and not item._type_bound
    ]
    return sorted(found, key=lambda item: str(spelling.final_name(item)))


def refused_by(model: Any, check: CheckConstraint, /, **settings: Any) -> SearchStrategy[Row]:
    """Complete rows that satisfy the negation of a check, and whatever else is asked of rows.

    Values of the columns that the check mentions are of the types that the database stores: a
    decorator may not let through what a check is there to refuse.

    Args:
        model: a mapped class or a table.
        check: one of `checks_of`.
        settings: as for `rows`.

    Raises:
        NotDerivable: the check is not understood, no value can break it, or `rows` refuses.
        ValueError: it is of a column that the database fills.
    """
    table = table_of(model)
    broken = rows(_negated(table, check), complete=True)
    valid = rows(table, complete=True, **settings)
    return st.builds(lambda row, other: {**row, **other}, valid, broken)


def columns_of(check: CheckConstraint) -> tuple[str, ...]:
    """The names of the columns that a check mentions."""
    names = [column.name for column in table_of(check.table).columns]
    return mentioned(spelling.sql(check.sqltext), names)


def stored_type(column: Column[Any]) -> TypeEngine[Any]:
    """The type without decorators; an Enum as it is, which lets through nothing but labels."""
    kind = kind_of(column.type).type
    return column.type if isinstance(kind, Enum) else kind


def _negated(table: Table, check: CheckConstraint) -> Table:
    """The columns that the check mentions, and what breaks it while other checks of them hold."""
    names = columns_of(check)
    broken = [column for column in table.columns if column.name in names]
    if given := [column.name for column in broken if is_generated(column)]:
        raise ValueError(f"the database fills {given[0]}")
    others = [
        spelling.sql(other.sqltext)
        for other in checks_of(table)
        if other is not check and set(columns_of(other)) <= set(names)
    ]
    return Table(
        table.name,
        MetaData(),
        # NULL breaks no check.
        *(Column(c.name, stored_type(c), key=c.key, nullable=False) for c in broken),
        CheckConstraint(f"NOT ({spelling.sql(check.sqltext)})"),
        *map(CheckConstraint, others),
    )
