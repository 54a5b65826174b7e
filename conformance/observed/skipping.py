"""Chunk skipping: the columns by whose range a query skips compressed chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every column with chunk skipping."""
    for row in rows(connection, "skipping", scope):
        table = scope.name(row.schema_name, row.table_name)
        yield "chunk_skipping", table, row.column_name, {EXISTS: True}
