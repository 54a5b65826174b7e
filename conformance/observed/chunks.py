"""Chunks that are not like their hypertable, and partitions that are not like their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import Default, Detail, FactKey, Facts
from conformance.comparing.parameters import normal
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ATTRIBUTES = {
    "settings": "other_compression_settings", "alteration": "alterations", "storage": "storage",
}  # fmt: skip
#: What changes neither rows nor, by much, plans, as where a hypertable or table has it.
_NAMED_ONLY = ("storage", "partition_storage")
#: How many chunks are named: a database may have thousands.
_NAMED = 5


def observed(connection: Connection, scope: Scope) -> Facts:
    """Those that differ; `hypertables` and `tables` set the facts of tables without them."""
    found: dict[FactKey, list[str]] = {}
    for row in rows(connection, "chunks", scope):
        if row.aspect == "storage" and _is_default(row.detail):
            continue
        table = scope.name(row.schema_name, row.table_name)
        text = row.chunk_name if row.aspect == "settings" else f"{row.chunk_name} {row.detail}"
        key = FactKey("chunk", table, "", _ATTRIBUTES[row.aspect])
        if row.is_partition:
            attribute = "partition_storage" if row.aspect == "storage" else "altered_partitions"
            key = FactKey("table", table, "", attribute)
        found.setdefault(key, []).append(text)
    return {
        key: Detail(", ".join(shortened(texts)), judged=False)
        if key.attribute in _NAMED_ONLY
        else shortened(texts)
        for key, texts in found.items()
    }


def _is_default(detail: str) -> bool:
    """Whether the detail, `has fillfactor=100`, is a storage parameter with its default."""
    name, _, value = detail.removeprefix("has ").partition("=")
    return isinstance(normal(name, value), Default)


def shortened(texts: list[str]) -> tuple[str, ...]:
    """The first of these, and how many more there are."""
    if len(texts) <= _NAMED:
        return tuple(texts)
    return (*texts[:_NAMED], f"and {len(texts) - _NAMED} more")
