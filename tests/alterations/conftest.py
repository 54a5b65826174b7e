"""Databases to alter: one transaction for each case, rolled back after it.

`CONFORMANCE_TEST_ENGINE` chooses the engine (`embedded`, `container` or a URL), and
`CONFORMANCE_TEST_TIMESCALEDB` a version that the server has beside its default one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine, text

from conformance.engines import open_engine
from conformance.engines.base import Template
from conformance.project.migrations import Migrations, alembic_config

from .cases import Database, ModelEdit, edited_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, MetaData

    from conformance.engines.base import Engine

ENGINE = os.environ.get("CONFORMANCE_TEST_ENGINE", "embedded")
IMAGE = os.environ.get("CONFORMANCE_TEST_IMAGE")
TIMESCALEDB = os.environ.get("CONFORMANCE_TEST_TIMESCALEDB")
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = open_engine(ENGINE, IMAGE, print)
    engine.start()
    yield engine
    engine.stop()


def _create_extension(url: URL) -> None:
    """In a session of its own: a library once loaded stays."""
    version = f" VERSION '{TIMESCALEDB}'" if TIMESCALEDB else ""
    server = create_engine(url, poolclass=NullPool)
    with server.begin() as connection:
        connection.execute(text("SET LOCAL client_min_messages = error"))
        connection.execute(text(f"CREATE EXTENSION timescaledb{version}"))


@pytest.fixture(scope="session")
def migrated(engine: Engine) -> Template:
    """The database after `alembic upgrade head`."""
    template = Migrations(alembic_config(PROJECT / "alembic.ini"), engine.server.edition).template()

    def prepare(url: URL) -> None:
        _create_extension(url)
        template.prepare(url)

    return Template(template.name, f"{template.key}-{TIMESCALEDB}", prepare)


@pytest.fixture(scope="session")
def bare() -> Template:
    """A database with nothing but the extension."""
    return Template("bare", f"bare-{TIMESCALEDB}", _create_extension)


@pytest.fixture(scope="session")
def _migrated_url(engine: Engine, migrated: Template) -> Iterator[URL]:
    with engine.database(migrated) as url:
        yield url


@pytest.fixture(scope="session")
def _bare_url(engine: Engine, bare: Template) -> Iterator[URL]:
    with engine.database(bare) as url:
        yield url


@pytest.fixture
def database(engine: Engine, _migrated_url: URL) -> Iterator[Database]:
    """The migrated database, in a transaction that is rolled back."""
    yield from _in_transaction(engine, _migrated_url)


@pytest.fixture
def bare_database(engine: Engine, _bare_url: URL) -> Iterator[Database]:
    """A database with nothing but the extension, in a transaction that is rolled back."""
    yield from _in_transaction(engine, _bare_url)


def _in_transaction(engine: Engine, url: URL) -> Iterator[Database]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        yield Database(connection, engine.capabilities)
        connection.rollback()


@pytest.fixture
def community_edition(engine: Engine) -> None:
    """Skip what the Apache edition lacks."""
    if not engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[ModelEdit], MetaData]:
    """The metadata of the models after an edit."""
    return lambda edit: edited_models(edit, tmp_path)
