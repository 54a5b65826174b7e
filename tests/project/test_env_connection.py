"""env.py gets a connection that it may use as a connection or as an engine."""

from __future__ import annotations

import asyncio

import pytest
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, text

from conformance.project.env_connection import passed_to_env

from .projects import ENV, migrations_in, migrations_of

#: An env.py that connects by itself, to an address that is led to the database of the run.
OWN = ENV.replace(
    'context.configure(connection=context.config.attributes["connection"])',
    """from sqlalchemy import create_engine
    engine = create_engine("postgresql+psycopg2://production.invalid/desk")
    context.configure(connection=engine.connect(), version_table="own_versions")""",
)


@pytest.fixture
def connection(migrated_database):
    with create_engine(migrated_database, poolclass=NullPool).connect() as connection:
        yield connection


@pytest.fixture
def config():
    return Config()


def tables(connection):
    return connection.scalar(text("SELECT count(*) FROM pg_tables WHERE tablename = 'made'"))


def make(connection):
    connection.execute(text("CREATE TABLE made (n integer)"))


def test_as_a_connection(config, connection):
    with passed_to_env(config, connection):
        theirs = config.attributes["connection"]
        assert theirs is connection
        make(theirs)
    assert tables(connection) == 1
    assert "connection" not in config.attributes


def test_as_an_engine(config, connection):
    """What closes a connection of its own ends its transaction; the caller's stays open."""
    with passed_to_env(config, connection):
        engine = config.attributes["connection"]
        theirs = engine.connect()
        make(theirs)
        theirs.close()
        assert tables(connection) == 0
        with engine.connect() as theirs:
            make(theirs)
            theirs.commit()
        engine.dispose()
        assert tables(connection) == 1
    connection.execute(text("DROP TABLE made"))
    connection.commit()


def test_as_an_asynchronous_engine(config, connection):
    async def migrate(engine):
        async with engine.connect() as theirs:
            await theirs.run_sync(make)
            found = await theirs.scalar(text("SELECT 42"))
            await theirs.rollback()
        await engine.dispose()
        return found

    with passed_to_env(config, connection):
        assert asyncio.run(migrate(config.attributes["connection"])) == 42
    assert tables(connection) == 0
    assert type(connection).__name__ == "Connection"


def test_one_that_connects_by_itself_waits_for_no_transaction_of_ours(
    conformance_engine, tmp_path, connection, monkeypatch
):
    """Where all connections share one session it would wait until it fails."""
    monkeypatch.chdir(tmp_path)
    migrations = migrations_of(conformance_engine, migrations_in(tmp_path, env=OWN))
    assert connection.scalar(text("SELECT 1")) == 1
    assert connection.in_transaction()
    assert migrations.version_table(connection) == "own_versions"
