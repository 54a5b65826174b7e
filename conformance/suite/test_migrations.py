"""Properties of the migrations: upgrade, downgrade, second run, offline SQL, warnings."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from alembic.util import CommandError
from pytest_alembic.plugin.error import AlembicTestFailure
from pytest_alembic.tests import test_model_definitions_match_ddl as definitions_match_ddl
from pytest_alembic.tests import (
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import CompileError, DBAPIError, SQLAlchemyError
from sqlalchemy.schema import DropIndex

from conformance.checking import outcomes
from conformance.checking.fixtures import migrations_or_skip
from conformance.checking.outcomes import NO_METADATA, WITHOUT_METADATA
from conformance.comparing.enumerating import first_of
from conformance.comparing.facts import show
from conformance.comparing.findings import migration_finding
from conformance.comparing.rejections import WITH_SESSIONS
from conformance.comparing.traces import is_home
from conformance.declarations import tables_of
from conformance.declarations.base import created
from conformance.engines.connecting import is_lost_connection
from conformance.errors import describe_briefly, details_of, one_line
from conformance.known_gaps import gap
from conformance.observed.home import create_extension, home_of
from conformance.observed.traces import traces
from conformance.pipeline import facts_of
from conformance.population.filling import fill_every_state
from conformance.population.sequences_behind import lagging_sequences
from conformance.population.thinness import without_rows
from conformance.project.autogenerating import comparing_all, proposed_changes
from conformance.project.confinement import confined
from conformance.project.env_connection import passed_to_env
from conformance.project.extensions import engines_with
from conformance.project.listening import collected_notices
from conformance.project.notices import is_warning
from conformance.project.offline import run_as_psql
from conformance.project.scripts import heads_of
from conformance.suite.proposals import proposals

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

    from alembic.config import Config
    from pytest_alembic.runner import MigrationContext
    from sqlalchemy import URL, Connection, MetaData
    from sqlalchemy import Engine as SQLAlchemyEngine

    from conformance.checking.outcomes import Record
    from conformance.comparing.facts import Facts
    from conformance.comparing.findings import Finding
    from conformance.engines.base import Engine
    from conformance.observed import Scope
    from conformance.project.migrations import Migrations
    from conformance.suite.unmigrated import Unmigrated

__all__ = [
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture
def connection(unmigrated_database: URL) -> Iterator[Connection]:
    """A connection to a database with the extension, and nothing else."""
    with _connected(unmigrated_database) as connection:
        yield connection


_OFFLINE = (
    "Offline Alembic does not know the server's version: state what depends on it, such as "
    "persisted=True of Computed(). It doubles percent signs unless env.py sets "
    'dialect_opts={"paramstyle": "named"}.'
)
RELATIONS_AFTER_A_DROP = gap("relations-after-a-drop")


@dataclass
class FirstUpgrade:
    """The result of `alembic upgrade head` in an empty database.

    Attributes:
        notices: the server's notices on all connections.
        left_out: the extensions that the engine lacks.
        not_concurrently: the statements that ran in one transaction instead of several.
        spent: whether a test was allowed to change the database; later ones get another.
    """

    connection: Connection
    facts: Facts
    notices: list[str]
    left_out: set[str]
    not_concurrently: tuple[str, ...] = ()
    spent: bool = False

    def must_be_unchanged(self, scope: Scope) -> None:
        """Raise AssertionError if a test has changed the database."""
        left = _differences(self.facts, facts_of(self.connection, scope))
        assert not left, f"a test changed the shared database: {left}"


@pytest.fixture(scope="module")
def upgraded(
    unmigrated: Unmigrated,
    conformance_engine: Engine,
    conformance_scope: Scope,
    pytestconfig: pytest.Config,
) -> Iterator[Callable[[], FirstUpgrade]]:
    """The first upgrade, shared by tests that do not change its database."""
    migrations = migrations_or_skip(pytestconfig, conformance_engine)
    with ExitStack() as stack:
        made: list[FirstUpgrade] = []

        def shared() -> FirstUpgrade:
            if not made or made[-1].spent:
                made.append(_upgrade(stack, unmigrated, migrations, conformance_scope))
            return made[-1]

        yield shared
        if made and not made[-1].spent:
            made[-1].must_be_unchanged(conformance_scope)


def _upgrade(
    stack: ExitStack, unmigrated: Unmigrated, migrations: Migrations, scope: Scope
) -> FirstUpgrade:
    url = stack.enter_context(unmigrated.database())
    connection = stack.enter_context(_connected(url))
    with collected_notices(connection) as notices:
        migrations.upgrade(connection)
    return FirstUpgrade(
        connection,
        facts_of(connection, scope),
        notices,
        migrations.left_out,
        migrations.not_concurrently,
    )


@pytest.fixture
def migrated(upgraded: Callable[[], FirstUpgrade]) -> Iterator[Connection]:
    """A connection to the migrated database, which the test must not change."""
    connection = upgraded().connection
    yield connection
    connection.rollback()


@pytest.fixture
def spent(upgraded: Callable[[], FirstUpgrade], conformance_scope: Scope) -> Connection:
    """The same connection, for a test that may change the database."""
    first = upgraded()
    first.must_be_unchanged(conformance_scope)
    first.connection.rollback()
    first.spent = True
    return first.connection


def _connected(url: URL) -> Connection:
    return create_engine(url, poolclass=pool.NullPool).connect()


def _differences(before: Facts, after: Facts) -> list[str]:
    keys = sorted(before.keys() | after.keys(), key=lambda key: key.sort_key())
    return [
        f"{key.id}: {show(before.get(key))} -> {show(after.get(key))}"
        for key in keys
        if before.get(key) != after.get(key)
    ]


def test_downgrade_leaves_no_trace(
    connection: Connection,
    migrations: Migrations,
    conformance_engine: Engine,
    conformance_metadata: MetaData,
    conformance_scope: Scope,
    record: Record,
) -> None:
    """A downgrade, with rows and compressed chunks in every table, removes all objects.

    Also in TimescaleDB's catalog: no job, setting, chunk, sequence or type remains.
    """
    version = conformance_engine.server.timescaledb
    before = _traces_before(connection, conformance_engine, migrations, conformance_scope)
    migrations.upgrade(connection)
    without_rows = _filled(
        connection, conformance_metadata, compress=migrations.edition == "community"
    )
    connection.commit()
    try:
        migrations.downgrade(connection)
    except NotImplementedError as error:
        outcomes.skip_not_checked(record, outcomes.no_way_back(error))
    except SQLAlchemyError as error:
        # What TimescaleDB keeps may have a column of a type that the downgrade drops.
        if any(is_kept_by_timescaledb(line, version) for line in details_of(error)):
            outcomes.skip_not_checked(record, _kept(version))
        raise
    # After DROP EXTENSION this connection may hold a relation that is gone.
    with _connected(connection.engine.url) as other:
        dropped = home_of(other) is None
    if dropped:
        outcomes.fail(record, _extension_dropped())
    after = traces(connection, version_table=conformance_scope.version_table)
    left = [
        f"{name} ({after[name] - before[name]:+})"
        for name in sorted(after | before)
        if after[name] != before[name] and not is_home(name, before, after)
    ]
    if of_project := [name for name in left if not is_kept_by_timescaledb(name, version)]:
        count = f"{len(of_project)} trace{'s' * (len(of_project) != 1)}"
        message = f"migration: downgrade to base leaves {count}: {', '.join(of_project[:8])}"
        hint = "Compared pg_catalog and TimescaleDB's catalog with their state before the upgrade."
        outcomes.fail(
            record,
            migration_finding("downgrade_leaves_no_trace", message, hint, of_project),
        )
    if left:
        outcomes.skip_not_checked(record, _kept(version))
    if without_rows:
        outcomes.skip_not_checked(record, f"the downgrade ran without rows {without_rows}")


def is_kept_by_timescaledb(trace: str, version: str) -> bool:
    """Whether DROP TABLE leaves the trace in this version, whatever the project does."""
    return "compress_hyper" in trace and RELATIONS_AFTER_A_DROP.may_show(version)


def _kept(version: str) -> str:
    way_out = "TRUNCATE the hypertable first, in the downgrade."
    return f"{RELATIONS_AFTER_A_DROP.reason(version)} {way_out}"


def test_model_definitions_match_ddl(
    alembic_runner: MigrationContext,
    alembic_engine: SQLAlchemyEngine,
    alembic_config: Config,
    conformance_metadata: MetaData,
    request: pytest.FixtureRequest,
    record: Record,
) -> None:
    """A revision that autogenerate writes after the last one is empty."""
    if len(alembic_runner.heads) > 1:
        # It would be a merge of all branches.
        alembic_runner.generate_revision = partial(  # type: ignore[method-assign]
            alembic_runner.generate_revision, head="heads"
        )
    # An error of a revision is none of the comparison.
    alembic_runner.migrate_up_to("heads", return_current=False)
    try:
        with comparing_all(conformance_metadata), comparison_works(record):
            definitions_match_ddl(alembic_runner)
    except AlembicTestFailure:
        with alembic_engine.connect() as connection:
            of_env = _proposed(connection, alembic_config, record)
            with comparing_all(conformance_metadata):
                of_all = _proposed(connection, alembic_config, record)
        if of_all:
            _fail_by_proposals(record, request, of_env, of_all)
        raise


@contextmanager
def comparison_works(record: Record) -> Iterator[None]:
    """Report that autogenerate itself fails, as one finding of all checks that need it."""
    try:
        yield
    except DBAPIError as error:
        if is_lost_connection(error):
            raise
        sent = " ".join(str(error.statement).split())
        message = f"migration: alembic check fails: {describe_briefly(error)}. It asks: {sent}"
        hint = (
            "'alembic check' shows the same error on a migrated database. An option of"
            " context.configure() such as compare_server_default may be the cause."
        )
        outcomes.fail(record, migration_finding("alembic_check", message, hint))


def _traces_before(
    connection: Connection, engine: Engine, migrations: Migrations, scope: Scope
) -> Counter[str]:
    """The objects of a database with the extension only."""
    there = home_of(connection) is not None
    found = traces(connection, version_table=scope.version_table)
    # An env.py that connects by itself must not wait for an open transaction.
    connection.rollback()
    if there:
        return found
    # The migrations create the extension without IF NOT EXISTS.
    with engine.database(migrations.unmigrated) as url, _connected(url) as other:
        create_extension(other, migrations.home(engine), engine.server.timescaledb)
        return traces(other, version_table=scope.version_table)


def _extension_dropped() -> Finding:
    return migration_finding(
        "downgrade_drops_extension",
        "migration: downgrade to base drops the extension timescaledb",
        "Do not drop the extension in a downgrade: other schemas of the database may use it, and"
        " CASCADE also drops the settings and policies of their hypertables.",
        "DROP EXTENSION",
    )


def _filled(connection: Connection, metadata: MetaData, *, compress: bool) -> str:
    """Insert rows into every table; return which tables have none, and why."""
    try:
        with connection.begin_nested():
            fill_every_state(connection, metadata, compress=compress, plain=True)
    except (SQLAlchemyError, ValueError) as error:
        return f"only: {one_line(error)}"
    found = without_rows(connection, tables_of(metadata))
    return ", ".join(f"of {table}: {why}" for table, why in found.items())


def test_offline_sql_gives_the_same_facts(
    upgraded: Callable[[], FirstUpgrade],
    conformance_engine: Any,
    migrations: Migrations,
    conformance_scope: Scope,
    record: Record,
) -> None:
    """The SQL of `alembic upgrade head --sql` creates the same schema as the online migration."""
    online = upgraded().facts
    with conformance_engine.database(migrations.unmigrated) as url:
        try:
            with _connected(url) as by_hand:
                run_as_psql(by_hand, migrations.offline_statements())
                created = home_of(by_hand) is not None
        # A migration may raise anything, offline as well.
        except (Exception, SystemExit) as error:
            outcomes.fail(record, offline_failure(error, migrations.place_of(error)))
        if not created:
            outcomes.fail(record, _OFFLINE_WITHOUT_EXTENSION)
        with _connected(url) as afterwards:
            differences = _differences(online, facts_of(afterwards, conformance_scope))
    if differences:
        message = (
            "migration: the offline SQL creates another schema than the online migration: "
            + "; ".join(differences[:8])
        )
        outcomes.fail(
            record,
            migration_finding(
                "offline_sql",
                message,
                f"Compared the facts of both databases. {_OFFLINE}",
                differences,
            ),
        )


_OFFLINE_WITHOUT_EXTENSION = migration_finding(
    "offline_sql",
    "migration: the SQL that 'alembic upgrade --sql' prints does not create the extension"
    " timescaledb, as the online migration does",
    "Run 'alembic upgrade head --sql'. An env.py that gives context.configure() an output_buffer"
    " writes the SQL elsewhere.",
)


def offline_failure(error: BaseException, place: str | None = None) -> Finding:
    """The finding about offline SQL that cannot be printed, or that the server refuses.

    Args:
        place: the revision, its file and the line that raised the error; None: the server did.
    """
    if is_lost_connection(error):
        raise error
    line = re.search(r"^LINE \d+: (?:\.\.\.)?\s*(.*\S)", str(error), re.MULTILINE)
    at = f" at {place[0].lower()}{place[1:]}" if place else ""
    within = f" in {line[1]}" if line else ""
    return migration_finding(
        "offline_sql",
        f"migration: the SQL of 'alembic upgrade --sql' fails{at}: {describe_briefly(error)}"
        f"{within}",
        f"Run 'alembic upgrade head --sql'. {_offline_hint(error, printed=place is None)}",
        one_line(error),
    )


def _offline_hint(error: BaseException, *, printed: bool) -> str:
    if isinstance(error, CompileError):
        return (
            "Alembic writes values into the SQL: give the columns of the statement their types, "
            "such as sa.column('active', sa.Boolean)."
        )
    queries = "In offline mode a migration cannot query the database"
    return f"{queries}. {_OFFLINE}" if printed else f"{queries}, and no statement has a result."


def test_sequences_are_not_behind(
    migrated: Connection, conformance_scope: Scope, record: Record
) -> None:
    """After a migration that inserts rows with ids, the sequence must return a new id."""
    behind = lagging_sequences(migrated, conformance_scope)
    if behind:
        message = f"migration: {'; '.join(str(item) for item in behind.values())}"
        catch_up = "; ".join(item.advance for item in behind.values())
        hint = f"Advance the sequence in the migration: {catch_up}."
        finding = migration_finding("sequence_behind", message, hint, sorted(behind))
        outcomes.fail(record, finding)


def test_no_warning_is_raised(upgraded: Callable[[], FirstUpgrade], record: Record) -> None:
    """The upgrade raises no WARNING, by which TimescaleDB reports an ignored argument."""
    warnings = [notice.strip() for notice in upgraded().notices if is_warning(notice)]
    if warnings:
        number = "a warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
        outcomes.fail(
            record,
            migration_finding(
                "no_warning",
                f"migration: upgrade raises {number}: {'; '.join(warnings[:5])}",
                "A statement that warns often has no effect. Change the statement so that it does"
                " not warn.",
                warnings,
            ),
        )


def test_every_extension_is_there(upgraded: Callable[[], FirstUpgrade], record: Record) -> None:
    """The engine has every extension that the migrations create."""
    missing = sorted(upgraded().left_out)
    if missing:
        outcomes.skip_not_checked(
            record,
            f"this engine lacks the extension {' and '.join(missing)}, and the migrations ran"
            f" without: use {engines_with(missing[0])}",
        )


def test_every_statement_runs_as_written(
    upgraded: Callable[[], FirstUpgrade], record: Record
) -> None:
    """The engine runs statements that use several transactions."""
    changed = upgraded().not_concurrently
    if changed:
        outcomes.skip_not_checked(
            record,
            "this engine cannot run a statement that uses several transactions, and ran"
            f" {first_of(changed, 3, '; ')} in one: use {WITH_SESSIONS}",
        )


def test_a_second_run_changes_nothing(
    upgraded: Callable[[], FirstUpgrade],
    migrated: Connection,
    migrations: Migrations,
    conformance_scope: Scope,
    record: Record,
) -> None:
    """A second `alembic upgrade head` changes nothing."""
    migrations.upgrade(migrated)
    differences = _differences(upgraded().facts, facts_of(migrated, conformance_scope))
    if differences:
        message = f"migration: a second upgrade changes the schema: {'; '.join(differences[:8])}"
        outcomes.fail(
            record,
            migration_finding(
                "second_run", message, "Compared the facts before and after.", differences
            ),
        )


def test_single_head_revision(alembic_config: Config) -> None:
    """The revisions have one head, or one of each labelled branch."""
    heads_of(alembic_config)


def test_alembic_check_is_quiet(
    migrated: Connection,
    alembic_config: Config,
    conformance_metadata: MetaData,
    request: pytest.FixtureRequest,
    record: Record,
) -> None:
    """Autogenerate proposes no change, for example no drop of TimescaleDB's indexes."""
    of_env = _proposed(migrated, alembic_config, record)
    if not of_env:
        return
    with comparing_all(conformance_metadata):
        of_all = _proposed(migrated, alembic_config, record)
    _fail_by_proposals(record, request, of_env, of_all)


def _fail_by_proposals(
    record: Record, request: pytest.FixtureRequest, of_env: list[Any], of_all: list[Any]
) -> NoReturn:
    # Not parameters of the checks: where nothing is proposed, they need no comparison.
    comparison = request.getfixturevalue("comparison")
    metadata = request.getfixturevalue("conformance_metadata")
    outcomes.fail(record, *proposals(of_env, of_all, metadata, comparison))


def test_alembic_check_sees_a_dropped_index(
    spent: Connection,
    alembic_config: Config,
    conformance_metadata: MetaData,
    record: Record,
) -> None:
    """`alembic check` notices that a declared index was dropped."""
    tables = tables_of(conformance_metadata)
    indexes = [index for table in tables for index in created(table.indexes)]
    if not indexes:
        outcomes.skip_not_checked(record, "the models do not declare an index to drop")
    for index in indexes:
        # A foreign key may refer to the columns of a unique index.
        drop = DropIndex(index, if_exists=True).compile(dialect=spent.dialect)
        spent.exec_driver_sql(f"{drop} CASCADE")
    # An env.py that connects by itself must see the drop, too.
    spent.commit()
    with comparing_all(conformance_metadata):
        proposed = _proposed(spent, alembic_config, record)
    dropped = {str(diff[1].name) for diff in proposed if diff[0] == "add_index"}
    names = sorted(str(index.name) for index in indexes)
    missed = [name for name in names if name not in dropped]
    if missed:
        outcomes.fail(
            record,
            migration_finding(
                "alembic_check_sees",
                f"migration: alembic check does not notice dropped indexes: {', '.join(missed)}",
                "env.py hides these indexes from autogenerate, for instance by include_object.",
                missed,
            ),
        )


def _proposed(connection: Connection, config: Config, record: Record) -> list[Any]:
    """The changes that `alembic check` proposes, as Alembic describes them; empty if none."""
    try:
        with (
            comparison_works(record),
            passed_to_env(config, connection),
            confined(config, connection.engine.url),
        ):
            return proposed_changes(config)
    except CommandError as error:
        if NO_METADATA in str(error):
            outcomes.skip_not_checked(record, WITHOUT_METADATA)
        raise
