"""Chunk skipping: the columns by whose range a query skips compressed chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Every column with chunk skipping."""
    return {
        FactKey(
            "chunk_skipping", scope.name(row.schema_name, row.table_name), row.column_name, EXISTS
        ): True
        for row in rows(connection, "skipping", scope)
    }
