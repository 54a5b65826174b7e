"""Prepare a realistic database: migrated, filled with rows, its policies have run."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from conformance.declarations import hypertable_of, tables_of
from conformance.engines.connecting import connect
from conformance.observed.home import function
from conformance.pipeline import scope_of
from conformance.population.aggregates import refresh_aggregates
from conformance.population.filling import fill_every_state
from conformance.strategies import default_span
from conformance.strategies.derivation import derivation_of
from conformance.upgrade.state import CHUNKS, VALUES, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import URL, Column, MetaData, Table

    from conformance.project.migrations import Migrations
    from conformance.strategies import Span

#: The number of recent chunks, up to the one that contains the present moment.
_RECENT = 4

#: Matches `now()` and `CURRENT_TIMESTAMP`, but not `true` or `0`.
_CALL = re.compile(r"\(|current_", re.IGNORECASE)

_POLICIES = """
SELECT job_id FROM timescaledb_information.jobs
 WHERE hypertable_name IS NOT NULL AND proc_schema LIKE '\\_timescaledb\\_%'
 ORDER BY job_id
"""
#: Policies and the project's own jobs. TimescaleDB's own jobs have smaller numbers.
_JOBS = "SELECT job_id FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY job_id"


def prepare(url: URL, metadata: MetaData, migrations: Migrations, *, now: datetime) -> None:
    """Bring an empty database with the extension into the state to upgrade.

    It gets old chunks in every state, on which the policies have run, and recent chunks in every
    state. Its continuous aggregates are refreshed.

    Args:
        now: the moment that decides which chunks are recent. The same moment gives the same rows.

    Raises:
        MigrationFailed: the migration fails.
        sqlalchemy.exc.DBAPIError: the server rejects the rows.
    """
    _stop_workers(url)
    migrations.template().prepare(url)
    compress = migrations.edition == "community"
    postpone_jobs(url)
    fill(url, metadata, compress=compress)
    _run_policies(url)
    fill(url, metadata, compress=compress, now=now)
    with connect(url, autocommit=True) as connection:
        refresh_aggregates(connection)


def fill(url: URL, metadata: MetaData, *, compress: bool, now: datetime | None = None) -> None:
    """Fill the tables with old rows, or with recent rows if `now` is given."""
    span = default_span if now is None else partial(recent_span, now=now)
    with create_engine(url, poolclass=NullPool).begin() as connection:
        fill_every_state(connection, metadata, compress=compress, span=span)


def recent_span(table: Table, now: datetime) -> Span:
    """The first and the last time value of a hypertable's recent chunks.

    A time column of integers has no present moment; its recent chunks follow the default ones.
    """
    derivation = derivation_of(table)
    chunks = derivation.chunks
    if chunks.axis.kind == "integer":
        number = chunks.number(chunks.handful()[1]) + _RECENT
    else:
        number = chunks.number(chunks.axis.instant(now))
    first, after = chunks.start(number - _RECENT + 1), chunks.start(number + 1)
    return derivation.moment(first), derivation.moment(after - 1)


def volatile_values(metadata: MetaData) -> Iterator[Subject]:
    """Find values that differ each time that the same rows are written.

    These are columns whose default calls a function, and foreign keys to them. If such a column is
    in the primary key, which identifies the rows, all columns of the table are volatile. If it is a
    partitioning column, the chunks of the hypertable are volatile too.
    """
    scope = scope_of(metadata)
    volatile: set[Column[Any]] = set()
    for table in tables_of(metadata):
        own = {column for column in table.columns if _calls_function(column)}
        own |= {key.parent for key in table.foreign_keys if key.column in volatile}
        if not own.isdisjoint(table.primary_key.columns or table.columns):
            own = set(table.columns)
        volatile |= own
        name = scope.name(table.schema or scope.default_schema, table.name)
        for column in own:
            yield Subject(VALUES, name, column.name)
        hypertable = hypertable_of(table)
        partitions = {item.column for item in hypertable.partitions} if hypertable else set()
        if not partitions.isdisjoint(column.name for column in own):
            yield Subject(CHUNKS, name)


def _calls_function(column: Column[Any]) -> bool:
    default = getattr(column.server_default, "arg", None)
    called = default is not None and not isinstance(default, str)
    return called and bool(_CALL.search(str(default)))


def _stop_workers(url: URL) -> None:
    """Stop the scheduler, as a superuser may: a new job runs at once, and would write rows."""
    with connect(url, autocommit=True) as connection, suppress(DBAPIError):
        connection.execute(text("SELECT _timescaledb_functions.stop_background_workers()"))


def postpone_jobs(url: URL) -> None:
    """Postpone policies and the project's jobs by a day, so that none runs while states are read.

    The next start is not among the compared values.
    """
    with connect(url, autocommit=True) as connection:
        alter_job = function(connection, "alter_job")
        for job in connection.execute(text(_JOBS)).scalars().all():
            connection.execute(
                text(f"SELECT {alter_job}(:job, next_start => now() + interval '1 day')"),
                {"job": job},
            )


def _run_policies(url: URL) -> None:
    with connect(url, autocommit=True) as connection:
        run_job = function(connection, "run_job")
        for job in connection.execute(text(_POLICIES)).scalars().all():
            connection.execute(text(f"CALL {run_job}(:job)"), {"job": job})
