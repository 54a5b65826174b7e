"""`Job`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.inspecting.code import Call, given
from conformance.inspecting.observed import length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Entry, Observed

ATTRIBUTES = {
    "job": ("count", "schedule_interval", "config", "scheduled", "max_runtime", "max_retries")
}


def declarations(observed: Observed) -> Iterator[Entry]:
    """The declaration of each job of a user."""
    for kind, proc, name, job in observed.all("job"):
        if "schedule_interval" in job:
            call = _job(proc.removeprefix(f"{observed.default_schema}."), job)
            yield observed.entry("", call, [(kind, proc, name)], ATTRIBUTES["job"])


def _job(proc: str, of: dict[str, Any]) -> Call:
    config = of["config"]
    return Call(
        "Job",
        (proc,),
        given(
            schedule_interval=length(of["schedule_interval"]),
            config=None if config is None else json.loads(config),
            scheduled=None if of["scheduled"] else False,
            max_runtime=length(of["max_runtime"]) if of["max_runtime"].microseconds else None,
            max_retries=None if of["max_retries"] == -1 else of["max_retries"],
        ),
    )
