"""User-defined jobs: each declared job exists once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects, Value
from conformance.declarations import Job, jobs_of

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Objects:
    """The jobs that the metadata requires."""
    procs = {
        job: job.proc if "." in job.proc else f"{default_schema}.{job.proc}"
        for job in jobs_of(metadata)
    }
    several = Counter(procs.values())
    for job, proc in procs.items():
        # The config distinguishes several jobs of one procedure; a single job may have any config.
        name = f"<{job.config or ''}>" if several[proc] > 1 else "<>"
        yield "job", proc, name, _attributes(job)


def _attributes(job: Job) -> dict[str, Value]:
    return {
        EXISTS: True,
        "count": 1,
        "schedule_interval": job.schedule_interval,
        "config": job.config,
        "scheduled": job.scheduled,
        "max_runtime": job.max_runtime,
        "max_retries": job.max_retries,
    }
