"""Storage of tables, columns and indexes: parameters, TOAST compression, tablespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import Default, FactKey, Facts
from conformance.comparing.parameters import normal
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Every storage parameter with another value than PostgreSQL's default."""
    facts: Facts = {}
    for row in rows(connection, "storage", scope):
        value = normal(row.attribute, row.value, row.method)
        if not isinstance(value, Default):
            table = scope.name(row.schema_name, row.table_name)
            facts[FactKey("storage", table, row.part, row.attribute)] = value
    return facts
