"""Triggers, rules and row security policies: SQLAlchemy declares none, so any is unexpected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Detail, FactKey, Facts
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Their definitions."""
    return {
        FactKey(row.kind, scope.name(row.schema_name, row.table_name), row.name, EXISTS): Detail(
            row.definition
        )
        for row in rows(connection, "triggers", scope)
    }
