"""Comments of relations and of their columns: a difference is a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Detail, Objects
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every comment in scope; one that no model declares is not judged."""
    for row in rows(connection, "comments", scope):
        relation = scope.name(row.schema_name, row.relation_name)
        text = row.description
        yield "comment", relation, row.column_name, {EXISTS: Detail(text, part=True), "text": text}
