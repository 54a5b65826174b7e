"""A partitioned table without a partition for the generated rows stays empty, and is told so."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData, NullPool, Table, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError

from conformance.comparing.partitions import PARTITION_FIRST
from conformance.errors import describe_briefly
from conformance.population.filling import NoPartition, fill_every_state, fill_table
from conformance.population.reflection import reflect
from conformance.population.thinness import thin, without_rows

#: `near` and `deep` have a partition for no generated row; `open` has one for each.
TABLES = """
CREATE TABLE none (id integer PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE near (
    id integer NOT NULL, name text, CONSTRAINT even CHECK (length(name) % 2 = 0)
) PARTITION BY LIST (id);
CREATE TABLE near_part PARTITION OF near FOR VALUES IN (2147480001);
CREATE TABLE deep (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE deep_part PARTITION OF deep DEFAULT PARTITION BY LIST (id);
CREATE TABLE open (id integer PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE open_part PARTITION OF open DEFAULT;
CREATE TABLE child (id integer PRIMARY KEY, parent integer NOT NULL REFERENCES none (id));
CREATE TABLE plain (id integer PRIMARY KEY);
"""
PARTITIONED = ("none", "near", "deep")


@pytest.fixture
def connection(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
        connection.exec_driver_sql(TABLES, execution_options={"no_parameters": True})
        yield connection


@pytest.fixture
def tables(connection):
    found = reflect(connection)
    for name in ("near_part", "deep_part", "open_part"):
        if name in found.tables:
            found.remove(found.tables[name])
    fill_every_state(connection, found, compress=False)
    return found.tables


def test_only_they_stay_empty_and_say_why(connection, tables):
    found = {
        table: why for (table, part), why in thin(connection, tables.values()).items() if not part
    }
    assert found.keys() == {*PARTITIONED, "child"}
    for name in PARTITIONED:
        relation = "deep_part" if name == "deep" else name
        start = f"no sample rows can be made: the table {relation} has no partition for the row"
        assert found[name].startswith(f"{start} with (id) = (")
        assert found[name].endswith(f"). {PARTITION_FIRST}")
        assert "check" not in found[name].lower()
    assert "none has no rows: the table none has no partition for the row" in found["child"]


def test_the_others_have_rows(connection, tables):
    for name in ("open", "plain"):
        assert connection.scalar(select(func.count()).select_from(tables[name])) > 1


def test_a_default_partition_is_the_way_out(connection, tables):
    with pytest.raises(NoPartition):
        fill_table(connection, tables["none"], compress=False)
    connection.exec_driver_sql("CREATE TABLE none_rest PARTITION OF none DEFAULT")
    fill_table(connection, tables["none"], compress=False)
    assert connection.scalar(select(func.count()).select_from(tables["none"])) > 1


def test_a_partition_that_the_models_declare_is_left_to_its_table(connection):
    metadata = MetaData()
    for name in ("open_part", "open"):
        Table(name, metadata, autoload_with=connection)
    fill_every_state(connection, metadata, compress=False)
    tables = metadata.tables
    assert thin(connection, [tables["open"]]) == {}
    assert thin(connection, [tables["open_part"]]) == {
        ("open_part", ""): "no sample rows are written: it is a partition of open"
    }
    rows = connection.scalar(select(func.count()).select_from(tables["open_part"]))
    assert rows == connection.scalar(select(func.count()).select_from(tables["open"])) > 1


def test_a_partition_has_rows_with_its_table(connection):
    """One that the models map, and one of a table of another name, or of two levels."""
    metadata = MetaData()
    names = ("none", "near", "near_part", "deep", "deep_part", "open", "open_part")
    for name in names:
        Table(name, metadata, autoload_with=connection)
    fill_every_state(connection, metadata, compress=False)
    tables = metadata.tables.values()
    assert set(without_rows(connection, tables)) == {*PARTITIONED, "near_part", "deep_part"}
    connection.exec_driver_sql("CREATE TABLE deep_rest PARTITION OF deep_part DEFAULT")
    Table("deep_rest", metadata, autoload_with=connection)
    fill_table(connection, metadata.tables["deep"], compress=False)
    tables = metadata.tables.values()
    assert set(without_rows(connection, tables)) == {"none", "near", "near_part"}
    # What is not in the models is not filled.
    alone = [metadata.tables["open_part"]]
    assert set(without_rows(connection, alone)) == {"open_part"}


def test_a_broken_check_is_still_told_so(connection):
    with pytest.raises(DBAPIError) as caught, connection.begin_nested():
        connection.exec_driver_sql("INSERT INTO near VALUES (2147480001, 'odd')")
    assert describe_briefly(caught.value).startswith("CheckViolation: ")


def test_the_catalog_is_asked_once_for_each_table(connection, tables):
    asked = []
    event.listen(connection, "before_cursor_execute", lambda _, __, sql, *___: asked.append(sql))
    fill_table(connection, tables["open"], compress=False)
    assert len([sql for sql in asked if "pg_catalog" in sql]) == 1
    assert len([sql for sql in asked if sql.startswith("SAVEPOINT")]) > 1
