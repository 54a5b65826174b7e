"""The suite's fixtures; overriding one is how another project changes what is checked, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, pool

from conformance.checking.session import metadata_of, session_of
from conformance.pipeline import check_database, scope_of
from conformance.project.migrations import Migrations
from conformance.project.migrations import alembic_config as read_alembic_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, MetaData

    from conformance.comparing.comparison import Comparison
    from conformance.engines.base import Engine as TimescaleEngine
    from conformance.engines.base import Template
    from conformance.observed import Scope


@pytest.fixture(scope="session")
def conformance_engine(pytestconfig: pytest.Config) -> TimescaleEngine:
    """The engine that `--engine` chose, started."""
    return session_of(pytestconfig).engine


@pytest.fixture(scope="session")
def conformance_metadata(pytestconfig: pytest.Config) -> MetaData:
    """The metadata that `--models` names."""
    return metadata_of(pytestconfig)


@pytest.fixture(scope="session")
def conformance_scope(conformance_metadata: MetaData) -> Scope:
    """The schemas that are looked at: those that the metadata has tables in."""
    return scope_of(conformance_metadata)


@pytest.fixture
def migrations(pytestconfig: pytest.Config, conformance_engine: TimescaleEngine) -> Migrations:
    """The migrations of `--alembic-ini`, for the engine's edition; fresh ones for every test."""
    config = read_alembic_config(pytestconfig.getoption("alembic_ini"))
    return Migrations(config, conformance_engine.server.edition)


@pytest.fixture(scope="session")
def schema_template(pytestconfig: pytest.Config, conformance_engine: TimescaleEngine) -> Template:
    """How an empty database comes to have the schema: by `alembic upgrade head`."""
    config = read_alembic_config(pytestconfig.getoption("alembic_ini"))
    return Migrations(config, conformance_engine.server.edition).template()


@pytest.fixture(scope="session")
def migrated_database(
    conformance_engine: TimescaleEngine, schema_template: Template
) -> Iterator[URL]:
    """A database with the schema, shared by all checks that only read it."""
    with conformance_engine.database(schema_template) as url:
        yield url


@pytest.fixture
def empty_database(conformance_engine: TimescaleEngine) -> Iterator[URL]:
    """A database of the test's own, without even the extension."""
    with conformance_engine.database() as url:
        yield url


@pytest.fixture(scope="session")
def comparison(
    migrated_database: URL,
    conformance_metadata: MetaData,
    conformance_scope: Scope,
    conformance_engine: TimescaleEngine,
) -> Comparison:
    """The metadata and the migrated database, compared once for all facts."""
    engine = create_engine(migrated_database, poolclass=pool.NullPool)
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
