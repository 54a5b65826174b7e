"""User-defined jobs, which TimescaleDB's scheduler runs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from conformance.declarations.base import DeclarationError, Requirement, length_of, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import MetaData

    from conformance.intervals import Interval


class Job(Requirement):
    """The scheduler runs a procedure or function.

    Several jobs of one procedure must have different configs.

    Args:
        proc: the name of the procedure, qualified by its schema unless that is the default one.
        schedule_interval: how often the job runs.
        config: the argument of the procedure.
        scheduled: whether the scheduler runs the job.
        max_runtime: how long a run may take; None: a run has no limit.
        max_retries: how often a failed run is tried again; -1: without a limit.

    Source of the rules: TimescaleDB documentation, "add_job" and "alter_job".
    """

    def __init__(  # noqa: PLR0913 - each is an argument of add_job or alter_job
        self,
        proc: str,
        *,
        schedule_interval: str | timedelta,
        config: Mapping[str, Any] | None = None,
        scheduled: bool = True,
        max_runtime: str | timedelta | None = None,
        max_retries: int = -1,
    ) -> None:
        subject = f"job {proc}"
        if not proc or proc.count(".") > 1:
            raise DeclarationError("Job", f"{proc!r} is not the name of a procedure")
        self.proc = proc
        self.schedule_interval = _length(subject, "schedule interval", schedule_interval)
        self.max_runtime = _length(subject, "max runtime", max_runtime or timedelta(), least=0)
        self.scheduled = scheduled
        self.max_retries = max_retries
        try:
            #: The config as sorted JSON on one line; None where there is none.
            self.config = None if config is None else json.dumps(dict(config), sort_keys=True)
        except TypeError as error:
            raise DeclarationError(subject, f"config: {error}") from None

    def require(self, metadata: MetaData) -> None:
        """Register this job with the metadata.

        Raises:
            DeclarationError: the metadata has a job of the same procedure and config.
        """
        if (self.proc, self.config) in {(job.proc, job.config) for job in jobs_of(metadata)}:
            raise DeclarationError(
                f"job {self.proc}", "is declared twice with the same config; change one of them"
            )
        super().require(metadata)


def jobs_of(metadata: MetaData) -> list[Job]:
    """The jobs that the metadata requires."""
    return required(metadata, Job)


def _length(subject: str, what: str, value: str | timedelta, *, least: int = 1) -> Interval:
    length = length_of(subject, what, value)
    if isinstance(length, int):
        raise DeclarationError(
            subject, f"{what} {value!r} must be a length of time such as '12 hours'"
        )
    if length.microseconds < least:
        least_words = "more than zero" if least else "zero or more"
        raise DeclarationError(subject, f"{what} {value!r} must be {least_words}")
    return length
