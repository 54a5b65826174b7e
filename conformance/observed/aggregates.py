"""Continuous aggregates: what they are computed from, in which buckets, and how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import UNREADABLE
from conformance.intervals import Interval, bucket_of
from conformance.observed import compression, views
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.comparing.facts import Facts, Value


def observed(connection: Connection, scope: Scope) -> Facts:
    """Every continuous aggregate in scope, and whether compression is on."""
    facts = FactTable()
    for row in rows(connection, "aggregates", scope):
        view = scope.name(row.schema_name, row.view_name)
        facts.add("continuous_aggregate", view, "", _attributes(row, scope))
        facts.add("chunk", view, "", {"alterations": ()})
        if row.compression_enabled:
            facts.add("compression", view, "", compression.enabled())
    return facts


def _attributes(row: Any, scope: Scope) -> dict[str, Value]:
    length = row.integer_interval
    bucket, refreshed = bucket_of(row.definition), row.refreshed_width
    alterations = [*([UNREADABLE] if row.unreadable else []), *row.alterations]
    if bucket is not None and refreshed and bucket != bucket_of(f"time_bucket('{refreshed}', x)"):
        alterations.append(f"is refreshed in buckets of {refreshed}")
    return {
        **views.common(row),
        "source": scope.name(row.source_schema, row.source_name),
        "bucket": bucket,
        "materialized_only": row.materialized_only,
        "alterations": tuple(alterations),
        "chunk_interval": Interval.parse(row.time_interval) if length is None else length,
        # Those that are there follow with the indexes.
        "automatic_indexes": (),
        "unindexed_groups": tuple(row.unindexed_groups),
    }
