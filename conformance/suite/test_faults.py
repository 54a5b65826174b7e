"""Faults: a connection, a session or the server ends in the middle of an operation."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from conformance.checking import outcomes
from conformance.checking.session import metadata_of
from conformance.declarations import compression_of
from conformance.suite.cutting_proxy import Manner
from conformance.suite.interrupted import Migration, Target, behind_a_proxy
from conformance.suite.interruptions import Interruptions, moments
from conformance.suite.row_world import hypertables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import URL, Connection, MetaData

    from conformance.checking.outcomes import Record
    from conformance.engines.base import Engine
    from conformance.observed import Scope
    from conformance.project.migrations import Migrations
    from conformance.suite.interrupted import Strike
    from conformance.suite.maintenance import Work
    from conformance.suite.row_world import Writes
    from conformance.suite.unmigrated import Unmigrated
    from conformance.suite.writers import Call

    Scenarios = Callable[..., None]

#: The number of messages of maintenance: BEGIN, the call, COMMIT.
MAINTENANCE = 3
#: Numbers from which `moments` computes the message at which a connection ends.
PLACES = st.integers(0, 10_000)
#: Four moments of an operation: each manner of ending, in any order, and the first message.
CUTS = st.tuples(st.permutations(list(Manner)), PLACES)


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
        outcomes.skip_not_checked(record, "the models do not declare a hypertable")
    return [Target(table, interruptions, writes) for table in tables]


@pytest.fixture
def migration(
    conformance_engine: Engine,
    unmigrated: Unmigrated,
    migrations: Migrations,
    conformance_scope: Scope,
) -> Iterator[Migration]:
    """The migration, on empty databases, after a rehearsal."""
    with closing(
        Migration(conformance_engine, unmigrated, migrations.upgrade, conformance_scope)
    ) as migration:
        migration.rehearse()
        yield migration


@dataclass(frozen=True)
class Ending:
    """How a session ends on the side of the server.

    Attributes:
        strike: returns the function that ends the session, for a database with interruptions.
        share: draw this fraction of the scenarios: a server takes a second to recover.
    """

    strike: Callable[[Interruptions], Strike]
    share: int = 3


@pytest.fixture(
    params=[
        pytest.param("terminated", marks=pytest.mark.needs("concurrent_sessions")),
        pytest.param("killed", marks=pytest.mark.needs("crashable")),
        pytest.param("crashed", marks=pytest.mark.needs("crashable")),
        pytest.param("restarted", marks=pytest.mark.needs("restartable")),
    ]
)
def ending(request: pytest.FixtureRequest, conformance_engine: Any) -> Ending:
    """pg_terminate_backend(), SIGKILL of the session's process or of the server, a restart."""
    match request.param:
        case "terminated":
            return Ending(lambda interruptions: interruptions.terminate, share=1)
        case "killed":
            return Ending(lambda _: conformance_engine.crash)
        case "crashed":
            return Ending(lambda _: lambda _process: conformance_engine.crash())
    return Ending(lambda _: lambda _process: conformance_engine.restart())


def test_a_batch_is_whole_or_not_there(target: Target, scenarios: Scenarios) -> None:
    """After a cut connection, a batch is written completely or not at all; retrying writes it.

    The connection is cut before a message of the client, in the middle of a message, when the
    server has received it, and when the server has executed it.
    """

    def holds(drawn: tuple[list[Call], tuple[list[Manner], int]]) -> None:
        calls, cuts = drawn
        messages = target.messages(calls[0])
        for call, moment in zip(cycle(calls), moments(messages, *cuts), strict=False):
            target.interrupt_call(call, moment)

    scenarios(st.tuples(target.calls(), CUTS), holds)


@pytest.mark.needs("community_edition")
def test_compression_is_whole_or_not_there(target: Target, scenarios: Scenarios) -> None:
    """After a cut connection, a chunk is compressed or not, and its rows are the same."""

    def holds(drawn: tuple[list[Work], tuple[list[Manner], int]]) -> None:
        works, cuts = drawn
        for work, moment in zip(cycle(works), moments(MAINTENANCE, *cuts), strict=False):
            target.interrupt_work(work, moment)

    scenarios(st.tuples(target.works(), CUTS), holds, share=3)


def test_a_migration_is_whole_or_not_there(migration: Migration, scenarios: Scenarios) -> None:
    """After a cut connection, an upgrade has no effect, or a second run completes it."""

    def holds(cuts: tuple[list[Manner], int]) -> None:
        for moment in moments(migration.messages, *cuts):
            migration.interrupt(moment)
        migration.complete()

    scenarios(CUTS, holds, share=3)


def test_batches_survive(
    ending: Ending, interruptions: Interruptions, targets: list[Target], scenarios: Scenarios
) -> None:
    """After the end of the session or server, a batch is written completely or not at all."""

    def holds(drawn: tuple[Target, list[Call], int]) -> None:
        target, (first, call, *_), place = drawn
        (moment,) = moments(target.messages(first), [Manner.AFTER], place)
        target.interrupt_call(call, moment, ending.strike(interruptions))

    scenarios(_on_any(targets, Target.calls), holds, share=ending.share)


@pytest.mark.needs("community_edition")
def test_compression_survives(
    ending: Ending,
    interruptions: Interruptions,
    targets: list[Target],
    scenarios: Scenarios,
    record: Record,
) -> None:
    """After the end of the session or server, a chunk is compressed or not."""

    def holds(drawn: tuple[Target, list[Work], int]) -> None:
        target, (work, *_), place = drawn
        (moment,) = moments(MAINTENANCE, [Manner.AFTER], place)
        target.interrupt_work(work, moment, ending.strike(interruptions))

    compressed = [target for target in targets if compression_of(target.table)]
    if not compressed:
        outcomes.skip_not_checked(record, "the models do not declare compression")
    scenarios(_on_any(compressed, Target.works), holds, share=ending.share)


def test_a_migration_survives(ending: Ending, migration: Migration, scenarios: Scenarios) -> None:
    """After the session or server ends, an upgrade has no effect, or a second run completes it."""

    def holds(place: int) -> None:
        (moment,) = moments(migration.messages, [Manner.AFTER], place)
        migration.interrupt(moment, ending.strike)
        migration.complete()

    scenarios(PLACES, holds, share=3)


def _on_any(
    targets: list[Target], doing: Callable[[Target], SearchStrategy[Any]]
) -> SearchStrategy[Any]:
    """Tuples of a target, an operation on it, and the place of the interruption."""
    return st.sampled_from(targets).flatmap(
        lambda target: st.tuples(st.just(target), doing(target), PLACES)
    )
