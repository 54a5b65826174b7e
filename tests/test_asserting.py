"""`assert_conforms`: at an application's start, with any driver, without a trace."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, event, pool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from conformance import DoesNotConform, assert_conforms
from conformance.engines.base import Template
from conformance.errors import ConformanceError
from conformance.observed import observed_facts
from models import Base

PROJECT = Path(__file__).parents[1]
INTERVAL = "SELECT set_chunk_time_interval('market_data', INTERVAL '7 days')"
SPREAD = "ALTER TABLE curves ADD COLUMN spread text"
MESSAGE = "chunk interval is 7 days, the models declare 30 days (1 month)"


@pytest.fixture(scope="module")
def conforming(conformance_engine, schema_template):
    with conformance_engine.database(schema_template) as url:
        yield url


@pytest.fixture(scope="module")
def altered(conformance_engine, schema_template):
    with conformance_engine.database(schema_template) as url:
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            connection.execute(text(INTERVAL))
            connection.execute(text(SPREAD))
        yield url


def asynchronous(url, driver="asyncpg"):
    """An engine on the address; asyncpg has other parameters than libpq."""
    if driver == "asyncpg":
        url = url.set(query={"ssl": url.query.get("sslmode", "prefer")})
    return create_async_engine(url.set(drivername=f"postgresql+{driver}"))


def engine_on(url, driver="psycopg2", **options):
    return create_engine(url.set(drivername=f"postgresql+{driver}"), **options)


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_database_that_conforms(conforming, driver):
    engine = engine_on(conforming, driver)
    assert assert_conforms(engine, Base.metadata) is None
    engine.dispose()


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_all_findings_in_one_error(altered, driver):
    engine = engine_on(altered, driver)
    with pytest.raises(DoesNotConform) as caught:
        assert_conforms(engine, Base.metadata)
    engine.dispose()
    assert caught.value.ids == (
        "column:curves.spread:exists", "hypertable:market_data:chunk_interval",
    )  # fmt: skip
    assert str(caught.value) == (
        "The database differs from the models, 2 findings:\n"
        "  column curves.spread: is in the database, the models do not declare it\n"
        f"  hypertable market_data: {MESSAGE}"
    )


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_an_asynchronous_engine(altered, driver):
    async def start():
        engine = asynchronous(altered, driver)
        try:
            async with engine.connect() as connection:
                await connection.run_sync(assert_conforms, Base.metadata)
        finally:
            await engine.dispose()

    with pytest.raises(DoesNotConform) as caught:
        asyncio.run(start())
    assert len(caught.value.ids) == 2


#: An object of most kinds.
MANY = """
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE many (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind colour,
    twice int GENERATED ALWAYS AS (1) STORED,
    size positive DEFAULT 1,
    during int4range,
    parent int REFERENCES many ON DELETE SET NULL,
    EXCLUDE USING gist (during WITH &&)
);
CREATE INDEX ON many (size DESC) INCLUDE (kind) WHERE size > 3;
CREATE TRIGGER stamp BEFORE INSERT ON many FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE RULE quiet AS ON DELETE TO many DO INSTEAD NOTHING;
ALTER TABLE many ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON many FOR SELECT USING (id > 0);
GRANT SELECT ON many TO PUBLIC;
CREATE VIEW several AS SELECT id FROM many;
CREATE MATERIALIZED VIEW copied AS SELECT id FROM many;
"""


def test_facts_are_the_same_with_every_driver(conformance_engine, schema_template):
    """asyncpg gives a byte where others give a letter."""

    def facts(connection):
        return observed_facts(connection)

    async def read():
        engine = asynchronous(url)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(facts)
        finally:
            await engine.dispose()

    with conformance_engine.database(schema_template) as url:
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            connection.exec_driver_sql(MANY)
        found = []
        for driver in ("psycopg2", "psycopg"):
            with engine_on(url, driver, poolclass=pool.NullPool).connect() as connection:
                found.append(facts(connection))
        found.append(asyncio.run(read()))
    assert len(found[0]) > 1000
    assert found[0] == found[1] == found[2]


def test_an_asynchronous_engine_is_told_the_way(conforming):
    engine = asynchronous(conforming)
    with pytest.raises(TypeError, match=r"await connection\.run_sync\(assert_conforms, metadata\)"):
        assert_conforms(engine, Base.metadata)
    with pytest.raises(TypeError, match="a Connection of SQLAlchemy, not str"):
        assert_conforms("postgresql://", Base.metadata)


def test_what_is_accepted_and_left(altered):
    engine = engine_on(altered)
    accepted = {"hypertable:market_data:*": "until the next release"}
    with pytest.raises(DoesNotConform) as caught:
        assert_conforms(engine, Base.metadata, accepted=accepted)
    assert caught.value.ids == ("column:curves.spread:exists",)
    assert str(caught.value).startswith("The database differs from the models, 1 finding:\n")
    accepted["column:curves.spread:exists"] = "a hotfix"
    assert_conforms(engine, Base.metadata, accepted=accepted)
    # What does not occur is no error here.
    assert_conforms(engine, Base.metadata, accepted={**accepted, "column:x:exists": "gone"})
    engine.dispose()


def settings(connection):
    names = ("search_path", "statement_timeout", "transaction_read_only", "intervalstyle", "jit")
    return {name: connection.scalar(text(f"SHOW {name}")) for name in names}


def test_it_leaves_no_trace_in_the_engine_s_pool(conforming):
    engine = engine_on(conforming, pool_size=1, max_overflow=0)
    with engine.connect() as connection:
        before = settings(connection), connection.get_isolation_level()
    assert_conforms(engine, Base.metadata)
    with engine.begin() as connection:
        assert (settings(connection), connection.get_isolation_level()) == before
        connection.execute(text("CREATE TEMPORARY TABLE writable (x int) ON COMMIT DROP"))
    engine.dispose()


def test_a_connection_stays_in_its_transaction(altered):
    engine = engine_on(altered)
    with engine.connect() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE mine (x int) ON COMMIT DROP"))
        before = settings(connection)
        with pytest.raises(DoesNotConform):
            assert_conforms(connection, Base.metadata)
        assert settings(connection) == before
        connection.execute(text("INSERT INTO mine VALUES (1)"))
        assert connection.in_transaction()
    with engine.connect() as connection:
        with pytest.raises(DoesNotConform):
            assert_conforms(connection, Base.metadata)
        assert not connection.in_transaction()
    engine.dispose()


def test_it_only_reads(conforming):
    """Asked in the middle of it, by the session itself."""
    engine, seen = engine_on(conforming), []

    @event.listens_for(engine, "after_cursor_execute")
    def look(_connection, cursor, statement, *_):
        if "pg_catalog.pg_class" in statement:
            with cursor.connection.cursor() as own:
                own.execute(
                    "SELECT current_setting('transaction_read_only'),"
                    " current_setting('transaction_isolation'),"
                    " current_setting('statement_timeout'), pg_current_xact_id_if_assigned()"
                )
                seen.append(own.fetchone())

    assert_conforms(engine, Base.metadata, timeout="20s")
    assert set(seen) == {("on", "repeatable read", "20s", None)}
    engine.dispose()


def test_autocommit(conforming):
    engine = engine_on(conforming, isolation_level="AUTOCOMMIT")
    # An engine's connections get a level of their own for the check.
    assert_conforms(engine, Base.metadata)
    with (
        engine.connect() as connection,
        pytest.raises(ConformanceError, match="is in autocommit mode"),
    ):
        assert_conforms(connection, Base.metadata)
    engine.dispose()


def test_a_timeout_is_the_driver_s_error(conforming):
    engine = engine_on(conforming)
    with pytest.raises(DBAPIError):
        assert_conforms(engine, Base.metadata, timeout="nonsense")
    engine.dispose()


def test_a_database_without_timescaledb(conformance_engine):
    nothing = Template("nothing at all", "nothing at all", lambda _: None)
    with conformance_engine.database(nothing) as url:
        engine = engine_on(url)
        with pytest.raises(ConformanceError, match="does not have the extension timescaledb"):
            assert_conforms(engine, MetaData())
        engine.dispose()


def test_it_needs_sqlalchemy_only():
    """An application installs no extra for it."""
    code = (
        "import sys\nfrom conformance.extras import MODULES\n"
        "sys.modules.update(dict.fromkeys({m for part in MODULES.values() for m in part}))\n"
        "from conformance import DoesNotConform, assert_conforms\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
