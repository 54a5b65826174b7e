"""Concurrent sessions: writers, readers, maintenance and migrations at the same time."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import DBAPIError

from conformance.checking import outcomes
from conformance.checking.session import metadata_of
from conformance.comparing.codes import ERROR, WARNING
from conformance.comparing.findings import migration_finding
from conformance.declarations import compression_of, tables_of
from conformance.errors import state_of
from conformance.pipeline import check_database, facts_of
from conformance.population.filling import chunks_of
from conformance.population.foreign import without_foreign
from conformance.population.given import given
from conformance.suite.maintenance import maintain, maintenance, upkeep
from conformance.suite.migrating import upgrade_at_once
from conformance.suite.row_world import contents, hypertables_of
from conformance.suite.sessions import Sessions, Step
from conformance.suite.writers import (
    JointLedger,
    SeparateLedger,
    contention,
    in_turns,
    script,
    separation,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import URL, Connection, MetaData, Table

    from conformance.checking.outcomes import Record
    from conformance.comparing.comparison import Comparison
    from conformance.engines.base import Engine, Template
    from conformance.observed import Scope
    from conformance.project.migrations import Migrations
    from conformance.suite.row_world import Writes
    from conformance.suite.sessions import Script
    from conformance.suite.writers import Call, Plan

    Scenarios = Callable[[SearchStrategy[Any], Callable[[Any], None]], None]

pytestmark = pytest.mark.needs("concurrent_sessions")

#: SQLSTATEs of a statement that waited for a lock too long: lock_timeout, statement_timeout.
LOCK_NOT_AVAILABLE, QUERY_CANCELED = "55P03", "57014"
#: Seconds that a migration may wait for a lock.
LONGEST_WAIT = 15
#: Four writers at most, and maintenance or a reader beside them.
SESSIONS = 6


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every hypertable of `--models`; for maintenance, those that are compressed."""
    if "scene" in metafunc.fixturenames:
        tables = hypertables_of(metadata_of(metafunc.config))
        if "maintenance" in metafunc.function.__name__:
            tables = [table for table in tables if compression_of(table)]
        ids = [table.fullname for table in tables]
        metafunc.parametrize("scene", tables, ids=ids, indirect=True)


@pytest.fixture(scope="module")
def sessions(populated_database: URL) -> Iterator[Sessions]:
    """Sessions on a database with chunks of every state; what they write stays."""
    with Sessions(populated_database, SESSIONS) as sessions:
        yield sessions


class Scene:
    """A hypertable that several sessions use, and one more session that reads it."""

    def __init__(
        self, table: Table, sessions: Sessions, connection: Connection, writes: Writes
    ) -> None:
        self.table = table
        self.sessions = sessions
        self.chunks = list(chunks_of(connection, table))
        self._connection = connection
        self._writes = writes
        self._rows: dict[str, Any] = {**given(connection, table), "complete": True}

    def plans(self, strategy: Callable[..., SearchStrategy[Plan]]) -> SearchStrategy[Plan]:
        """Plans for writers of this table."""
        return strategy(self.table, **self._rows)

    def scripts(self, plan: Plan, committed: Callable[[int, Call, int], None]) -> list[Script]:
        """The steps of a plan; `committed` is called with writer, call and number of new rows."""
        return [
            script(self._writes, self.table, calls, partial(committed, writer))
            for writer, calls in enumerate(plan)
        ]

    @contextmanager
    def jointly(self, plan: Plan) -> Iterator[JointLedger]:
        """The ledger of writers of the same keys; checks the contents of the table at the end."""
        ledger = JointLedger(self.table, self.contents(), len(plan))
        yield ledger
        ledger.must_allow(self.contents())
        ledger.must_have_counted()

    def contents(self) -> Counter[tuple[Any, ...]]:
        """All committed rows."""
        return self.read(self._connection)

    def read(self, connection: Connection) -> Counter[tuple[Any, ...]]:
        """All rows that the connection sees in a new transaction."""
        found = contents(connection, self.table)
        connection.rollback()
        return found

    def empty(self) -> None:
        """Drop all chunks."""
        self._connection.exec_driver_sql(f"TRUNCATE {self._name}")
        self._connection.commit()

    def check_unless_blocked(self, ledger: JointLedger) -> None:
        """Check what another session sees now, unless it would wait for a lock."""
        found = self.sessions.read_unless_blocked(self.read)
        if found is not None:
            ledger.must_allow(found)

    @property
    def _name(self) -> str:
        return self._connection.dialect.identifier_preparer.format_table(self.table)


@pytest.fixture
def scene(
    request: pytest.FixtureRequest,
    sessions: Sessions,
    populated_database: URL,
    writes: Writes,
) -> Iterator[Scene]:
    """The hypertable of this test, with its sessions."""
    engine = create_engine(populated_database, poolclass=pool.NullPool)
    with engine.connect() as connection:
        yield Scene(request.param, sessions, connection, writes)


def test_writers_take_turns(scene: Scene, scenarios: Scenarios) -> None:
    """Writers of the same keys, step by step in any order, lose no row and see no error.

    Each key has one row, which is completely the last row of one writer. Nobody sees uncommitted
    rows. Half of the steps end a transaction, so that writers wait for each other.
    """

    def holds(drawn: tuple[Plan, list[int]]) -> None:
        plan, order = drawn
        with scene.jointly(plan) as ledger:
            scripts = scene.scripts(plan, ledger.commit)
            scene.sessions.take_turns(scripts, order, partial(scene.check_unless_blocked, ledger))

    scenarios(in_turns(scene.plans(contention)), holds)


@pytest.mark.needs("community_edition")
def test_maintenance_takes_turns_with_writers(scene: Scene, scenarios: Scenarios) -> None:
    """The same while another session compresses and decompresses chunks, step by step."""

    def holds(drawn: tuple[list[Any], list[int]]) -> None:
        (*plan, works), order = drawn
        with scene.jointly(plan) as ledger:
            scripts = [*scene.scripts(plan, ledger.commit), maintain(works)]
            scene.sessions.take_turns(scripts, order, partial(scene.check_unless_blocked, ledger))

    works = st.tuples(scene.plans(contention), maintenance(scene.chunks))
    scenarios(in_turns(works.map(lambda drawn: [*drawn[0], drawn[1]])), holds)


@pytest.mark.needs("community_edition")
def test_writers_and_maintenance_at_once(scene: Scene, scenarios: Scenarios) -> None:
    """The same while one session repeatedly compresses and decompresses all chunks."""

    def holds(plan: Plan) -> None:
        with scene.jointly(plan) as ledger:
            scripts = scene.scripts(plan, ledger.commit)
            scene.sessions.run_at_once(scripts, [upkeep(scene.chunks)])

    scenarios(scene.plans(contention), holds)


def test_readers_see_whole_batches(scene: Scene, scenarios: Scenarios) -> None:
    """A reader sees each batch completely or not at all, and a seen batch does not disappear.

    In REPEATABLE READ: under READ COMMITTED a reader may miss rows that a writer moves out of the
    compressed part of a chunk between planning and execution (timescaledb issue 10487).
    """

    def holds(plan: Plan) -> None:
        history = SeparateLedger(scene.table, scene.contents(), plan)

        def read(connection: Connection) -> None:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            history.must_show(scene.read(connection))

        scene.sessions.run_at_once(scene.scripts(plan, lambda *_: None), [Step("read", read)])
        history.must_show(scene.contents())
        history.must_be_over()

    scenarios(scene.plans(separation), holds)


def test_writers_make_chunks_at_once(scene: Scene, scenarios: Scenarios) -> None:
    """Writers of the same keys, starting at the same moment in a table without chunks, succeed."""

    def holds(plan: Plan) -> None:
        scene.empty()
        with scene.jointly(plan) as ledger:
            scene.sessions.run_at_once(scene.scripts(plan, ledger.commit))

    scenarios(scene.plans(contention), holds)


def test_two_migrations_at_once(
    empty_database: URL,
    migrations: Migrations,
    conformance_engine: Engine,
    conformance_metadata: MetaData,
    conformance_scope: Scope,
    comparison: Comparison,
    record: Record,
) -> None:
    """Two upgrades of one database at the same time both succeed, and give what one gives."""
    complaints = upgrade_at_once(empty_database, migrations)
    complaints = [words for words in complaints if words]
    with create_engine(empty_database, poolclass=pool.NullPool).connect() as connection:
        found = check_database(
            connection, conformance_metadata, conformance_engine.capabilities, conformance_scope
        )
    harm = [
        finding.message
        for key, finding in found.findings.items()
        if finding.fails and key not in comparison.findings
    ]
    complaints += harm
    if complaints:
        message = f"migration: two upgrades at the same time fail: {'; '.join(complaints[:4])}"
        hint = "Take an advisory lock in env.py first, so that the second upgrade waits."
        # An env.py of `alembic init` lets the second one fail; the schema is right all the same.
        severity = ERROR if harm else WARNING
        finding = migration_finding("two_at_once", message, hint, complaints, severity=severity)
        outcomes.fail(record, finding)


def test_a_migration_gives_up_on_writers(
    conformance_engine: Engine,
    kept_template: Template,
    migrations: Migrations,
    conformance_metadata: MetaData,
    conformance_scope: Scope,
    record: Record,
) -> None:
    """A downgrade while every table is being written fails soon and changes nothing.

    It may wait no longer than its lock timeout, because later sessions wait behind it.
    """
    with conformance_engine.database(kept_template) as url:
        engine = create_engine(url, poolclass=pool.NullPool)
        with engine.connect() as writer, engine.connect() as connection:
            # A setting of the database is a fact, too.
            _limit_waiting(connection)
            before = facts_of(connection, conformance_scope)
            _write_to_every_table(writer, conformance_metadata)
            try:
                wrong = _why_not_given_up(connection, migrations)
            except NotImplementedError as error:
                outcomes.skip_not_checked(record, outcomes.no_way_back(error))
            writer.commit()
            after = facts_of(connection, conformance_scope)
    harm = before != after
    if wrong is None and harm:
        wrong = "leaves a part of its work behind"
    if wrong is not None:
        message = f"migration: a downgrade while every table is being written {wrong}"
        hint = "Set lock_timeout before the first statement, and use one transaction."
        # An env.py of `alembic init` sets no lock_timeout.
        severity = ERROR if harm else WARNING
        finding = migration_finding("gives_up_on_writers", message, hint, severity=severity)
        outcomes.fail(record, finding)


def _write_to_every_table(connection: Connection, metadata: MetaData) -> None:
    """Lock every table as a write does; PostgreSQL cannot lock a foreign table."""
    for table in without_foreign(connection, tables_of(metadata)):
        name = connection.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(f"LOCK TABLE {name} IN ROW EXCLUSIVE MODE")


def _limit_waiting(connection: Connection) -> None:
    """Set a timeout for this session and for later ones, which env.py may open."""
    limit = f"SET statement_timeout = '{LONGEST_WAIT}s'"
    name = connection.dialect.identifier_preparer.quote(str(connection.engine.url.database))
    connection.exec_driver_sql(limit)
    connection.exec_driver_sql(f"ALTER DATABASE {name} {limit}")
    connection.commit()


def _why_not_given_up(connection: Connection, migrations: Migrations) -> str | None:
    """What is wrong with a downgrade that waits for locks; None if it gives up as it should."""
    try:
        migrations.downgrade(connection)
    except DBAPIError as error:
        connection.rollback()
        code = state_of(error)
        if code == LOCK_NOT_AVAILABLE:
            return None
        waits = f"is still waiting after {LONGEST_WAIT} s"
        return waits if code == QUERY_CANCELED else f"fails with {error.orig}"
    return "succeeds without waiting for the writers"
