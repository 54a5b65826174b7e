"""Compression settings; that compression is on is seen with the hypertables."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from conformance.facts import FactKey, Facts
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Segment by and order by, where they are set explicitly."""
    facts: Facts = {}
    found = rows(connection, "compression", scope)
    for table, group in groupby(found, lambda row: scope.name(row.schema_name, row.table_name)):
        columns = list(group)
        facts[FactKey("compression", table, "", "segment_by")] = tuple(
            row.column_name for row in columns if row.segment_by is not None
        )
        facts[FactKey("compression", table, "", "order_by")] = tuple(
            _ordered(row) for row in columns if row.order_by is not None
        )
    return facts


def _ordered(row: Any) -> str:
    direction = "ASC" if row.ascending else "DESC"
    return f"{row.column_name} {direction} NULLS {'FIRST' if row.nulls_first else 'LAST'}"
