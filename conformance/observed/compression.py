"""Compression settings; that compression is on is seen with the hypertables."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import AUTOMATIC, EXISTS, Objects, Value
from conformance.intervals import Interval
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Segment by, order by and the length of merged chunks, where they are set explicitly."""
    found = rows(connection, "compression", scope)
    for table, group in groupby(found, lambda row: scope.name(row.schema_name, row.table_name)):
        settings = list(group)
        attributes: dict[str, Value] = {
            "segment_by": tuple(row.column_name for row in settings if row.segment_by is not None),
            "order_by": tuple(_ordered(row) for row in settings if row.order_by is not None),
        }
        for row in settings:
            if row.chunk_interval is not None:
                attributes["chunk_interval"] = _length(row.chunk_interval)
            if row.sparse_indexes is not None and _are_set(row.sparse_indexes):
                attributes["sparse_indexes"] = tuple(sorted(_sparse(row.sparse_indexes)))
            if row.direct:
                attributes["direct"] = True
        yield "compression", table, "", attributes


def enabled() -> dict[str, Value]:
    """Compression that is on; `observed` finds its settings without those that are automatic."""
    attributes: dict[str, Value] = {EXISTS: True, "segment_by": (), "order_by": ()}
    attributes.update(chunk_interval=None, sparse_indexes=AUTOMATIC, direct=False)
    return attributes


def _are_set(indexes: list[dict[str, Any]]) -> bool:
    """Whether somebody has set them; TimescaleDB lists those of its own choice, too."""
    return any(index["source"] == "config" for index in indexes)


def _sparse(indexes: list[dict[str, Any]]) -> Iterator[str]:
    """Those that were set, in any order; that none is to be there is set without a column."""
    for index in indexes:
        if index["source"] == "config" and "column" in index:
            columns = index["column"]
            listed = columns if isinstance(columns, str) else ", ".join(sorted(columns))
            yield f"{index['type']} ({listed})"


def _length(text: str) -> Interval | int:
    """Of an integer time column, in its own units, it is a plain number."""
    return int(text) if text.isdigit() else Interval.parse(text)


def _ordered(row: Any) -> str:
    direction = "ASC" if row.ascending else "DESC"
    return f"{row.column_name} {direction} NULLS {'FIRST' if row.nulls_first else 'LAST'}"
