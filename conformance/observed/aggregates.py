"""Continuous aggregates: what they are computed from, in which buckets, and how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import UNREADABLE, Detail, Objects
from conformance.intervals import Interval, bucket_of
from conformance.observed import compression, views
from conformance.observed.catalog import Scope, rows
from conformance.observed.chunks import is_default

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.comparing.facts import Value

_SECONDS = 1_000_000
_DAY = 86_400


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every continuous aggregate in scope, and whether compression is on."""
    for row in rows(connection, "aggregates", scope):
        view = scope.name(row.schema_name, row.view_name)
        yield "continuous_aggregate", view, "", _attributes(row, scope) | _seen(row)
        yield "chunk", view, "", {"alterations": ()}
        if row.compression_enabled:
            yield "compression", view, "", compression.enabled()


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


def _seen(row: Any) -> dict[str, Value]:
    """What is judged only together with other facts, or not at all."""
    storage = [entry for entry in row.storage if not is_default(entry)]
    seen = {"storage": ", ".join(storage), "watermark": _watermark_ahead(row)}
    return {name: Detail(text, judged=False) for name, text in seen.items() if text}


def _watermark_ahead(row: Any) -> str:
    """The time up to which rows are materialized, if whole buckets of that are yet to come.

    A refresh of all rows materializes the bucket of the present time, too. A bucket of months or
    years may be longer than its interval says, and a time without time zone is another one here.
    """
    bucket = bucket_of(row.definition)
    if row.seconds_ahead is None or not isinstance(bucket, Interval):
        return ""
    usual = 2 * bucket.microseconds / _SECONDS + _DAY
    return str(row.watermark) if row.seconds_ahead > usual else ""
