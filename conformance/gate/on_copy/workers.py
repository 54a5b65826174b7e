"""Keep TimescaleDB's background workers from running policies while revisions are rehearsed.

Stopping them writes nothing: the launcher forgets it when the server restarts.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg2
from sqlalchemy import text

from conformance.engines.addresses import libpq_parameters
from conformance.engines.connecting import connect
from conformance.gate.on_copy.admission import CopyRefused
from conformance.observed.home import function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection

    from conformance.gate.on_copy.admission import Admitted

#: TimescaleDB's own jobs have smaller numbers.
_FIRST_JOB = 1000
_JOBS = text("""
SELECT job_id FROM timescaledb_information.jobs WHERE scheduled AND job_id >= :first ORDER BY 1
""")
_LAUNCHED = text("""
SELECT count(*) FILTER (WHERE datname = pg_catalog.current_database()) > 0
  FROM pg_catalog.pg_stat_activity
 WHERE pg_catalog.concat_ws(' ', backend_type, application_name)
       ILIKE '%timescaledb background worker%scheduler%'
""")
_END = """
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
 WHERE datname = %(name)s
   AND pg_catalog.concat_ws(' ', backend_type, application_name)
       ILIKE '%%timescaledb background worker%%scheduler%%'
"""
_PAUSE = 0.1
_WORKERS_ALLOWED = text("""
SELECT coalesce(pg_catalog.current_setting('timescaledb.max_background_workers', true), '0')::int
""")
_NAMED = 5


@contextmanager
def without_policies(copy: Admitted) -> Iterator[str]:
    """Stop the workers of the copy, and start them again at the end.

    Yields:
        What was done, in a sentence; empty if nothing was to be done.

    Raises:
        CopyRefused: policies are scheduled, and the role may not stop them.
    """
    with connect(copy.url, autocommit=True) as connection:
        jobs = list(connection.scalars(_JOBS, {"first": _FIRST_JOB}))
        running = bool(connection.scalar(_WORKERS_ALLOWED)) and (
            not copy.superuser or bool(connection.scalar(_LAUNCHED))
        )
        alter_job = function(connection, "alter_job")
        if running and copy.superuser:
            stop_workers(connection)
    if not running:
        yield _not_running(jobs)
    elif copy.superuser:
        try:
            yield "TimescaleDB's background workers were stopped meanwhile, and started again."
        finally:
            _start(copy.url)
    elif jobs:
        named = ", ".join(map(str, jobs[:_NAMED])) + ", …" * (len(jobs) > _NAMED)
        raise CopyRefused(
            f"The server may run policies of the copy during the rehearsal (jobs {named}), and only"
            " a superuser may stop TimescaleDB's background workers.",
            f"Unschedule the jobs on the copy: SELECT {alter_job}(job_id, scheduled => false) FROM"
            f" timescaledb_information.jobs WHERE job_id >= {_FIRST_JOB}; or use a superuser.",
        )
    else:
        yield ""


def _not_running(jobs: list[int]) -> str:
    if not jobs:
        return ""
    return "TimescaleDB's background workers do not run in the copy, so that no policy ran."


def stop_workers(connection: Connection) -> None:
    """Stop TimescaleDB's scheduler in the database of the connection; superusers may."""
    connection.execute(text("SELECT _timescaledb_functions.stop_background_workers()"))


@contextmanager
def kept_away(copy: Admitted, elsewhere: URL) -> Iterator[None]:
    """End the schedulers that start in the copy during the block, which copies it.

    The statement that copies a database starts one (timescaledb issue 9080), and fails if that
    connects first. It waits for five seconds that it ends.

    Args:
        elsewhere: another database of the server.
    """
    if not copy.superuser:
        yield
        return
    done = threading.Event()
    with closing(psycopg2.connect(**libpq_parameters(elsewhere))) as connection:
        connection.autocommit = True
        thread = threading.Thread(target=_end_all, args=(connection, copy.name, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
    with connect(copy.url, autocommit=True) as connection:
        stop_workers(connection)


def _end_all(connection: Any, name: str, done: threading.Event) -> None:
    with connection.cursor() as cursor, suppress(psycopg2.Error):
        while not done.wait(_PAUSE):
            cursor.execute(_END, {"name": name})


def _start(url: URL) -> None:
    with connect(url, autocommit=True) as connection:
        connection.execute(text("SELECT _timescaledb_functions.start_background_workers()"))
