"""Enum types, whether columns use them, and the owners of composite and range types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects, Owner, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Labels of enum types in their order, and owners."""
    for row in rows(connection, "types", scope):
        # The census tells that a composite, a range or an unused type exists.
        attributes: dict[str, Value] = {EXISTS: True} if row.kind == "type" else {}
        if row.labels is not None:
            attributes["labels"] = tuple(row.labels)
        attributes["owner"] = Owner(row.owner, row.usual_owner or row.owner)
        yield row.kind, scope.name(row.schema_name, row.type_name), "", attributes
