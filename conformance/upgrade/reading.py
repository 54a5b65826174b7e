"""Read the state of a database: facts, a digest of every table, chunks, policies, jobs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, FactKey, Query
from conformance.comparing.findings import CATALOG
from conformance.comparing.tokens import quoted_table
from conformance.declarations import hypertable_of, tables_of, views_of
from conformance.engines.connecting import connect
from conformance.engines.identification import identify_server
from conformance.observed.circumstances import observed_circumstances
from conformance.observed.sizes import table_sizes
from conformance.pipeline import both_sides, scope_of
from conformance.population.digests import digest
from conformance.population.foreign import without_foreign
from conformance.upgrade.state import (
    CHUNKS,
    OWN_JOB,
    POLICY_NAME,
    ROWS,
    VALUES,
    State,
    Subject,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, Connection, MetaData, Table

    from conformance.observed import Scope

_CHUNKS = text("""
SELECT pg_catalog.format('%I.%I', chunk_schema, chunk_name) AS chunk,
       coalesce(range_start::date::text, range_start_integer::text) AS starts
  FROM timescaledb_information.chunks
 WHERE hypertable_schema = :schema AND hypertable_name = :name
 ORDER BY range_start, range_start_integer
""")
#: Bits of a chunk's status (`ts_chunk_status` in TimescaleDB's chunk.h).
_COMPRESSED, _PARTIAL = 1, 8
_CHUNK_STATUS = text("SELECT _timescaledb_functions.chunk_status(CAST(:chunk AS regclass))")
_JOBS = text("""
SELECT j.proc_name, j.config::text AS config,
       -- Older versions name the hypertable that a continuous aggregate is materialized in.
       coalesce(a.view_schema, j.hypertable_schema) AS schema,
       coalesce(a.view_name, j.hypertable_name) AS table,
       -- The job's number follows: 'Compression Policy [1000]'.
       pg_catalog.regexp_replace(j.application_name, ' \\[\\d+\\]$', '') AS name
  FROM timescaledb_information.jobs j
  LEFT JOIN timescaledb_information.continuous_aggregates a
    ON a.materialization_hypertable_schema = j.hypertable_schema
   AND a.materialization_hypertable_name = j.hypertable_name
 WHERE j.proc_schema LIKE '\\_timescaledb\\_%'
 ORDER BY j.job_id
""")


def read_state(url: URL, metadata: MetaData) -> State:
    """Read all compared values in one read-only transaction.

    Raises:
        sqlalchemy.exc.DBAPIError: the catalog cannot be read. An unreadable table is no error, but
            the value `Unreadable`.
    """
    scope = scope_of(metadata)
    with connect(url) as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.exec_driver_sql("SET LOCAL timezone = 'UTC'")
        server = identify_server(connection)
        expected, observed = both_sides(connection, metadata)
        circumstances = observed_circumstances(connection, scope)
        findings = compare(expected, observed, server.capabilities, circumstances).findings
        values: dict[Subject, Any] = {
            # Plans differ between versions, so that queries are compared as text.
            Subject(key.kind, key.object, key.attribute): str(value)
            if isinstance(value, Query)
            else value
            for key, value in observed.items()
            # The suite names such catalogs when it runs on the upgraded database.
            if key.kind != CATALOG
        }
        for table in without_foreign(connection, tables_of(metadata)):
            name = scope.name(table.schema or scope.default_schema, table.name)
            values.update(_contents(connection, table, name))
            if hypertable_of(table) is not None:
                values[Subject(CHUNKS, name)] = _chunks(connection, table, scope)
        for view in views_of(metadata):
            name = scope.name(view.schema or scope.default_schema, view.name)
            if FactKey("continuous_aggregate", name, "", EXISTS) in observed:
                values.update(_contents(connection, view, name))
        values.update(_jobs(connection, scope))
        connection.rollback()
    return State(
        server,
        values,
        {Subject(f.kind, f.object, f.attribute): f.message for f in findings.values()},
    )


def read_sizes_of(url: URL, metadata: MetaData) -> dict[str, dict[str, int]]:
    """The sizes of the tables, as `conformance audit --sizes` writes them, after an ANALYZE."""
    with connect(url, autocommit=True) as connection:
        connection.exec_driver_sql("ANALYZE")
        return table_sizes(connection, scope_of(metadata))


def _contents(connection: Connection, table: Table, name: str) -> dict[Subject, Any]:
    found = _or_unreadable(connection, lambda: digest(connection, quoted_table(table)))
    if isinstance(found, Unreadable):
        return {Subject(ROWS, name): found}
    values = {Subject(VALUES, name, column): total for column, total in found.columns.items()}
    return {Subject(ROWS, name): found.rows, **values}


def _chunks(connection: Connection, table: Table, scope: Scope) -> Any:
    """The states of the chunks, oldest first: `("2019-10-12: compressed", ...)`."""
    where = {"schema": table.schema or scope.default_schema, "name": table.name}
    rows = connection.execute(_CHUNKS, where).all()
    return tuple(
        f"{row.starts}: {_or_unreadable(connection, partial(_chunk_state, connection, row.chunk))}"
        for row in rows
    )


def _chunk_state(connection: Connection, chunk: str) -> str:
    status = connection.scalar(_CHUNK_STATUS, {"chunk": chunk})
    if status & _PARTIAL:
        return "partly compressed"
    return "compressed" if status & _COMPRESSED else "plain"


def _jobs(connection: Connection, scope: Scope) -> Iterator[tuple[Subject, Any]]:
    """The names of policies, and the configurations of TimescaleDB's own jobs."""
    for row in connection.execute(_JOBS):
        if row.table is None:
            yield Subject(OWN_JOB, row.proc_name), row.config or "{}"
        elif row.schema in scope.schemas:
            table = scope.name(row.schema, row.table)
            yield Subject(POLICY_NAME, f"{table}.{row.proc_name.removeprefix('policy_')}"), row.name


def _or_unreadable(connection: Connection, read: Callable[[], Any]) -> Any:
    try:
        with connection.begin_nested():
            return read()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return Unreadable(" ".join(str(error.orig).split()))
