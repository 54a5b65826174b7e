"""Policies of hypertables and continuous aggregates."""

from __future__ import annotations

import json
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.comparing.facts import EXISTS, UNBOUNDED, FactKey, Objects, Value
from conformance.comparing.parameters import refresh_option
from conformance.intervals import Interval, refresh_window
from conformance.observed.asked_once import once
from conformance.observed.catalog import Scope, parsed_interval, rows
from conformance.observed.jobs import unusual

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    #: The key of each policy's existence, and the rows of its jobs.
    Named = Iterable[tuple[FactKey, list[Any]]]

_AGES = ("compress_after", "compress_created_before", "drop_after", "drop_created_before")
#: Options of a compaction policy.
_COMPACTION = ("max_chunks", "max_batches", "inactive_for")
_REFRESH = "refresh_continuous_aggregate"
_OFFSETS = ("start_offset", "end_offset")
#: Options of a refresh policy in addition to its window.
_REFRESH_OPTIONS = (
    "buckets_per_batch", "max_batches_per_execution", "refresh_newest_first", "include_tiered_data",
)  # fmt: skip


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every policy of a relation in scope; `count` is the number of policies of one kind."""
    found = [*_policies(connection, scope)]
    named(connection, scope, found)
    for key, same in found:
        yield *key[:3], _attributes(same)


class Runner(NamedTuple):
    """Who runs a policy and how often: what is needed beside its facts."""

    job_id: int
    owner: str
    may_log_in: bool
    table_owner: str | None
    schedule_interval: str


_runner = attrgetter(*Runner._fields)


def named(connection: Connection, scope: Scope, found: Named | None = None) -> Named:
    """The key of each policy's existence, and who runs its jobs.

    Args:
        found: the policies, if they have just been read.
    """

    def read() -> Named:
        policies = _policies(connection, scope) if found is None else found
        # Not the rows, which would be a hundredth of all memory until the end.
        return [(key, [Runner._make(_runner(row)) for row in same]) for key, same in policies]

    return once(connection, ("policies", scope), read)


def _policies(connection: Connection, scope: Scope) -> Iterator[tuple[FactKey, list[Any]]]:
    policies: dict[tuple[str, str], list[Any]] = {}
    for row in rows(connection, "policies", scope):
        table = scope.name(row.schema_name, row.table_name)
        kind = row.proc_name.removeprefix("policy_")
        policies.setdefault((table, kind), []).append(row)
    for (table, kind), found in policies.items():
        for name, same in _named(kind, found):
            yield FactKey("policy", table, name, EXISTS), same


def _named(kind: str, jobs: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Policies of one kind have one name; several refresh policies are named by their window."""
    if kind != _REFRESH:
        yield kind, jobs
    elif len(jobs) == 1:
        yield "refresh", jobs
    else:
        for job in jobs:
            start, end = (_offset(job, name) for name in _OFFSETS)
            yield f"refresh {refresh_window(start, end)}", [job]


def _offset(job: Any, name: str) -> Interval | int | None:
    offset: Interval | int | None = _age(job, name)
    return offset


def _config(job: Any) -> dict[str, Any]:
    """The configuration; of another value than an object, nothing."""
    return dict(job.config) if isinstance(job.config, dict) else {}


def _age(job: Any, name: str) -> Any:
    """An age of the configuration; as it is written there, if it is none."""
    written = _config(job).get(name)
    printed = (job.intervals or {}).get(name)
    if not isinstance(written, str):
        return json.dumps(written) if isinstance(written, dict | list) else written
    try:
        return Interval.parse(written) if printed is None else parsed_interval(printed)
    except ValueError:
        return written


def _refresh(job: Any, config: dict[str, Any]) -> dict[str, Value]:
    """The window and the options of a refresh policy; removes them from the config."""
    found: dict[str, Value] = {}
    for name in _OFFSETS:
        config.pop(name, None)
        offset = _offset(job, name)
        found[name] = UNBOUNDED if offset is None else offset
    return {**found, **_refresh_options(config)}


def _refresh_options(config: dict[str, Any]) -> dict[str, Value]:
    return {name: refresh_option(name, config.pop(name, None)) for name in _REFRESH_OPTIONS}


def _attributes(jobs: list[Any]) -> dict[str, Value]:
    first = jobs[0]
    attributes: dict[str, Value] = {EXISTS: True, "count": len(jobs)}
    config = _config(first)
    if not first.misdirected:
        for name in ("hypertable_id", "mat_hypertable_id"):
            config.pop(name, None)
    if first.proc_name.endswith(_REFRESH):
        attributes.update(_refresh(first, config))
    for name in _AGES:
        if name in config:
            config.pop(name)
            attributes[name] = _age(first, name)
    if first.proc_name.endswith("compaction"):
        attributes.update({name: config.pop(name, None) for name in _COMPACTION})
        attributes["inactive_for"] = _age(first, "inactive_for")
    if first.proc_name.endswith("reorder"):
        attributes["index_name"] = config.pop("index_name", None)
    if config.get("recompress_unordered"):  # The default, which need not be said.
        config.pop("recompress_unordered")
    rest = config if isinstance(first.config, dict) else first.config
    attributes["config"] = json.dumps(rest, sort_keys=True) if rest else None
    schedule = parsed_interval(first.schedule_interval)
    attributes["schedule_interval"] = replace(schedule, chosen=not first.of_create_table)
    # A job whose next start is at infinity, or far away, does not run although it is scheduled.
    attributes["scheduled"] = first.scheduled and not first.paused
    attributes["max_runtime"] = parsed_interval(first.max_runtime)
    attributes["max_retries"] = first.max_retries
    attributes.update(unusual(first))
    return attributes
