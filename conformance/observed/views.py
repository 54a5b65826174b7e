"""Views and materialized views: their query and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Objects, OutputColumn, Owner, Query, TypeName, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KINDS = {"v": "view", "m": "materialized_view"}


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every view and materialized view in scope."""
    for row in rows(connection, "views", scope):
        kind, view = _KINDS[row.kind], scope.name(row.schema_name, row.view_name)
        attributes = common(row)
        if row.options is not None:
            attributes["options"] = tuple(sorted(row.options))
        yield kind, view, "", attributes


def common(row: Any) -> dict[str, Value]:
    """The attributes of all kinds of views."""
    columns = zip(row.names or (), row.types or (), strict=True)
    return {
        EXISTS: True,
        "owner": Owner(row.owner, row.usual_owner or row.owner),
        "definition": Query.written(row.definition),
        "columns": tuple(OutputColumn(name, TypeName(type_, type_)) for name, type_ in columns),
    }
