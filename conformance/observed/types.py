"""Enum types, whether columns use them, and the owners of composite types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts, Owner
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Labels of enum types in their order, and owners."""
    facts: Facts = {}
    for row in rows(connection, "types", scope):
        key = FactKey(row.kind, scope.name(row.schema_name, row.type_name), "", EXISTS)
        if row.kind == "type":
            facts[key] = True
        if row.labels is not None:
            facts[key._replace(attribute="labels")] = tuple(row.labels)
        # The census tells that a composite or an unused type exists.
        facts[key._replace(attribute="owner")] = Owner(row.owner, row.usual_owner or row.owner)
    return facts
