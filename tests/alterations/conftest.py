"""Databases to alter: one transaction for each case, rolled back after it.

`TEST_TIMESCALEDB` names a version of TimescaleDB that the server has beside its default one.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine, text

from conformance.engines.base import Template

from .cases import Database, ModelEdit, edited_models
from .prepared import prepare_what_is_repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, MetaData
    from sqlalchemy import Engine as Sessions

    from conformance.engines.base import Engine

TIMESCALEDB = os.environ.get("TEST_TIMESCALEDB")
PROJECT = Path(__file__).parents[2]


def _create_extension(url: URL) -> None:
    """In a session of its own: a library once loaded stays."""
    version = f" VERSION '{TIMESCALEDB}'" if TIMESCALEDB else ""
    server = create_engine(url, poolclass=NullPool)
    with server.begin() as connection:
        connection.execute(text("SET LOCAL client_min_messages = error"))
        connection.execute(text(f"CREATE EXTENSION timescaledb{version}"))


@pytest.fixture(scope="session")
def migrated(schema_template: Template) -> Template:
    """The database after `alembic upgrade head`."""
    template = schema_template

    def prepare(url: URL) -> None:
        _create_extension(url)
        template.prepare(url)

    return Template(template.name, f"{template.key}-{TIMESCALEDB}", prepare)


@pytest.fixture(scope="session")
def bare() -> Template:
    """A database with nothing but the extension."""
    return Template("bare", f"bare-{TIMESCALEDB}", _create_extension)


@pytest.fixture(scope="session")
def _migrated(conformance_engine: Engine, migrated: Template) -> Iterator[Sessions]:
    yield from _made_from(conformance_engine, migrated)


@pytest.fixture(scope="session")
def _bare(conformance_engine: Engine, bare: Template) -> Iterator[Sessions]:
    yield from _made_from(conformance_engine, bare)


def _made_from(conformance_engine: Engine, template: Template) -> Iterator[Sessions]:
    """One session for all tests, so that its prepared statements last."""
    with conformance_engine.database(template) as url:
        with create_engine(url, poolclass=NullPool).begin() as connection:
            # Their runs are findings of a living database, and on some servers all of them fail.
            connection.execute(text("SELECT _timescaledb_functions.stop_background_workers()"))
            connection.execute(text("DELETE FROM _timescaledb_internal.bgw_job_stat"))
        sessions = prepare_what_is_repeated(create_engine(url, pool_size=1, max_overflow=0))
        yield sessions
        sessions.dispose()


@pytest.fixture
def database(conformance_engine: Engine, _migrated: Sessions) -> Iterator[Database]:
    """The migrated database, in a transaction that is rolled back."""
    yield from _in_transaction(conformance_engine, _migrated)


@pytest.fixture
def bare_database(conformance_engine: Engine, _bare: Sessions) -> Iterator[Database]:
    """A database with nothing but the extension, in a transaction that is rolled back."""
    yield from _in_transaction(conformance_engine, _bare)


@pytest.fixture
def made(request: pytest.FixtureRequest, bare_database: Database) -> Database:
    """The database that MAKE of the test's module makes, for the module's `models()`."""
    bare_database.execute("SET LOCAL client_min_messages = error")
    bare_database.execute(request.module.MAKE)
    return replace(bare_database, metadata=request.module.models())


def _in_transaction(conformance_engine: Engine, sessions: Sessions) -> Iterator[Database]:
    with sessions.connect() as connection:
        # What the tool remembers of a session is not for the next test.
        connection.info.clear()
        yield Database(connection, conformance_engine.capabilities)
        connection.rollback()


@pytest.fixture
def community_edition(conformance_engine: Engine) -> None:
    """Skip what the Apache edition lacks."""
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[ModelEdit], MetaData]:
    """The metadata of the models after an edit."""
    return lambda edit: edited_models(edit, tmp_path)
