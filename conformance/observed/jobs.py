"""User-defined jobs: the procedure, how often it runs, and with which config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Detail, FactKey, Objects, Value
from conformance.intervals import Interval
from conformance.observed.asked_once import once
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Jobs by the name of their procedure; several jobs of a procedure also by their config."""
    for key, same in named(connection, scope):
        yield *key[:3], _of_job(same)


def named(connection: Connection, scope: Scope) -> Iterator[tuple[FactKey, list[Any]]]:
    """The key of each job's existence, and the rows of all that are the same."""
    jobs: dict[str, list[Any]] = {}
    for row in once(connection, ("jobs", scope), lambda: rows(connection, "jobs", scope)):
        jobs.setdefault(f"{row.proc_schema}.{row.proc_name}", []).append(row)
    for proc, found in jobs.items():
        by_config: dict[str, list[Any]] = {}
        for job in found:
            by_config.setdefault(_config(job), []).append(job)
        for config, same in by_config.items():
            name = config if len(by_config) > 1 else ""
            yield FactKey("job", proc, name, EXISTS), same


def _config(job: Any) -> str:
    return json.dumps(job.config, sort_keys=True) if job.config else ""


def _of_job(jobs: list[Any]) -> dict[str, Value]:
    first = jobs[0]
    schedule = Interval.printed(first.schedule_interval)
    return {
        EXISTS: Detail(f"every {schedule}"),
        "count": len(jobs),
        "schedule_interval": schedule,
        "config": _config(first) or None,
        "scheduled": first.scheduled and not first.paused,
        "max_runtime": Interval.printed(first.max_runtime),
        "max_retries": first.max_retries,
        **unusual(first),
    }


def unusual(job: Any) -> dict[str, Value]:
    """What no model can declare of a job, where it is not as TimescaleDB sets it."""
    named = {
        "retry_period": job.retry_period,
        "fixed_schedule": job.fixed_schedule,
        "check": job.check,
        "owner": job.other_owner,
    }
    return {name: Detail(value, judged=False) for name, value in named.items() if value}
