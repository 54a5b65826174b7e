"""Compression: enabled or not, segment by, order by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, AUTOMATIC, EXISTS, FactKey, Facts
from conformance.declarations import compression_of

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Facts:
    """The settings, if compression is declared."""
    declared = compression_of(table)
    if declared is None:
        return {}

    def key(attribute: str) -> FactKey:
        return FactKey("compression", name, "", attribute)

    return {
        key(EXISTS): True,
        key("segment_by"): declared.segment_by,
        key("order_by"): tuple(map(str, declared.order_by)) or ANYTHING,
        key("chunk_interval"): declared.chunk_interval,
        key("sparse_indexes"): AUTOMATIC
        if declared.sparse_indexes is None
        else tuple(sorted(map(str, declared.sparse_indexes))),
        key("direct"): declared.direct,
    }
