"""Comments of relations and of their columns: a difference is a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Detail, FactKey, Facts
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Every comment in scope; one that no model declares is not judged."""
    facts: Facts = {}
    for row in rows(connection, "comments", scope):
        relation = scope.name(row.schema_name, row.relation_name)
        key = FactKey("comment", relation, row.column_name, EXISTS)
        facts[key] = Detail(row.description, part=True)
        facts[key._replace(attribute="text")] = row.description
    return facts
