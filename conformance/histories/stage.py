"""The databases of histories: cleared before each history, replaced after many."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, pool

from conformance.declarations import hypertable_of, tables_of
from conformance.engines.base import Template
from conformance.histories.recording import Recorder, execute_raw
from conformance.histories.twin import Twins, name
from conformance.observed.home import functions
from conformance.population.filling import fill_table
from conformance.population.keys import rows_key
from conformance.population.stopping import stop_jobs

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, MetaData

    from conformance.engines.base import Engine as TimescaleEngine

#: The number of histories after which a database is replaced. Each history creates and drops
#: chunks; the embedded engine has no autovacuum, so that dead catalog rows slow down later ones.
HISTORIES_PER_DATABASE = 250


def histories_template(schema: Template, metadata: MetaData, *, community: bool) -> Template:
    """The template: the schema with parents, empty hypertables and twins; no job runs by itself."""
    hypertables = [table for table in tables_of(metadata) if hypertable_of(table) is not None]
    twins = [statement for table in hypertables for statement in Twins(table).statements()]

    def prepare(url: URL) -> None:
        schema.prepare(url)
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            fill_parents(connection, metadata)
            if community:
                # A policy that runs during a history would make the history irreproducible.
                stop_jobs(connection)
            for statement in twins:
                execute_raw(connection, statement)

    # The twins depend only on the metadata, but the order of their parts differs between processes.
    shape = repr((schema.key, community, rows_key(metadata)))
    return Template("histories", hashlib.sha256(shape.encode()).hexdigest()[:32], prepare)


def fill_parents(connection: Connection, metadata: MetaData) -> None:
    """Fill every table except the hypertables with rows that are easy to read."""
    for table in tables_of(metadata):
        if hypertable_of(table) is None:
            with suppress(ValueError):
                fill_table(connection, table, compress=False, plain=True)


@dataclass(frozen=True)
class Connections:
    """Two connections to the same database.

    Attributes:
        plain: a connection in autocommit.
        writing: the connection for the write path; the caller ends its transaction.
    """

    plain: Connection
    writing: Connection


class Stage:
    """Provides empty tables for one history after the other.

    Args:
        engine: creates the databases.
        template: made by `histories_template`.
        histories_per_database: the number of histories after which a database is replaced.
    """

    def __init__(
        self,
        engine: TimescaleEngine,
        template: Template,
        *,
        histories_per_database: int = HISTORIES_PER_DATABASE,
    ) -> None:
        self._engine = engine
        self._template = template
        self._lifetime = histories_per_database
        self._played = 0
        self._database = ExitStack()
        self._sessions = ExitStack()
        self._alchemy: Engine | None = None
        self.recorder = Recorder()
        #: The number of histories so far, and of rows that were passed to writes.
        self.histories = self.rows = 0
        self.connections: Connections

    def __enter__(self) -> Stage:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def clear(self, twins: Twins) -> None:
        """Empty the tables and forget the recorded steps, so that a history can begin."""
        if self._played >= self._lifetime:
            self._close()
            self._open()
        self._played += 1
        self.histories += 1
        self.recorder.steps.clear()
        tables = f"{name(twins.hypertable)}, {name(twins.twin)}"
        execute_raw(
            self.connections.plain, f"DEALLOCATE ALL; TRUNCATE {tables} RESTART IDENTITY CASCADE"
        )

    def restart(self) -> None:
        """Stop the server, start it again, and connect again."""
        self._sessions.close()
        self._engine.restart()
        self._connect()

    def _open(self) -> None:
        url = self._database.enter_context(self._engine.database(self._template))
        self._alchemy = create_engine(url, poolclass=pool.NullPool)
        self.recorder.listen(self._alchemy)
        self._connect()
        self._played = 0

    def _connect(self) -> None:
        assert self._alchemy is not None
        automatic = self._alchemy.execution_options(isolation_level="AUTOCOMMIT")
        self.connections = Connections(
            self._sessions.enter_context(automatic.connect()),
            self._sessions.enter_context(self._alchemy.connect()),
        )
        # Look for the job now, so that the query is not recorded among the statements of a history.
        functions(self.connections.plain)

    def _close(self) -> None:
        self._sessions.close()
        self._database.close()
