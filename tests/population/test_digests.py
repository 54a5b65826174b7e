"""Digests change with every value, and with nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, pool, text

from conformance.population.digests import digest

_TABLE = """
CREATE TABLE prices (
    id integer PRIMARY KEY, at timestamptz, price double precision, note text, "Odd name" integer
);
INSERT INTO prices VALUES
    (1, '2024-03-31 01:00Z', 0.1, 'a', 1), (2, NULL, 'NaN', '', 2), (3, 'infinity', '-0', NULL, 3);
"""


@pytest.fixture(scope="module")
def connection(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        connection.exec_driver_sql(_TABLE)
        connection.commit()
        yield connection


@pytest.fixture(autouse=True)
def as_before(connection):
    yield
    connection.rollback()


def test_rows_and_columns(connection):
    found = digest(connection, "prices")
    assert found.rows == 3
    assert list(found.columns) == ["id", "at", "price", "note", "Odd name"]
    # Equal values beside the same key: what a column is called is not told apart.
    assert found.columns["id"] == found.columns["Odd name"]
    assert len(set(found.columns.values())) == 4


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("UPDATE prices SET price = 0.1::float8 + 1e-18 WHERE id = 1", set()),
        ("UPDATE prices SET price = 0.10000000000000002 WHERE id = 1", {"price"}),
        ("UPDATE prices SET price = 0 WHERE id = 3", {"price"}),
        ("UPDATE prices SET note = NULL WHERE id = 2", {"note"}),
        ("UPDATE prices SET note = coalesce(note, '') WHERE id = 3", {"note"}),
        ("UPDATE prices SET at = at + interval '1 microsecond' WHERE id = 1", {"at"}),
        ('UPDATE prices SET "Odd name" = 4 - "Odd name"', {"Odd name"}),
    ],
    ids=["rounded away", "last digit", "negative zero", "empty text", "NULL", "moment", "swapped"],
)
def test_a_changed_value(connection, change, changed):
    before = digest(connection, "prices")
    connection.exec_driver_sql(change)
    after = digest(connection, "prices")
    assert {c for c in after.columns if after.columns[c] != before.columns[c]} == changed


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE copy AS SELECT * FROM prices; DELETE FROM prices;"
        "INSERT INTO prices SELECT * FROM copy ORDER BY id DESC",
        "SET LOCAL timezone = 'America/Sao_Paulo'; SET LOCAL datestyle = 'SQL, DMY';"
        "SET LOCAL extra_float_digits = -15",
        "ALTER TABLE prices ALTER COLUMN id TYPE bigint",
    ],
    ids=["order", "settings", "wider type"],
)
def test_what_is_no_change(connection, change):
    before = digest(connection, "prices")
    connection.exec_driver_sql(change)
    assert digest(connection, "prices") == before


def test_a_new_column_leaves_the_others(connection):
    before = digest(connection, "prices")
    connection.exec_driver_sql("ALTER TABLE prices ADD COLUMN venue text")
    after = digest(connection, "prices")
    assert after.columns.pop("venue")
    assert after == before


@pytest.mark.parametrize("key", [True, False], ids=["with a key", "without a key"])
def test_a_row_more_or_twice(connection, key):
    if not key:
        connection.exec_driver_sql("ALTER TABLE prices DROP CONSTRAINT prices_pkey")
        connection.exec_driver_sql("INSERT INTO prices SELECT * FROM prices WHERE id = 1")
    else:
        connection.exec_driver_sql("INSERT INTO prices (id) VALUES (4)")
    after = digest(connection, "prices")
    assert after.rows == 4
    connection.exec_driver_sql("DELETE FROM prices WHERE id > 3 OR id = 1")
    assert digest(connection, "prices").columns["id"] != after.columns["id"]


def test_an_empty_table(connection):
    connection.execute(text("DELETE FROM prices"))
    found = digest(connection, "prices")
    assert (found.rows, set(found.columns.values())) == (0, {0})


def test_no_table(connection):
    with pytest.raises(LookupError, match="nowhere"):
        digest(connection, "nowhere")


def test_the_columns_that_a_row_is_known_by_can_be_named(connection):
    connection.execute(text("CREATE TEMP TABLE d (a int PRIMARY KEY, b int, c int)"))
    connection.execute(text("INSERT INTO d VALUES (1, 10, 5), (2, 20, 6)"))
    before = digest(connection, "d", key=["a"])
    assert before == digest(connection, "d")
    connection.execute(text("ALTER TABLE d DROP CONSTRAINT d_pkey, ADD PRIMARY KEY (b)"))
    assert digest(connection, "d", key=["a"]) == before
    assert digest(connection, "d") != before


def test_values_are_listed_without_nulls(connection):
    found = digest(connection, "prices", values=True)
    assert {name: len(values) for name, values in found.values.items()} == {
        "id": 3, "at": 2, "price": 3, "note": 2, "Odd name": 3
    }  # fmt: skip
    assert sum(found.values["price"]) == found.columns["price"]
    connection.exec_driver_sql("UPDATE prices SET note = coalesce(note, 'c'), at = NULL")
    later = digest(connection, "prices", values=True)
    assert found.values["note"] < later.values["note"]
    assert later.values["at"] == frozenset()


def test_values_may_be_listed_without_their_rows(connection):
    """Of a table without a key: a value that changes leaves those of the other columns."""
    connection.exec_driver_sql("CREATE TEMP TABLE d (a int, b int)")
    connection.exec_driver_sql("INSERT INTO d VALUES (1, 10), (2, 20), (2, NULL)")
    before = digest(connection, "d", values=True, identified=False)
    assert {name: len(found) for name, found in before.values.items()} == {"a": 2, "b": 2}
    connection.exec_driver_sql("UPDATE d SET b = 30 WHERE a = 1")
    after = digest(connection, "d", values=True, identified=False)
    assert after.values["a"] == before.values["a"]
    assert len(after.values["b"] & before.values["b"]) == 1
    assert after.columns["a"] != before.columns["a"]
