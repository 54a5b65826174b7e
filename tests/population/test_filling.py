"""Filling gives every table rows and every hypertable chunks of all states."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import (
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Table,
    Uuid,
    create_engine,
    func,
    pool,
    select,
    text,
)

from conformance.declarations import Compression, Hypertable, hypertable_of
from conformance.population.digests import digest
from conformance.population.filling import ROWS, chunks_of, fill_every_state, fill_table
from conformance.population.keys import rows_key
from conformance.population.reflection import reflect
from conformance.population.thinness import thin
from models import Base


@pytest.fixture
def connection(conformance_engine, schema_template):
    with (
        conformance_engine.database(schema_template) as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        yield connection


@pytest.fixture(scope="module")
def compress(conformance_engine):
    return conformance_engine.capabilities.community_edition


@pytest.fixture(scope="module")
def filled(conformance_engine, schema_template, compress):
    """A connection to a database with rows, which tests only read."""
    with (
        conformance_engine.database(schema_template) as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        fill_every_state(connection, Base.metadata, compress=compress)
        yield connection


def test_every_table_has_rows(filled):
    for table in Base.metadata.sorted_tables:
        assert filled.scalar(select(func.count()).select_from(table)) >= 4


def test_every_chunk_has_more_than_one_row(filled):
    for table in Base.metadata.sorted_tables:
        if hypertable_of(table) is not None:
            chunks = chunks_of(filled, table)
            assert len(chunks) == 4
            for chunk in chunks:
                assert filled.exec_driver_sql(f"SELECT count(*) FROM {chunk}").scalar() > 1


def test_chunks_of_every_state(filled, compress):
    if not compress:
        pytest.skip("the server has no compression")
    query = "SELECT hypertable_name, is_compressed FROM timescaledb_information.chunks"
    states = Counter(tuple(row) for row in filled.execute(text(query)))
    for table in Base.metadata.sorted_tables:
        if hypertable_of(table) is not None:
            assert (states[table.name, True], states[table.name, False]) == (2, 2)
            # The second is compressed; the third is too, and has a row that is not.
            _, wholly, partly, _ = chunks_of(filled, table)
            assert filled.exec_driver_sql(f"SELECT count(*) FROM ONLY {wholly}").scalar() == 0
            total = filled.exec_driver_sql(f"SELECT count(*) FROM {partly}").scalar_one()
            plain = filled.exec_driver_sql(f"SELECT count(*) FROM ONLY {partly}").scalar_one()
            assert total > 1
            assert plain


def test_a_trigger_may_refuse_updates(connection, compress):
    connection.exec_driver_sql("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE EXCEPTION 'rows are final'; END $$;
        CREATE TRIGGER final BEFORE UPDATE ON market_data
            FOR EACH ROW EXECUTE FUNCTION refuse();
    """)
    fill_every_state(connection, Base.metadata, compress=compress)
    assert len(chunks_of(connection, Base.metadata.tables["market_data"])) == 4


def test_the_same_rows_each_time(conformance_engine, schema_template, compress):
    names = [table.name for table in Base.metadata.sorted_tables]
    found = []
    for _ in range(2):
        with (
            conformance_engine.database(schema_template) as url,
            create_engine(url, poolclass=pool.NullPool).connect() as connection,
        ):
            fill_every_state(connection, Base.metadata, compress=compress)
            found.append({name: digest(connection, name) for name in names})
    first, second = found
    for name in names:
        moving = {"created_at", "updated_at"}
        assert {c: v for c, v in first[name].columns.items() if c not in moving} == {
            c: v for c, v in second[name].columns.items() if c not in moving
        }


def test_the_key_of_a_database_with_rows_follows_the_metadata():
    def key(kind, **more):
        metadata = MetaData()
        Table("t", metadata, Column("at", kind, **more), Hypertable("at", chunk_interval="1 day"))
        return rows_key(metadata)

    assert key(Date) == key(Date) != key(DateTime)
    assert len({key(Date), key(Date, primary_key=True), rows_key(), rows_key(MetaData())}) >= 3


def test_a_chunk_without_rows(connection, compress):
    """A trigger may keep rows out of the chunks that were made for them."""
    connection.exec_driver_sql(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER swallow BEFORE INSERT ON curves FOR EACH ROW EXECUTE FUNCTION swallow()"
    )
    curves = Base.metadata.tables["curves"]
    fill_table(connection, curves, compress=compress)
    assert connection.scalar(select(func.count()).select_from(curves)) == 0


def test_a_key_that_is_a_part_of_another_one(conformance_engine):
    """Every table of a tenant refers to the tenant, and some to what else the tenant has."""
    metadata = MetaData()
    Table("tenants", metadata, Column("id", Integer, primary_key=True))

    def tenant():
        return ForeignKeyConstraint(["tenant"], ["tenants.id"])

    Table(
        "items", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
        Column("tenant", Integer, primary_key=True), tenant(),
    )  # fmt: skip
    Table(
        "sales", metadata, Column("at", DateTime(timezone=True), nullable=False),
        Column("item", Integer, nullable=False), Column("tenant", Integer, nullable=False),
        ForeignKeyConstraint(["item", "tenant"], ["items.id", "items.tenant"]), tenant(),
        Hypertable("at", chunk_interval="7 days"),
    )  # fmt: skip
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
        metadata.create_all(connection)
        connection.execute(text("SELECT create_hypertable('sales', 'at')"))
        fill_every_state(connection, metadata, compress=False)
        assert connection.scalar(text("SELECT count(*) FROM sales")) > 0
        connection.rollback()


REFERRED_TO = """
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE TABLE events (at timestamptz PRIMARY KEY, kind integer NOT NULL);
SELECT create_hypertable('events', 'at', chunk_time_interval => interval '7 days');
ALTER TABLE events SET (timescaledb.compress, timescaledb.compress_orderby = 'at');
CREATE TABLE notes (id serial PRIMARY KEY, at timestamptz NOT NULL REFERENCES events);
"""


def test_chunks_that_a_foreign_key_refers_to_stay_plain(conformance_engine, compress):
    """TimescaleDB refuses to compress them."""
    if not compress:
        pytest.skip("the server has no compression")
    metadata = MetaData()
    Table(
        "events", metadata, Column("at", DateTime(timezone=True), primary_key=True),
        Column("kind", Integer, nullable=False),
        Hypertable("at", chunk_interval="7 days"), Compression(order_by="at", after=None),
    )  # fmt: skip
    Table(
        "notes", metadata, Column("id", Integer, primary_key=True),
        Column("at", ForeignKey("events.at"), nullable=False),
    )  # fmt: skip
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        connection.exec_driver_sql(REFERRED_TO)
        fill_every_state(connection, metadata, compress=True)
        for name in ("events", "notes"):
            assert connection.scalar(text(f"SELECT count(*) FROM {name}")) >= ROWS
        connection.rollback()


MERGED = """
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE TABLE ticks (
    at timestamptz NOT NULL, price integer NOT NULL, size integer NOT NULL,
    worth integer NOT NULL GENERATED ALWAYS AS (price * size) STORED);
SELECT create_hypertable('ticks', 'at', chunk_time_interval => interval '1 day');
ALTER TABLE ticks SET (timescaledb.compress, timescaledb.compress_orderby = 'at',
    timescaledb.compress_chunk_time_interval = '30 days');
"""


def test_chunks_that_compression_merges(conformance_engine, compress):
    """The second chunk takes in those after it. No number is too large for a generated column."""
    if not compress:
        pytest.skip("the server has no compression")
    metadata = MetaData()
    Table(
        "ticks", metadata, Column("at", DateTime(timezone=True), nullable=False),
        Column("price", Integer, nullable=False), Column("size", Integer, nullable=False),
        Column("worth", Integer, Computed("price * size"), nullable=False),
        Hypertable("at", chunk_interval="1 day"),
        Compression(order_by="at", after=None, chunk_interval="30 days"),
    )  # fmt: skip
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        connection.exec_driver_sql(MERGED)
        fill_every_state(connection, metadata, compress=True)
        assert connection.scalar(text("SELECT count(*) FROM ticks")) == 4 * ROWS
        assert len(chunks_of(connection, metadata.tables["ticks"])) == 2
        connection.rollback()


BY_UUID = """
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE TABLE logs (id uuid PRIMARY KEY, level integer NOT NULL);
SELECT create_hypertable('logs', by_range('id', interval '1 day'));
ALTER TABLE logs SET (timescaledb.compress, timescaledb.compress_orderby = 'id');
"""


def test_chunks_by_uuids(conformance_engine, compress):
    if not compress:
        pytest.skip("the server has no compression")
    metadata = MetaData()
    table = Table(
        "logs", metadata, Column("id", Uuid, primary_key=True),
        Column("level", Integer, nullable=False),
        Hypertable("id", chunk_interval="1 day"), Compression(order_by="id", after=None),
    )  # fmt: skip
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        connection.exec_driver_sql(BY_UUID)
        fill_every_state(connection, metadata, compress=True)
        assert len(chunks_of(connection, table)) == 4
        connection.rollback()


#: Transfers between banks, of which there are two, and between branches, of which there is one.
TRANSFERS = """
CREATE TABLE banks (id integer PRIMARY KEY CHECK (id IN (1, 2)));
CREATE TABLE branches (id integer PRIMARY KEY CHECK (id = 1));
CREATE TABLE transfers (
    at timestamptz NOT NULL, sender integer NOT NULL REFERENCES banks,
    receiver integer NOT NULL REFERENCES banks, is_debit boolean NOT NULL,
    is_credit boolean NOT NULL DEFAULT true,
    CONSTRAINT two CHECK (sender <> receiver), CONSTRAINT one CHECK (is_debit <> is_credit));
CREATE TABLE moves (
    sender integer NOT NULL REFERENCES branches, receiver integer NOT NULL REFERENCES branches,
    CONSTRAINT two CHECK (sender <> receiver));
"""


def test_columns_that_must_differ(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
        connection.execute(text(TRANSFERS))
        metadata = reflect(connection)
        fill_every_state(connection, metadata, compress=False)
        # No generated row is lost: by chance a quarter of them would be kept.
        assert connection.scalar(text("SELECT count(*) FROM transfers")) == ROWS
        assert thin(connection, metadata.sorted_tables) == {
            ("moves", ""): "no sample rows can be made: no values of its columns satisfy all checks"
        }
