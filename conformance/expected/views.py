"""Views and materialized views: their query and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import (
    ANYTHING,
    EXISTS,
    Includes,
    Objects,
    OutputColumn,
    Query,
    Value,
)
from conformance.declarations import Derived, MaterializedView, View, view_of
from conformance.expected import spelling
from conformance.expected.tables import owner_of

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table


def expected(table: Table, name: str, metadata: MetaData) -> Objects:
    """The view or materialized view, if the table is declared as one."""
    declared = view_of(table)
    if isinstance(declared, View):
        attributes = common(declared, name, metadata) | {"options": declared.options}
        yield "view", name, "", attributes
    elif isinstance(declared, MaterializedView):
        yield "materialized_view", name, "", common(declared, name, metadata)


def common(declared: Derived, name: str, metadata: MetaData) -> dict[str, Value]:
    """The attributes of all kinds of views."""
    return {
        EXISTS: True,
        "definition": _definition(declared),
        "columns": _columns(declared),
        "owner": owner_of(metadata, name),
    }


def _definition(declared: Derived) -> Value:
    if declared.query is None:
        return ANYTHING
    return Query.written(spelling.query(declared.query, declared.table.name))


def _columns(declared: Derived) -> Value:
    """The columns of the mapped class; the query may have more."""
    if declared.name is not None:
        return ANYTHING
    return Includes(
        tuple(
            OutputColumn(column.name, spelling.type_name(column.type))
            for column in declared.table.columns
        )
    )
