"""Chunks that are not like their hypertable, and partitions that are not like their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import FactKey, Facts
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: How many chunks are named: a database may have thousands.
_NAMED = 5


def observed(connection: Connection, scope: Scope) -> Facts:
    """Those that differ; `hypertables` and `tables` set the facts of tables without them."""
    found: dict[FactKey, list[str]] = {}
    for row in rows(connection, "chunks", scope):
        table = scope.name(row.schema_name, row.table_name)
        settings = row.aspect == "settings"
        attribute = "other_compression_settings" if settings else "alterations"
        text = row.chunk_name if settings else f"{row.chunk_name} {row.detail}"
        key = FactKey("chunk", table, "", attribute)
        if row.is_partition:
            key = FactKey("table", table, "", "altered_partitions")
        found.setdefault(key, []).append(text)
    return {key: shortened(texts) for key, texts in found.items()}


def shortened(texts: list[str]) -> tuple[str, ...]:
    """The first of these, and how many more there are."""
    if len(texts) <= _NAMED:
        return tuple(texts)
    return (*texts[:_NAMED], f"and {len(texts) - _NAMED} more")
