"""Fixtures that several test files of the suite share: the write path, and databases for it.

Also the fixtures of pytest-alembic's tests, which override that plugin's fixtures of the same name.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pytest_alembic import Config as AlembicConfig
from pytest_alembic import runner
from pytest_alembic.executor import CommandExecutor, ConnectionExecutor
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from conformance.checking import outcomes
from conformance.checking.fixtures import migrations_or_skip
from conformance.checking.options import options_of
from conformance.checking.profiles import SCENARIOS, generation_of
from conformance.declarations import tables_of
from conformance.errors import ModelsUnavailable, one_line
from conformance.observed.home import home_of
from conformance.population.filling import fill_every_state
from conformance.population.thinness import thin, why_not_derived
from conformance.project.confinement import confined
from conformance.project.env_connection import passed_to_env
from conformance.project.models import classes_for, writes_for
from conformance.strategies import NotDerivable
from conformance.strategies.drawing import draw
from conformance.suite.refusals import SampleRowsRefused, refusal_of
from conformance.suite.row_world import Writes, populated_template, scenario_finding
from conformance.suite.unmigrated import Unmigrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.config import Config
    from hypothesis.strategies import SearchStrategy
    from pytest_alembic import MigrationContext
    from pytest_alembic.executor import MigrationFn
    from sqlalchemy import URL, Engine, MetaData

    from conformance.checking.outcomes import Record
    from conformance.engines.base import Engine as TimescaleEngine
    from conformance.engines.base import Template
    from conformance.project.migrations import Migrations


#: The parts of `populated_database` that have too few rows to show anything, with reasons.
_THIN = pytest.StashKey[dict[tuple[str, str], str]]()

#: What Alembic 1.16 and later say of an ini file that an earlier version made.
_ADVICE = "ignore:.*path_separator:DeprecationWarning"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Put the finding of a shared fixture on the report of each check that uses it."""
    error = call.excinfo and call.excinfo.value

    def record(*found: Any) -> None:
        item.user_properties.append(found)

    if isinstance(error, SampleRowsRefused):
        outcomes.note(error.finding, record)
    if call.when == "call" and "populated_database" in getattr(item, "fixturenames", ()):
        for (table, part), reason in item.config.stash.get(_THIN, {}).items():
            outcomes.part_not_checked(record, f"rows:{table}:{part}".rstrip(":"), reason)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Ignore Alembic's advice about an old ini file, which a project's filter may make an error.

    The filters of a mark win over those of the project's configuration.
    """
    item.add_marker(pytest.mark.filterwarnings(_ADVICE))


@pytest.fixture
def alembic_config(migrations: Migrations) -> Config:
    """Alembic's configuration for pytest-alembic; a new object for every test."""
    return migrations.config


@pytest.fixture(scope="session")
def unmigrated(conformance_engine: TimescaleEngine, pytestconfig: pytest.Config) -> Unmigrated:
    """Databases before any migration."""
    return Unmigrated(conformance_engine, migrations_or_skip(pytestconfig, conformance_engine))


@pytest.fixture
def unmigrated_database(unmigrated: Unmigrated) -> Iterator[URL]:
    """A database with the extension, and nothing else."""
    with unmigrated.database() as url:
        yield url


@dataclass
class _Migrated:
    """A database that pytest-alembic's tests migrate.

    Attributes:
        there: whether the extension was there after the last command.
        dropped: whether a command has dropped it. A shared session does not forget what it knows
            of a dropped extension, so that almost anything may fail when it is created again.
        failed: whether the last command failed, and may have left a half behind.
    """

    url: URL
    there: bool = False
    dropped: bool = False
    failed: bool = False


@pytest.fixture(scope="module")
def stepwise(unmigrated: Unmigrated) -> Iterator[_Migrated]:
    """The database that `test_upgrade` migrates to the newest revision, one revision at a time."""
    with unmigrated.database() as url:
        yield _Migrated(url)


@pytest.fixture
def alembic_database(request: pytest.FixtureRequest) -> _Migrated:
    """The database of a test of pytest-alembic."""
    goes_back = request.node.originalname == "test_up_down_consistency"
    shared: _Migrated | None = None if goes_back else request.getfixturevalue("stepwise")
    if shared is None or shared.failed:
        return _Migrated(request.getfixturevalue("unmigrated_database"))
    return shared


@pytest.fixture
def alembic_engine(alembic_config: Config, alembic_database: _Migrated) -> Iterator[Engine]:
    """The engine of that database."""
    with confined(alembic_config, alembic_database.url):
        yield create_engine(alembic_database.url, poolclass=pool.NullPool)


@pytest.fixture
def alembic_runner(
    alembic_config: Config,
    alembic_engine: Engine,
    alembic_database: _Migrated,
    conformance_engine: TimescaleEngine,
) -> Iterator[MigrationContext]:
    """The runner of pytest-alembic's tests, which passes env.py a connection."""
    with runner(AlembicConfig(alembic_config=alembic_config), alembic_engine) as context:
        executor = context.command_executor
        context.command_executor = _GivingExecutor(
            **vars(executor),
            engine=alembic_engine,
            shared=not conformance_engine.capabilities.concurrent_sessions,
            database=alembic_database,
        )
        context.connection_executor = _InsertingNothing(alembic_engine)
        yield context


class _InsertingNothing(ConnectionExecutor):
    """Without the connection that is opened before and after each revision to insert no rows."""

    def table_insert(self, *_: Any, **__: Any) -> None:
        """No test gives rows."""


_ONLY_ONCE = (
    "a downgrade drops the extension timescaledb, which this engine can load only once per database"
)


@dataclass
class _GivingExecutor(CommandExecutor):
    """An executor that passes env.py a connection; that of pytest-alembic passes an engine.

    Attributes:
        shared: whether all connections share one session.
    """

    engine: Engine
    shared: bool
    database: _Migrated

    def execute_fn(self, fn: MigrationFn) -> None:
        """Run env.py with this function."""
        with self._given():
            super().execute_fn(fn)

    def run_command(self, command: str, *arguments: Any, **options: Any) -> list[str]:
        """Run a command of Alembic; return the lines that it printed."""
        try:
            with self._given():
                return super().run_command(command, *arguments, **options)
        except RuntimeError as error:
            if outcomes.NO_METADATA in str(error):
                pytest.skip(f"not checked: {outcomes.WITHOUT_METADATA}")
            raise

    def upgrade(self, revision: str) -> None:
        """`alembic upgrade`."""
        with self._given():
            super().upgrade(revision)

    def downgrade(self, revision: str) -> None:
        """`alembic downgrade`."""
        with self._given():
            super().downgrade(revision)

    @contextmanager
    def _given(self) -> Iterator[None]:
        self.database.failed = True
        try:
            with self.engine.connect() as connection:
                with passed_to_env(self.alembic_config, connection):
                    yield
                connection.commit()
                if self.shared:
                    there = home_of(connection) is not None
                    self.database.dropped |= self.database.there and not there
                    self.database.there = there
            self.database.failed = False
        except DBAPIError:
            if self.database.dropped:
                pytest.skip(f"not checked: {_ONLY_ONCE}")
            raise


@pytest.fixture(scope="session")
def writes(pytestconfig: pytest.Config, conformance_metadata: MetaData) -> Writes:
    """The write path under test: the module of `--writes`, with the models' mapped classes.

    Skips the test if the project does not name a write path.
    """
    options = options_of(pytestconfig)
    classes = classes_for(conformance_metadata)
    try:
        module = writes_for(options)
    except ModelsUnavailable as error:
        if options.writes:
            raise
        pytest.skip(f"not checked: {error.problem.removesuffix('.')}")
    if not classes:
        pytest.skip("not checked: no class is mapped to a table of the models")
    return Writes(
        lambda connection, table, given: module.insert_new(connection, classes[table], given),
        lambda connection, table, given: module.upsert(connection, classes[table], given),
    )


@pytest.fixture(scope="module")
def populated_database(
    conformance_engine: TimescaleEngine,
    kept_template: Template,
    conformance_metadata: MetaData,
    pytestconfig: pytest.Config,
) -> Iterator[URL]:
    """A database with chunks of every state, for the tests of one file."""
    template = populated_template(
        kept_template,
        conformance_metadata,
        compress=conformance_engine.capabilities.community_edition,
    )
    with ExitStack() as stack:
        try:
            url = stack.enter_context(conformance_engine.database(template))
        except (SQLAlchemyError, ValueError, StopIteration) as error:
            fill = partial(fill_every_state, compress=False)
            if refusal := refusal_of(conformance_engine, conformance_metadata, fill, error):
                raise refusal from None
            reason = one_line(error)
            pytest.skip(f"not checked: cannot insert sample rows for these models: {reason}")
        with create_engine(url, poolclass=pool.NullPool).connect() as connection:
            pytestconfig.stash[_THIN] = thin(connection, tables_of(conformance_metadata))
        yield url


@pytest.fixture
def scenarios(request: pytest.FixtureRequest, record: Record) -> Callable[..., None]:
    """A function that checks a property of scenarios, and reports the first failing scenario.

    For properties that do not repeat exactly, such as those of concurrent sessions: a failing
    scenario is not shrunk, and changes to the database stay. `share=3` draws a third of the
    profile's scenarios.
    """
    generation = generation_of(request.config)
    chapter = request.path.stem.removeprefix("test_")
    checked = request.node.originalname.removeprefix("test_")
    subject = request.node.callspec.id if hasattr(request.node, "callspec") else "every table"

    def try_all(
        strategy: SearchStrategy[Any], property_: Callable[[Any], None], *, share: int = 1
    ) -> None:
        count = max(1, generation.examples(SCENARIOS) // share)
        try:
            # The first example is the simplest one, in which little happens.
            drawn = draw(strategy, count + 1, variant=generation.seed)
            drawn = drawn[1:] or drawn
        except NotDerivable as error:
            outcomes.skip_not_checked(record, why_not_derived(error))
        for scenario in drawn:
            try:
                property_(scenario)
            except (AssertionError, DBAPIError, TimeoutError) as error:
                finding = scenario_finding(chapter, subject, checked, scenario, error)
                outcomes.fail(record, finding)
            finally:
                record(outcomes.TRIED, {"examples": 1})

    return try_all
