"""Ages that do not fit together: of retention, compression and refreshes.

Sources: TimescaleDB documentation, "Continuous aggregates and data retention", "Compression on
continuous aggregates" and "add_continuous_aggregate_policy"; timescaledb#2198, #2592, #4328.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.comparing.facts import UNBOUNDED, FactKey, plain
from conformance.comparing.policies.broken import Broken, broken_key
from conformance.comparing.policies.schedules import (
    Aggregate,
    Refresh,
    Schedules,
    is_longer,
    length_between,
)
from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.policies.schedules import Age

_READ = "Read from timescaledb_information.jobs."
#: The attribute with a policy's age, and what the policy does after it.
_ACTS = {"retention": ("drop_after", "drops"), "compression": ("compress_after", "begins")}
_HINTS = {
    "retention": "Likely cause: start_offset is NULL, which has no limit, or longer than "
    "drop_after. Make start_offset shorter than drop_after, or keep the rows for longer.",
    "compression": "Many compress early on purpose: the results are right, and only late changes "
    "cost more. If many rows change late, compress later, or refresh less far back.",
}


def judge(schedules: Schedules) -> Iterator[Broken]:
    """Everything about ages."""
    for aggregate in schedules.aggregates:
        for refresh in aggregate.refreshes:
            yield from _reached(schedules, aggregate, refresh)
            yield from _too_rare(aggregate, refresh)
        yield from _neighbours(aggregate)
        yield from _source_forgets(schedules, aggregate)
        yield from _watermark_ahead(aggregate)
    yield from _never_compressed(schedules)


def _reached(schedules: Schedules, aggregate: Aggregate, refresh: Refresh) -> Iterator[Broken]:
    """Rows that a refresh reaches, although a policy has dropped or compressed them."""
    source, own = aggregate.source, aggregate.name
    # A refresh without a start does not say that it expects changes from the first row on.
    for table, policy, from_first_row, harm in (
        (source, "retention", True, f"a refresh then empties {own} there"),
        (own, "retention", False, "a refresh computes dropped buckets again"),
        (source, "compression", False, "late changes are written to compressed chunks"),
        (own, "compression", True, "a refresh writes to compressed chunks"),
    ):
        attribute, acts = _ACTS[policy]
        age = schedules.age(table, policy, attribute)
        if not is_longer(refresh.start, age) or (refresh.is_unbounded and not from_first_row):
            continue
        yield Broken(
            broken_key(
                f"{policy}-in-refresh",
                refresh.subject,
                policy if table == own else f"source_{policy}",
            ),
            f"policy {refresh.subject}: start offset is {refresh.start}, {policy} of {table} "
            f"{acts} after {age}; {harm}",
            f"{_READ} {_HINTS[policy]}",
            plain(age),
            plain(refresh.start),
            (refresh.key("start_offset"), FactKey("policy", table, policy, attribute)),
        )


def _too_rare(aggregate: Aggregate, refresh: Refresh) -> Iterator[Broken]:
    """A window that moves further between two runs than what it covers for certain.

    A run takes the buckets that lie in its window as a whole. Only for dates is that all of them.
    Source: TimescaleDB's source code, `compute_inscribed_bucketed_refresh_window`.
    """
    width = length_between(refresh.start, refresh.end)
    bucket = aggregate.bucket
    partial = isinstance(bucket, Interval) and not aggregate.by_date
    covered = length_between(width, bucket) if partial else width
    taken_up = any(
        is_longer(other.start, refresh.start) and not is_longer(other.end, refresh.start)
        for other in aggregate.refreshes
        if other is not refresh
    )
    if width is None or not is_longer(refresh.schedule, covered) or taken_up:
        return
    whole = f" and a run takes only whole buckets of {bucket}" if partial else ""
    yield Broken(
        broken_key("refresh-too-rare", refresh.subject, "schedule_interval"),
        f"policy {refresh.subject}: runs every {refresh.schedule}, its window is {width} wide"
        f"{whole}; no run covers some of the buckets in between",
        f"{_READ} Likely cause: the schedule or the offsets were changed by themselves. Run it "
        "more often, or make the window at least a bucket wider than the time between two runs.",
        plain(covered),
        plain(refresh.schedule),
        tuple(refresh.key(name) for name in ("start_offset", "end_offset", "schedule_interval")),
    )


def _neighbours(aggregate: Aggregate) -> Iterator[Broken]:
    """Windows of several refreshes, newest first."""
    for newer, older in pairwise(sorted(aggregate.refreshes, key=Refresh.sort_key)):
        keys = (newer.key("start_offset"), older.key("end_offset"))
        between = f"{plain(newer.start)} to {plain(older.end) or UNBOUNDED}"
        both = f"continuous aggregate {aggregate.name}: the refreshes {newer} and {older}"
        if is_longer(older.end, newer.start):
            yield Broken(
                broken_key("refresh-gap", aggregate.name, between),
                f"{both} leave out the ages {between}; changes there are seen late",
                f"{_READ} Likely cause: one of the windows was changed without the other. Let the "
                "older one end where the newer one starts.",
                plain(newer.start),
                plain(older.end),
                keys,
            )
        elif older.end is None or is_longer(newer.start, older.end):
            yield Broken(
                broken_key("refresh-overlap", aggregate.name, between),
                f"{both} overlap; both refresh the same buckets",
                f"{_READ} Likely cause: one of the windows was changed by alter_job(), which does "
                "not look at the other. Let the older one end where the newer one starts.",
                plain(newer.start),
                plain(older.end),
                keys,
            )


def _source_forgets(schedules: Schedules, aggregate: Aggregate) -> Iterator[Broken]:
    """Buckets that the source's rows do not last for.

    An aggregate of a hypertable is there to outlive its rows; one of an aggregate is not, however
    it is refreshed. A bucket that is longer than the source keeps rows is never right.
    """
    of_source = schedules.age(aggregate.source, "retention", "drop_after")
    own = schedules.age(aggregate.name, "retention", "drop_after")
    if of_source is None:
        return
    if schedules.is_aggregate(aggregate.source) and (own is None or is_longer(own, of_source)):
        kept, value = "for ever" if own is None else f"for {own}", own
        said = (
            f"keeps its buckets {kept}, but its source {aggregate.source} for {of_source}; older "
            "buckets cannot be computed again"
        )
        way_out = (
            "the aggregate is to outlive its source. Then never refresh the aggregate further back "
            "than that, and never drop it in a migration; if not, keep the source for as long."
        )
    elif is_longer(aggregate.bucket, of_source):
        value = aggregate.bucket
        said = (
            f"its buckets are {aggregate.bucket} long, but its source {aggregate.source} keeps "
            f"rows for {of_source}; a late refresh computes a bucket from a part of its rows"
        )
        way_out = (
            "one of the two was chosen without the other. Keep the source's rows for longer than "
            "a bucket, or make the buckets shorter."
        )
    else:
        return
    yield Broken(
        broken_key("source-forgets", aggregate.name, "source_retention"),
        f"continuous aggregate {aggregate.name}: {said}",
        f"{_READ} Likely cause: {way_out}",
        plain(of_source),
        plain(value),
        (
            FactKey("policy", aggregate.source, "retention", "drop_after"),
            FactKey("policy", aggregate.name, "retention", "drop_after"),
            *(refresh.key("start_offset") for refresh in aggregate.refreshes),
        ),
        causes=tuple(
            broken_key("retention-in-refresh", refresh.subject, "source_retention")
            for refresh in aggregate.refreshes
        ),
    )


def _watermark_ahead(aggregate: Aggregate) -> Iterator[Broken]:
    """A real-time aggregate that counts as materialized where none of its refreshes comes.

    Readers see rows of the source that are newer than the watermark. A refresh moves it forward to
    the newest bucket; deleting that bucket's rows does not move it back.
    Source: TimescaleDB's source code, `ts_cagg_watermark_update`.
    """
    ends = [refresh.end for refresh in aggregate.refreshes]
    if aggregate.watermark is None or not ends:
        return
    if any(not isinstance(end, Interval) or end.microseconds < 0 for end in ends):
        return
    newest = min(aggregate.refreshes, key=Refresh.sort_key)
    name = aggregate.name
    yield Broken(
        broken_key("watermark-ahead", name, "watermark"),
        f"continuous aggregate {name}: counts as materialized up to {aggregate.watermark}, but its "
        f"refreshes end {newest.end} before now; its readers miss newer rows",
        "Read from _timescaledb_catalog.continuous_aggs_watermark. Likely cause: rows with a wrong "
        "time in the future were refreshed, and later deleted. Delete such rows. Then "
        f"drop_chunks('{name}', newer_than => ...) moves the watermark back, and so does TRUNCATE "
        "with a refresh of all rows.",
        plain(newest.end),
        aggregate.watermark,
        (
            FactKey("continuous_aggregate", name, "", "materialized_only"),
            *(refresh.key("end_offset") for refresh in aggregate.refreshes),
        ),
    )


def _never_compressed(schedules: Schedules) -> Iterator[Broken]:
    for table in schedules.tables:
        drop_after: Age = schedules.age(table, "retention", "drop_after")
        compress_after: Age = schedules.age(table, "compression", "compress_after")
        if drop_after is None:
            continue
        if drop_after != compress_after and not is_longer(compress_after, drop_after):
            continue
        yield Broken(
            broken_key("retention-before-compression", table, "drop_after"),
            f"policies of {table}: drop after is {drop_after}, compress after is {compress_after}; "
            "no chunk is ever compressed",
            f"{_READ} Likely cause: one of the two was changed by itself. Compress earlier, keep "
            "the chunks for longer, or have no compression.",
            plain(compress_after),
            plain(drop_after),
            (
                FactKey("policy", table, "retention", "drop_after"),
                FactKey("policy", table, "compression", "compress_after"),
            ),
        )
