"""The suite's fixtures; overriding one is how another project changes what is checked, and how."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from conformance.checking.options import options_of
from conformance.checking.session import metadata_of, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, MetaData

    from conformance.comparing.comparison import Comparison
    from conformance.engines.base import Engine as TimescaleEngine
    from conformance.engines.base import Template
    from conformance.observed import Scope
    from conformance.project.migrations import Migrations

# Imports stand in the fixtures: pytest loads this module in every run, with or without our checks.


@pytest.fixture(scope="session")
def conformance_engine(pytestconfig: pytest.Config) -> TimescaleEngine:
    """The engine that `--conformance-engine` chose, started."""
    from conformance.errors import ModelsUnavailable

    engine = session_of(pytestconfig).engine
    # Tests of one's own may be without migrations.
    with suppress(ModelsUnavailable):
        migrations_of(pytestconfig, engine).use_their_version(engine)
    return engine


@pytest.fixture(scope="session")
def conformance_metadata(pytestconfig: pytest.Config) -> MetaData:
    """The metadata that `--conformance-models` names."""
    return metadata_of(pytestconfig)


@pytest.fixture(scope="session")
def conformance_scope(pytestconfig: pytest.Config, conformance_metadata: MetaData) -> Scope:
    """The schemas that are looked at: those that the metadata has tables in, and configured ones.

    The first configured one, `public` by default, is that of tables whose models name none.
    """
    from conformance.pipeline import scope_of

    return scope_of(conformance_metadata, options_of(pytestconfig).schemas)


@pytest.fixture
def migrations(pytestconfig: pytest.Config, conformance_engine: TimescaleEngine) -> Migrations:
    """The migrations of `--conformance-alembic-ini`; fresh ones for every test."""
    return migrations_of(pytestconfig, conformance_engine)


@pytest.fixture(scope="session")
def schema_template(pytestconfig: pytest.Config, conformance_engine: TimescaleEngine) -> Template:
    """How an empty database comes to have the schema: by `alembic upgrade head`."""
    return migrations_of(pytestconfig, conformance_engine).template()


def migrations_of(config: pytest.Config, engine: TimescaleEngine) -> Migrations:
    """The migrations of `--conformance-alembic-ini`, for the edition of the engine's server."""
    from conformance.project.migrations import Migrations
    from conformance.project.scripts import config_for

    return Migrations.on(engine, config_for(options_of(config)))


@pytest.fixture(scope="session")
def migrated_database(
    conformance_engine: TimescaleEngine, schema_template: Template
) -> Iterator[URL]:
    """A database with the schema, shared by all checks that only read it."""
    with conformance_engine.database(schema_template) as url:
        yield url


@pytest.fixture
def empty_database(conformance_engine: TimescaleEngine, migrations: Migrations) -> Iterator[URL]:
    """A database of the test's own before the first revision: without even the extension.

    What the project's configuration says in `prepare` is there.
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
    """The metadata and the migrated database, compared once for all facts."""
    from sqlalchemy import NullPool, create_engine

    from conformance.pipeline import check_database

    engine = create_engine(migrated_database, poolclass=NullPool)
    with engine.connect() as connection:
        return check_database(
            connection, conformance_metadata, conformance_engine.capabilities, conformance_scope
        )


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Put data on the check's report: (name, value) pairs that reports are made from."""

    def append(name: str, value: object) -> None:
        request.node.user_properties.append((name, value))

    return append
