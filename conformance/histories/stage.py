"""Where histories are played: databases that are cleared after each and replaced when worn."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, pool, text

from conformance.declarations import hypertable_of, tables_of
from conformance.engines.base import Template
from conformance.histories.recording import Recorder, execute_as_it_is
from conformance.histories.twin import Twins, name
from conformance.observed.home import function, functions
from conformance.population.filling import fill_table, rows_key

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, MetaData

    from conformance.engines.base import Engine as TimescaleEngine

#: Histories until a database is replaced. Each makes chunks and drops them again; their traces in
#: the catalog stay, for want of a vacuum on the embedded engine, and slow down what comes later.
HISTORIES_PER_DATABASE = 250

#: A policy that the scheduler runs in the middle of a history would make it another one each time.
_STOP_JOBS = "SELECT {alter_job}(job_id, scheduled => false) FROM timescaledb_information.jobs"


def histories_template(schema: Template, metadata: MetaData, *, community: bool) -> Template:
    """The schema with parents, empty hypertables and their twins; no job runs by itself."""
    hypertables = [table for table in tables_of(metadata) if hypertable_of(table) is not None]
    twins = [statement for table in hypertables for statement in Twins(table).statements()]

    def prepare(url: URL) -> None:
        schema.prepare(url)
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            fill_parents(connection, metadata)
            if community:
                alter_job = function(connection, "alter_job")
                connection.execute(text(_STOP_JOBS.format(alter_job=alter_job)))
            for statement in twins:
                execute_as_it_is(connection, statement)

    # The twins follow from the metadata; the order of what is in them is another in each process.
    shape = repr((schema.key, community, rows_key(metadata)))
    return Template("histories", hashlib.sha256(shape.encode()).hexdigest()[:32], prepare)


def fill_parents(connection: Connection, metadata: MetaData) -> None:
    """Rows in every table but the hypertables, as many as histories need, easy to read."""
    for table in tables_of(metadata):
        if hypertable_of(table) is None:
            with suppress(ValueError):
                fill_table(connection, table, compress=False, plain=True)


@dataclass(frozen=True)
class Connections:
    """Two connections to the same database.

    Attributes:
        plain: each statement is its own transaction.
        writing: what the write path gets; its transaction is ended by the caller.
    """

    plain: Connection
    writing: Connection


class Stage:
    """Plays one history after the other, each on empty tables.

    Args:
        engine: gives the databases.
        template: of `histories_template`.
        histories_per_database: after so many a database is replaced by a new one.
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
        #: What was played so far, and how many rows were given to be written.
        self.histories = self.rows = 0
        self.connections: Connections

    def __enter__(self) -> Stage:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def clear(self, twins: Twins) -> None:
        """Empty tables, and nothing recorded: a history can begin."""
        if self._played >= self._lifetime:
            self._close()
            self._open()
        self._played += 1
        self.histories += 1
        self.recorder.steps.clear()
        tables = f"{name(twins.hypertable)}, {name(twins.twin)}"
        execute_as_it_is(
            self.connections.plain, f"DEALLOCATE ALL; TRUNCATE {tables} RESTART IDENTITY CASCADE"
        )

    def restart(self) -> None:
        """Stop the server and start it again; the connections are new ones."""
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
        # Looked for now, so that no history has the question among its statements.
        functions(self.connections.plain)

    def _close(self) -> None:
        self._sessions.close()
        self._database.close()
