"""Continuous aggregates: source, bucket, query, settings and automatic indexes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, Objects, Value
from conformance.declarations import (
    ContinuousAggregate,
    aggregate_of,
    hypertable_of,
    views_of,
)
from conformance.expected import views
from conformance.expected.tables import table_name
from conformance.intervals import Interval

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_FROM = re.compile(rf"\b(?:from|join)\s+(?:only\s+)?({_NAME}(?:\s*\.\s*{_NAME})?)", re.IGNORECASE)


def expected(table: Table, name: str, default_schema: str, metadata: MetaData) -> Objects:
    """The continuous aggregate that the table is declared to be."""
    declared = aggregate_of(table)
    if declared is None:
        return
    source = source_of(declared, metadata, default_schema)
    attributes: dict[str, Value] = {
        **views.common(declared, name, metadata),
        "source": ANYTHING if source is None else table_name(source, default_schema),
        "bucket": ANYTHING if declared.bucket is None else declared.bucket,
        "materialized_only": declared.materialized_only,
        "alterations": (),
        "chunk_interval": ANYTHING if declared.chunk_interval is None else declared.chunk_interval,
        "automatic_indexes": _automatic_indexes(declared),
        "unindexed_groups": _unindexed_groups(declared),
    }
    yield "continuous_aggregate", name, "", attributes


def source_of(
    declared: ContinuousAggregate, metadata: MetaData, default_schema: str = "public"
) -> Table | None:
    """The hypertable or continuous aggregate in its query; None if it cannot be determined."""
    found = declared.sources()
    if found is None:
        named = set(_named(str(declared.query), default_schema))
        candidates = {*metadata.tables.values(), *views_of(metadata)}
        found = [table for table in candidates if table_name(table, default_schema) in named]
    chunked = [table for table in found if hypertable_of(table) or aggregate_of(table)]
    return chunked[0] if len(chunked) == 1 else None


def chunk_interval_of(table: Table, metadata: MetaData) -> Interval | int | None:
    """The chunk interval of a hypertable or a continuous aggregate; None if unknown.

    Source: TimescaleDB documentation, "CREATE MATERIALIZED VIEW (continuous aggregate)": ten times
    that of the hypertable; an aggregate of an aggregate has chunks as long as that one's.
    """
    hypertable, aggregate = hypertable_of(table), aggregate_of(table)
    if hypertable is not None:
        return hypertable.chunk_interval
    if aggregate is None:
        return None
    if aggregate.chunk_interval is not None:
        return aggregate.chunk_interval
    source = source_of(aggregate, metadata)
    length = None if source is None else chunk_interval_of(source, metadata)
    if length is None or (source is not None and aggregate_of(source)):
        return length
    return length * 10 if isinstance(length, int) else Interval(length.microseconds * 10)


def _named(sql: str, default_schema: str) -> list[str]:
    """The relations after FROM and JOIN, by their names in facts."""
    found = []
    for match in _FROM.finditer(sql):
        parts = [_plain(part) for part in re.findall(_NAME, match[1])]
        found.append(".".join(parts[1:] if parts[:1] == [default_schema] else parts))
    return found


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _automatic_indexes(declared: ContinuousAggregate) -> Value:
    """The index on the buckets, and one for each other column of GROUP BY and ORDER BY."""
    indexed = declared.indexed_columns()
    if indexed is None:
        return ANYTHING
    bucket, others = indexed
    pairs = [f"{column}, {bucket}" for column in others] if declared.group_indexes else []
    return tuple(sorted([bucket, *pairs]))


def _unindexed_groups(declared: ContinuousAggregate) -> Value:
    """No column may lack its index; judged where the server alone knows them: a query as text."""
    known = declared.query is None or declared.indexed_columns() is not None
    return ANYTHING if known or not declared.group_indexes else ()
