"""What is computed from a hypertable, drawn by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st
from sqlalchemy import Index, Integer, func, select, text

from conformance import (
    Compression,
    ContinuousAggregate,
    MaterializedView,
    OrderBy,
    Refresh,
    Retention,
    View,
    declare,
)
from conformance.declarations import hypertable_of

from .random_columns import one_in

COUNTS = st.sampled_from(("Count of", "n", "per%"))
BUCKETS = st.sampled_from(("bucket", "The bucket", "day%"))


def add_view(draw, table, name, schema):
    """Add a view, a materialized view, an aggregate, or nothing."""
    time = table.c[hypertable_of(table).time_column]
    others = [column for column in table.c if column is not time]
    by = draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
    made = draw(st.sampled_from((_nothing, _view, _materialized, _aggregate, _aggregate)))
    options = {"name": name, "schema": schema}
    declare(table.metadata, *made(draw, time, by, options))


def _nothing(*_):
    return []


def _view(draw, time, by, options):
    return [View(select(time, *by), security_barrier=draw(st.booleans()), **options)]


def _materialized(draw, time, by, options):
    count = func.count().label(draw(COUNTS))
    # A table is named even where nothing is selected from it.
    query = select(*by, count).select_from(time.table).group_by(*by)
    indexes = [Index(f"of {options['name'][:20]}", count.name)] if draw(st.booleans()) else []
    return [MaterializedView(query, *indexes, **options)]


def _aggregate(draw, time, by, options):
    integral = isinstance(time.type, Integer)
    if integral:
        width = text(f"10::{time.type.compile()}")
    else:
        width = text(f"INTERVAL '{draw(st.sampled_from(('1 day', '1 month')))}'")
    bucket = func.time_bucket(width, time).label(draw(BUCKETS))
    query = select(*by, bucket, func.count().label(draw(COUNTS))).group_by(*by, bucket)
    parts = [*_policies(draw, by, bucket, integral=integral)]
    if draw(st.booleans()):
        parts.append(Index(f"of {options['name'][:20]}", bucket.name))
    length = draw(st.sampled_from((None, 700 if integral else "70 days")))
    return [
        ContinuousAggregate(
            query,
            *parts,
            materialized_only=draw(st.booleans()),
            group_indexes=draw(st.booleans()),
            chunk_interval=length,
            **options,
        )
    ]


def _policies(draw, by, bucket, *, integral):
    """Policies whose ages follow each other."""
    start, end, age, last = (100, 10, 200, 3000) if integral else LATER
    refreshed = draw(st.booleans())
    if refreshed:
        end = draw(st.sampled_from((None, end)))
        yield Refresh(start_offset=start, end_offset=end, schedule_interval="1 hour")
    if draw(st.booleans()):
        segments = [column.name for column in by[:1]]
        order = [OrderBy(bucket.name, descending=draw(st.booleans()))]
        after = age if refreshed else None
        yield Compression(segment_by=segments, order_by=order, after=after)
    if one_in(draw, 3):
        yield Retention(drop_after=last)


LATER = ("1 year", "1 day", "2 years", "10 years")
