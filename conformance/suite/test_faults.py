"""What is left when a connection, a session or the server ends in the middle of something."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from conformance.declarations import compression_of
from conformance.migrations import upgrade
from conformance.session import metadata_of
from conformance.suite import outcomes
from conformance.suite.cutting_proxy import Manner
from conformance.suite.interrupted import Migration, Target, behind_a_proxy
from conformance.suite.interruptions import Interruptions, moments
from conformance.suite.row_world import hypertables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.config import Config
    from sqlalchemy import URL, Connection, MetaData

    from conformance.engines.base import Engine
    from conformance.observed import Scope
    from conformance.suite.interrupted import Strike
    from conformance.suite.maintenance import Work
    from conformance.suite.outcomes import Record
    from conformance.suite.row_world import Writes
    from conformance.suite.writers import Call

    Scenarios = Callable[..., None]

#: Messages of maintenance: BEGIN, the call, COMMIT.
MAINTENANCE = 3
#: Four moments of an operation: how the network ends, in any order, and where to begin.
CUTS = st.tuples(st.permutations(list(Manner)), st.integers(0, 10_000))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every hypertable of `--models`; for compression, those that have it."""
    if "target" in metafunc.fixturenames:
        tables = hypertables_of(metadata_of(metafunc.config))
        if "compression" in metafunc.function.__name__:
            tables = [table for table in tables if compression_of(table)]
        ids = [table.fullname for table in tables]
        metafunc.parametrize("target", tables, ids=ids, indirect=True)


@pytest.fixture
def interruptions(
    populated_database: URL, conformance_engine: Engine, record: Record
) -> Iterator[Interruptions]:
    """A database with chunks of every state, behind a proxy; what it acknowledges is durable."""
    with behind_a_proxy(populated_database, conformance_engine) as interruptions:
        try:
            interruptions.count(lambda _: None)
        except OperationalError as error:
            reason = " ".join(str(error.orig).split())
            outcomes.skip_not_checked(record, f"no connection through a proxy: {reason}")
        interruptions.run(_make_durable)
        yield interruptions


def _make_durable(connection: Connection) -> None:
    database = connection.scalar(text("SELECT pg_catalog.current_database()"))
    name = connection.dialect.identifier_preparer.quote(database)
    connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = on")
    connection.commit()


@pytest.fixture
def target(request: pytest.FixtureRequest, interruptions: Interruptions, writes: Writes) -> Target:
    """The hypertable of this test."""
    return Target(request.param, interruptions, writes)


@pytest.fixture
def targets(
    interruptions: Interruptions, writes: Writes, conformance_metadata: MetaData, record: Record
) -> list[Target]:
    """All hypertables."""
    tables = hypertables_of(conformance_metadata)
    if not tables:
        outcomes.skip_not_checked(record, "the models declare no hypertable")
    return [Target(table, interruptions, writes) for table in tables]


@pytest.fixture
def migration(
    conformance_engine: Engine,
    alembic_config: Config,
    apache_edition: bool,
    conformance_scope: Scope,
) -> Iterator[Migration]:
    """The migration, on empty databases."""
    migrate = partial(upgrade, config=alembic_config, apache=apache_edition)
    migration = Migration(conformance_engine, migrate, conformance_scope)
    yield migration
    migration.close()


@pytest.fixture(
    params=[
        pytest.param("terminated", marks=pytest.mark.needs("concurrent_sessions")),
        pytest.param("killed", marks=pytest.mark.needs("crashable")),
        pytest.param("crashed", marks=pytest.mark.needs("crashable")),
        pytest.param("restarted", marks=pytest.mark.needs("restartable")),
    ]
)
def strike(request: pytest.FixtureRequest, conformance_engine: Any) -> Callable[[Any], Strike]:
    """What ends a session: somebody's word, SIGKILL of its process or of the server, a restart."""

    def strike_on(interruptions: Interruptions) -> Strike:
        match request.param:
            case "terminated":
                return interruptions.terminate
            case "killed":
                return lambda process: conformance_engine.crash(process)  # noqa: PLW0108 - typed
            case "crashed":
                return lambda _process: conformance_engine.crash()
        return lambda _process: conformance_engine.restart()

    return strike_on


def test_a_batch_is_whole_or_not_there(target: Target, scenarios: Scenarios) -> None:
    """However the network ends, a batch is there wholly or not; written again, it is there.

    The connection is cut before a message of the client, in the middle of one, as soon as the
    server has it, and when the server has done it.
    """

    def holds(drawn: tuple[list[Call], tuple[list[Manner], int]]) -> None:
        calls, cuts = drawn
        messages = target.messages(calls[0])
        for call, moment in zip(cycle(calls), moments(messages, *cuts), strict=False):
            target.interrupt_call(call, moment)

    scenarios(st.tuples(target.calls(), CUTS), holds)


@pytest.mark.needs("community_edition")
def test_compression_is_whole_or_not_there(target: Target, scenarios: Scenarios) -> None:
    """The same with a chunk's compression and decompression, which change nothing that is read."""

    def holds(drawn: tuple[list[Work], tuple[list[Manner], int]]) -> None:
        works, cuts = drawn
        for work, moment in zip(cycle(works), moments(MAINTENANCE, *cuts), strict=False):
            target.interrupt_work(work, moment)

    scenarios(st.tuples(target.works(), CUTS), holds)


def test_a_migration_is_whole_or_not_there(migration: Migration, scenarios: Scenarios) -> None:
    """However the network ends, an upgrade is there wholly or not; run again, it is there."""

    def holds(cuts: tuple[list[Manner], int]) -> None:
        for moment in moments(migration.messages, *cuts):
            migration.interrupt(moment)
        migration.complete()

    scenarios(CUTS, holds, share=3)


def test_batches_survive(
    strike: Callable[[Any], Strike],
    interruptions: Interruptions,
    targets: list[Target],
    scenarios: Scenarios,
) -> None:
    """The same where the session or the server ends, also at once after a batch was there."""

    def holds(drawn: tuple[Target, list[Call], int]) -> None:
        target, (first, call, *_), place = drawn
        messages = target.messages(first)
        for moment in moments(messages, [Manner.AFTER], place):
            target.interrupt_call(call, moment, strike(interruptions))

    scenarios(
        st.sampled_from(targets).flatmap(
            lambda target: st.tuples(st.just(target), target.calls(), st.integers(0, 10_000))
        ),
        holds,
    )


@pytest.mark.needs("community_edition")
def test_compression_survives(
    strike: Callable[[Any], Strike],
    interruptions: Interruptions,
    targets: list[Target],
    scenarios: Scenarios,
) -> None:
    """The same with compression and decompression."""

    def holds(drawn: tuple[Target, list[Work], int]) -> None:
        target, works, place = drawn
        for moment in moments(MAINTENANCE, [Manner.AFTER], place):
            target.interrupt_work(works[0], moment, strike(interruptions))

    scenarios(
        st.sampled_from([target for target in targets if compression_of(target.table)]).flatmap(
            lambda target: st.tuples(st.just(target), target.works(), st.integers(0, 10_000))
        ),
        holds,
    )


def test_a_migration_survives(
    strike: Callable[[Any], Strike], migration: Migration, scenarios: Scenarios
) -> None:
    """The same with an upgrade."""

    def holds(place: int) -> None:
        for moment in moments(migration.messages, [Manner.AFTER], place):
            migration.interrupt(moment, strike)
        migration.complete()

    scenarios(st.integers(0, 10_000), holds, share=3)
