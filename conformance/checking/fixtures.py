"""The fixtures of the suite. A project overrides a fixture to change what is checked, and how."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from conformance.checking.options import options_of
from conformance.checking.session import imported_metadata, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, MetaData

    from conformance.comparing.comparison import Comparison
    from conformance.engines.base import Engine as TimescaleEngine
    from conformance.engines.base import Template
    from conformance.observed import Scope
    from conformance.project.migrations import Migrations

# The fixtures import what they need: pytest loads this module in every run, also without the suite.


@pytest.fixture(scope="session")
def conformance_engine(pytestconfig: pytest.Config) -> TimescaleEngine:
    """The started engine of `--conformance-engine`."""
    from conformance.errors import ModelsUnavailable

    engine = session_of(pytestconfig).engine
    # A project that only uses the fixtures may have no migrations.
    with suppress(ModelsUnavailable):
        migrations_of(pytestconfig, engine).use_their_version(engine)
    return engine


@pytest.fixture(scope="session")
def conformance_metadata(pytestconfig: pytest.Config) -> MetaData:
    """The metadata that `--conformance-models` names."""
    return imported_metadata(pytestconfig)


@pytest.fixture(scope="session")
def conformance_scope(pytestconfig: pytest.Config, conformance_metadata: MetaData) -> Scope:
    """The schemas to check: those of the metadata's tables, and the configured ones.

    Tables without a schema belong to the first configured one, by default `public`.
    """
    from conformance.pipeline import scope_of

    options = options_of(pytestconfig)
    return scope_of(conformance_metadata, options.schemas, options.leave)


@pytest.fixture
def migrations(pytestconfig: pytest.Config, conformance_engine: TimescaleEngine) -> Migrations:
    """The migrations of `--conformance-alembic-ini`; a new object for every test.

    Without migrations the check is not checked: an override of `schema_template` or
    `migrated_database` may create the schema.
    """
    return migrations_or_skip(pytestconfig, conformance_engine)


@pytest.fixture(scope="session")
def schema_template(pytestconfig: pytest.Config, conformance_engine: TimescaleEngine) -> Template:
    """The template of databases with the schema: by `alembic upgrade head`.

    Of a project that says that it has no migrations, `prepare` makes the schema.
    """
    from conformance.project.alembic_files import says_none
    from conformance.project.preparation import prepared

    options = options_of(pytestconfig)
    if says_none(options.alembic_ini) and (template := prepared(options)) is not None:
        return template
    return migrations_of(pytestconfig, conformance_engine).template()


@pytest.fixture(scope="session")
def kept_template(schema_template: Template, pytestconfig: pytest.Config) -> Template:
    """`schema_template`, also that of an override, as engines keep it from run to run."""
    from conformance.checking.templates import of_project
    from conformance.errors import ModelsUnavailable

    # A project that only uses the fixtures may have no models.
    with suppress(ModelsUnavailable):
        return of_project(schema_template, imported_metadata(pytestconfig))
    return of_project(schema_template, None)


def migrations_of(config: pytest.Config, engine: TimescaleEngine) -> Migrations:
    """The migrations of `--conformance-alembic-ini`, for the edition of the engine's server."""
    from conformance.project.migrations import Migrations
    from conformance.project.scripts import config_for

    return Migrations.on(engine, config_for(options_of(config)))


def migrations_or_skip(config: pytest.Config, engine: TimescaleEngine) -> Migrations:
    """As `migrations_of`; a check is skipped if the project has no migrations at all."""
    from conformance.project.alembic_files import configures_alembic, says_none

    ini = options_of(config).alembic_ini
    if not configures_alembic(ini):
        told = ': alembic_ini is "none"' if says_none(ini) else f": there is no {ini}"
        pytest.skip(f"not checked: the project has no migrations{told}")
    return migrations_of(config, engine)


@pytest.fixture(scope="session")
def migrated_database(
    conformance_engine: TimescaleEngine, kept_template: Template
) -> Iterator[URL]:
    """A migrated database, shared by all checks that only read it."""
    with conformance_engine.database(kept_template) as url:
        yield url


@pytest.fixture
def empty_database(conformance_engine: TimescaleEngine, migrations: Migrations) -> Iterator[URL]:
    """A new database before the first revision, even without the timescaledb extension.

    The statements of `prepare` in the configuration were run in it.
    """
    with conformance_engine.database(migrations.unmigrated) as url:
        yield url


@pytest.fixture(scope="session")
def comparison(
    migrated_database: URL,
    conformance_metadata: MetaData,
    conformance_scope: Scope,
    conformance_engine: TimescaleEngine,
) -> Comparison:
    """The comparison of the metadata with the migrated database, made once for all facts."""
    from sqlalchemy import NullPool, create_engine

    from conformance.pipeline import check_database

    engine = create_engine(migrated_database, poolclass=NullPool)
    with engine.connect() as connection:
        return check_database(
            connection, conformance_metadata, conformance_engine.capabilities, conformance_scope
        )


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """A function that adds a (name, value) pair to the report of the check."""

    def append(name: str, value: object) -> None:
        request.node.user_properties.append((name, value))

    return append
