"""User-defined jobs: the procedure, how often it runs, and with which config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Detail, FactKey, Facts, Value
from conformance.intervals import Interval
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Jobs by the name of their procedure; several jobs of a procedure also by their config."""
    jobs: dict[str, list[Any]] = {}
    for row in rows(connection, "jobs", scope):
        jobs.setdefault(f"{row.proc_schema}.{row.proc_name}", []).append(row)
    facts: Facts = {}
    for proc, found in jobs.items():
        by_config: dict[str, list[Any]] = {}
        for job in found:
            config = json.dumps(job.config, sort_keys=True) if job.config else ""
            by_config.setdefault(config, []).append(job)
        for config, same in by_config.items():
            name = config if len(by_config) > 1 else ""
            for attribute, value in _of_job(same, config).items():
                facts[FactKey("job", proc, name, attribute)] = value
    return facts


def _of_job(jobs: list[Any], config: str) -> dict[str, Value]:
    first = jobs[0]
    schedule = Interval.parse(first.schedule_interval)
    return {
        EXISTS: Detail(f"every {schedule}"),
        "count": len(jobs),
        "schedule_interval": schedule,
        "config": config or None,
        "scheduled": first.scheduled and not first.paused,
        "max_runtime": Interval.parse(first.max_runtime),
        "max_retries": first.max_retries,
    }
