"""Compression: enabled or not, segment by, order by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, AUTOMATIC, EXISTS, Objects, Value
from conformance.declarations import compression_of

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """The settings, if compression is declared."""
    declared = compression_of(table)
    if declared is None:
        return
    sparse = declared.sparse_indexes
    attributes: dict[str, Value] = {
        EXISTS: True,
        "segment_by": declared.segment_by,
        "order_by": tuple(map(str, declared.order_by)) or ANYTHING,
        "chunk_interval": declared.chunk_interval,
        "sparse_indexes": AUTOMATIC if sparse is None else tuple(sorted(map(str, sparse))),
        "direct": declared.direct,
    }
    yield "compression", name, "", attributes
