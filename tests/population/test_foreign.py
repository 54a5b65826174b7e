"""Rows of a foreign table are somebody else's: none is written, and none is read."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, NullPool, Table, create_engine, func, select
from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect
from conformance.observed.catalog import Scope
from conformance.observed.sizes import table_sizes
from conformance.population.filling import fill_every_state, fill_table
from conformance.population.foreign import without_foreign
from conformance.population.thinness import thin

#: The wrapper has no handler, so that each statement that reaches for its rows fails.
TABLES = """
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
CREATE SCHEMA "Odd";
CREATE FOREIGN TABLE "Odd"."Far" (id integer) SERVER elsewhere;
CREATE TABLE split (id integer) PARTITION BY RANGE (id);
CREATE TABLE split_near PARTITION OF split FOR VALUES FROM (0) TO (10);
CREATE TABLE split_deep PARTITION OF split FOR VALUES FROM (10) TO (90) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE split_far PARTITION OF split_deep DEFAULT SERVER elsewhere;
CREATE TABLE parent (id integer);
CREATE FOREIGN TABLE child () INHERITS (parent) SERVER elsewhere;
CREATE TABLE near (id integer);
"""


@pytest.fixture(scope="module")
def connection(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        connection.exec_driver_sql(TABLES)
        yield connection


@pytest.fixture(scope="module")
def metadata():
    """The models need not say that a table is foreign."""
    found = MetaData()
    Table("Far", found, Column("id", Integer), schema="Odd", prefixes=["FOREIGN"])
    for name in ("split", "parent", "near"):
        Table(name, found, Column("id", Integer))
    return found


def test_the_wrapper_would_tell(connection):
    with pytest.raises(Exception, match="no handler"), connection.begin_nested():
        connection.exec_driver_sql('INSERT INTO "Odd"."Far" VALUES (1)')


def test_only_the_others_are_filled_and_read(connection, metadata):
    fill_every_state(connection, metadata, compress=False)
    tables = metadata.tables
    assert connection.scalar(select(func.count()).select_from(tables["near"])) > 0
    why = (
        "no sample rows are written: its rows are on another server, because {} is a foreign table"
    )
    assert thin(connection, tables.values()) == {
        ("Odd.Far", ""): why.format("Far"),
        ("split", ""): why.format("split_far"),
        ("parent", ""): why.format("child"),
    }
    assert without_foreign(connection, tables.values()) == [tables["near"]]


def test_a_table_alone(connection, metadata):
    with pytest.raises(ValueError, match="because Far is a foreign table"):
        fill_table(connection, metadata.tables["Odd.Far"], compress=False)


def test_no_planner_is_asked_how_large_one_is(conformance_engine):
    """Its wrapper may ask the other server, which the roles of an audit need not reach."""
    with conformance_engine.database() as url, connect(url) as connection:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
        connection.exec_driver_sql(TABLES)
        with pytest.raises(DBAPIError, match="handler"), connection.begin_nested():
            connection.exec_driver_sql("EXPLAIN SELECT FROM child")
        connection.exec_driver_sql("INSERT INTO parent VALUES (1)")
        sizes = table_sizes(connection, Scope())
    assert sizes.keys() == {"parent", "split", "near"}
    assert sizes["parent"]["bytes"] > 0
