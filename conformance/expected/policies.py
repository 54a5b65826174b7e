"""Policies: exactly one of each declared kind, with TimescaleDB's defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Uuid

from conformance.comparing.facts import EXISTS, UNBOUNDED, Objects, Unsaid, Value
from conformance.comparing.parameters import refresh_option
from conformance.declarations import (
    Refresh,
    compaction_of,
    compression_of,
    hypertable_of,
    refreshes_of,
    reorder_of,
    retention_of,
)
from conformance.declarations.hypertables import underlying
from conformance.expected.aggregates import chunk_interval_of
from conformance.intervals import Interval

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

    from conformance.declarations import Compaction

_HOUR = 3_600_000_000
#: Source: TimescaleDB documentation, "add_compression_policy": a policy runs every 12 hours, or
#: twice per chunk if chunks are shorter than a day; daily if the time column is an integer, or,
#: by the source code, a UUIDv7.
_COMPRESSION_SCHEDULE = Interval(12 * _HOUR)
_DAILY = Interval(24 * _HOUR)
#: As add_compression_policy and add_retention_policy set it; seen in 2.17 to 2.29.
_COMPRESSION_RUNTIME = Interval(0)
_RETENTION_RUNTIME = Interval(_HOUR // 12)
_REFRESH_RUNTIME = _REORDER_RUNTIME = _COMPACTION_RUNTIME = Interval(0)
#: Source: TimescaleDB's source code, `add_compaction_policy`.
_COMPACTION_SCHEDULE = Interval(_HOUR // 12)
#: Of both policies. Source: TimescaleDB's source code, `enable_direct_compress_policies`.
_DIRECT_SCHEDULE = Interval(_HOUR // 60)


def expected(table: Table, name: str, metadata: MetaData) -> Objects:
    """The declared policies of the table."""
    lengths: dict[str, Value]
    schedule: Interval | Unsaid
    compression, retention = compression_of(table), retention_of(table)
    if compression is not None and (compression.after or compression.created_before):
        schedule = compression.schedule_interval or (
            _DIRECT_SCHEDULE if compression.direct else _undeclared_schedule(table, metadata)
        )
        if compression.after is not None:
            lengths = {"compress_after": compression.after}
        else:
            lengths = {"compress_created_before": compression.created_before}
        lengths["max_runtime"] = _COMPRESSION_RUNTIME
        if not compression.recompress_unordered:
            lengths["config"] = '{"recompress_unordered": false}'
        yield "policy", name, "compression", _policy(schedule, lengths)
    if retention is not None:
        schedule = retention.schedule_interval or _DAILY
        if retention.drop_after is not None:
            lengths = {"drop_after": retention.drop_after}
        else:
            lengths = {"drop_created_before": retention.drop_created_before}
        lengths["max_runtime"] = _RETENTION_RUNTIME
        yield "policy", name, "retention", _policy(schedule, lengths)
    compaction = compaction_of(table)
    if compaction is not None:
        usual = _DIRECT_SCHEDULE if compression and compression.direct else _COMPACTION_SCHEDULE
        schedule = compaction.schedule_interval or usual
        yield "policy", name, "compaction", _policy(schedule, _compaction(compaction))
    reorder = reorder_of(table)
    if reorder is not None:
        schedule = reorder.schedule_interval or _reorder_schedule(table)
        lengths = {"index_name": reorder.index, "max_runtime": _REORDER_RUNTIME}
        yield "policy", name, "reorder", _policy(schedule, lengths)
    refreshes = refreshes_of(table)
    for refresh in refreshes:
        # The window distinguishes several refresh policies; a single one may have any window.
        part = "<refresh>" if len(refreshes) == 1 else f"<refresh {refresh}>"
        yield "policy", name, part, _policy(refresh.schedule_interval, _refresh(refresh))


def _refresh(refresh: Refresh) -> dict[str, Value]:
    return {
        "start_offset": UNBOUNDED if refresh.start_offset is None else refresh.start_offset,
        "end_offset": UNBOUNDED if refresh.end_offset is None else refresh.end_offset,
        "max_runtime": _REFRESH_RUNTIME,
        **{name: refresh_option(name, value) for name, value in refresh.options.items()},
    }


def _compaction(declaration: Compaction) -> dict[str, Value]:
    return {
        "max_chunks": declaration.max_chunks,
        "max_batches": declaration.max_batches,
        "inactive_for": declaration.inactive_for,
        "max_runtime": _COMPACTION_RUNTIME,
    }


def _reorder_schedule(table: Table) -> Interval:
    """Half a chunk, or 4 days for integers and UUIDs. Source: TimescaleDB's source code."""
    hypertable = hypertable_of(table)
    if hypertable is None or isinstance(hypertable.chunk_interval, int) or _by_uuid(table):
        return Interval(4 * 24 * _HOUR)
    return Interval(hypertable.chunk_interval.microseconds // 2)


def _undeclared_schedule(table: Table, metadata: MetaData) -> Unsaid:
    """The default, which differs for CREATE TABLE ... WITH. Source: timescaledb#8788."""
    usual = _default_schedule(table, metadata)
    ways = f"add_compression_policy() gives {usual}"
    if usual != _DAILY:
        ways += f", and only CREATE TABLE ... WITH gives {_DAILY}"
    return Unsaid(usual, ways, (_DAILY,))


def _default_schedule(table: Table, metadata: MetaData) -> Interval:
    length = chunk_interval_of(table, metadata)
    if length is None:
        return _COMPRESSION_SCHEDULE
    if isinstance(length, int) or _by_uuid(table):
        return _DAILY
    half = Interval(length.microseconds // 2)
    return min(half, _COMPRESSION_SCHEDULE, key=lambda length: length.microseconds)


def _by_uuid(table: Table) -> bool:
    """Whether the time column is a UUIDv7; half a chunk is a schedule of timestamps and dates."""
    hypertable = hypertable_of(table)
    return hypertable is not None and isinstance(
        underlying(table.c[hypertable.time_column].type), Uuid
    )


def _policy(schedule: Interval | Unsaid, lengths: dict[str, Value]) -> dict[str, Value]:
    return {
        EXISTS: True,
        "count": 1,
        "config": None,
        "schedule_interval": schedule,
        "scheduled": True,
        "max_retries": -1,
        **lengths,
    }
