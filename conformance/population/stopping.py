"""Policies that must not change the chunks of a test."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.observed.home import function

if TYPE_CHECKING:
    from sqlalchemy import Connection

_JOBS = text("SELECT job_id FROM timescaledb_information.jobs ORDER BY job_id")


def stop_jobs(connection: Connection) -> None:
    """Let the scheduler run no job any more."""
    stop = text(f"SELECT {function(connection, 'alter_job')}(:job, scheduled => false)")
    for job in connection.scalars(_JOBS).all():
        # alter_job() checks a policy as its run does. What it refuses cannot run: TimescaleDB 2.23
        # adds a policy with an age to a hypertable of UUIDs, and knows no age of a UUID.
        with suppress(DBAPIError), connection.begin_nested():
            connection.execute(stop, {"job": job})
