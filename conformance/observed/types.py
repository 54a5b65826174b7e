"""Enum types that columns use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Labels in their order."""
    facts: Facts = {}
    for row in rows(connection, "types", scope):
        name = scope.name(row.schema_name, row.type_name)
        facts[FactKey("type", name, "", EXISTS)] = True
        facts[FactKey("type", name, "", "labels")] = tuple(row.labels)
    return facts
