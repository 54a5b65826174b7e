"""Policies of hypertables, and jobs of users."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, FactKey, Facts, Value
from conformance.intervals import Interval
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

_AGES = ("compress_after", "compress_created_before", "drop_after", "drop_created_before")


def observed(connection: Connection, scope: Scope) -> Facts:
    """Every job that touches a table in scope; several of one kind are counted."""
    policies: dict[tuple[str, str], list[Any]] = {}
    facts: Facts = {}
    for row in rows(connection, "policies", scope):
        table = row.table_name and scope.name(row.schema_name, row.table_name)
        if row.is_own and row.table_name is not None:
            kind = row.proc_name.removeprefix("policy_")
            policies.setdefault((table, kind), []).append(row)
        else:
            facts[FactKey("job", f"{row.proc_schema}.{row.proc_name}", "", EXISTS)] = (
                f"job {row.job_id}, every {Interval.parse(row.schedule_interval)}"
            )
    for (table, kind), jobs in policies.items():
        for attribute, value in _attributes(jobs).items():
            facts[FactKey("policy", table, kind, attribute)] = value
    return facts


def _attributes(jobs: list[Any]) -> dict[str, Value]:
    first = jobs[0]
    attributes: dict[str, Value] = {EXISTS: True, "count": len(jobs)}
    config = dict(first.config or {})
    config.pop("hypertable_id", None)
    for name in _AGES:
        if name in config:
            age = config.pop(name)
            interval = (first.intervals or {}).get(name)
            attributes[name] = age if interval is None else Interval.parse(interval)
    attributes["config"] = json.dumps(config, sort_keys=True) if config else None
    attributes["schedule_interval"] = Interval.parse(first.schedule_interval)
    # A job whose next start lies at infinity, or far away, is scheduled in name only.
    attributes["scheduled"] = first.scheduled and not first.paused
    attributes["max_runtime"] = Interval.parse(first.max_runtime)
    attributes["max_retries"] = first.max_retries
    return attributes
