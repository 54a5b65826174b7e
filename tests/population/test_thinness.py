"""A column of an unknown type leaves the other columns their values, and is reported."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, func, pool, select, text

from conformance.declarations import hypertable_of
from conformance.population.filling import ROWS, fill_every_state
from conformance.population.reflection import reflect
from conformance.population.thinness import thin

#: A type that is not known: where it may be NULL, where it has a default, and where neither.
TABLES = """
CREATE DOMAIN posted AS text NOT NULL CHECK (length(VALUE) BETWEEN 2 AND 4 AND VALUE <> 'VALUE');
CREATE DOMAIN shape AS point CHECK (VALUE[0] >= 0);
CREATE TABLE optional (id integer PRIMARY KEY, x tsquery, country text, price double precision);
CREATE TABLE defaulted (id integer PRIMARY KEY, x tsquery NOT NULL DEFAULT 'a & b', country text);
CREATE TABLE required (id integer PRIMARY KEY, x point NOT NULL, y shape, code posted);
CREATE TABLE odd (n integer NOT NULL, m text, CONSTRAINT squares CHECK (n * n = -1));
CREATE TABLE picky (n integer PRIMARY KEY, m text, CONSTRAINT even CHECK (length(m) % 2 = 0));
CREATE TABLE nulls (id integer PRIMARY KEY, m text, CONSTRAINT digest CHECK (md5(m) = 'x'));
CREATE TABLE child (id integer PRIMARY KEY, parent integer NOT NULL);
ALTER TABLE odd ADD CONSTRAINT odd_n UNIQUE (n);
ALTER TABLE child ADD CONSTRAINT of_odd FOREIGN KEY (parent) REFERENCES odd (n);
CREATE TABLE loose (id integer PRIMARY KEY, parent integer REFERENCES odd (n),
    same integer REFERENCES loose (id));
CREATE TABLE patterned (id integer PRIMARY KEY,
    code text NOT NULL CHECK (code LIKE 'AB-%' AND code NOT LIKE '% %'),
    mail varchar(40) NOT NULL CHECK (mail LIKE '%_@%._%'),
    parts jsonb NOT NULL CHECK (jsonb_typeof(parts) = 'array'));
CREATE TABLE refused (id integer PRIMARY KEY);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''no row at all''; END';
CREATE TRIGGER refuse BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.fixture(scope="module")
def connection(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
        connection.exec_driver_sql(TABLES, execution_options={"no_parameters": True})
        yield connection


@pytest.fixture(scope="module")
def metadata(connection):
    """The tables, filled, but for the one that takes no rows."""
    found = reflect(connection)
    found.remove(found.tables["refused"])
    fill_every_state(connection, found, compress=False)
    return found


def test_the_other_columns_are_as_varied_as_without_it(connection, metadata):
    rows = connection.execute(select(metadata.tables["optional"])).all()
    assert len(rows) > ROWS // 2
    assert {row.x for row in rows} == {None}
    assert None in {row.country for row in rows}
    assert None in {row.price for row in rows}
    assert len({row.country for row in rows}) > 2


def test_checks_on_patterns_and_types_of_json_are_kept(connection, metadata):
    """As the server prints them: with signs for LIKE, and with casts."""
    table = metadata.tables["patterned"]
    checks = [str(item.sqltext) for item in table.constraints if hasattr(item, "sqltext")]
    assert len([sql for sql in checks if "~~" in sql or "jsonb_typeof" in sql]) == 3
    rows = connection.execute(select(table)).all()
    assert len({row.mail for row in rows}) > ROWS // 2
    assert len({row.code for row in rows}) > ROWS // 2
    assert thin(connection, [table]) == {}


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [("defaulted", "x", {"'a' & 'b'"}), ("required", "x", {"(0,0)"}), ("required", "y", {None})],
)
def test_what_such_a_column_holds(connection, metadata, table, column, values):
    assert set(connection.scalars(select(metadata.tables[table].c[column]))) == values


def test_a_domain_has_its_base_type_s_values_and_keeps_its_check(connection, metadata):
    codes = connection.scalars(select(metadata.tables["required"].c.code)).all()
    assert len(codes) > ROWS // 2
    assert all(2 <= len(code) <= 4 for code in codes)


def test_rows_satisfy_a_check_that_is_not_understood(connection, metadata):
    picky = metadata.tables["picky"]
    texts = set(connection.scalars(select(picky.c.m)).all()) - {None}
    assert len(texts) > 1
    assert all(len(found) % 2 == 0 for found in texts)


def test_a_key_without_parents_refers_to_nothing_where_it_may(connection, metadata):
    rows = connection.execute(select(metadata.tables["loose"])).all()
    assert {(row.parent, row.same) for row in rows} == {(None, None)}


def test_what_is_thin_is_named_with_its_cause(connection, metadata):
    unknown = "cannot generate values of type"
    check = "check digest (md5(m) = 'x'::text) is not understood: "
    found = thin(connection, metadata.sorted_tables)
    assert found.pop(("nulls", "digest")).startswith(
        f"generated rows satisfy the check only by chance: {check}"
    )
    assert found.pop(("odd", "")).startswith(
        "no sample rows can be made: check squares ((n * n) = '-1'::integer) is not understood: "
    )
    assert found.pop(("child", "")).startswith(
        "no sample rows can be made: odd has no rows: check squares"
    )
    # SQLAlchemy 2.0.29 knows the type, but does not reflect it.
    assert {at: why.replace("TSQUERY", "tsquery") for at, why in found.items()} == {
        ("optional", "x"): f"plain rows only: the column is NULL in every row: {unknown} tsquery",
        (
            "defaulted",
            "x",
        ): f"plain rows only: the column has its default in every row: {unknown} tsquery",
        (
            "required",
            "x",
        ): f"plain rows only: the column has the same value in every row: {unknown} point",
        ("required", "y"): f"plain rows only: the column is NULL in every row: {unknown} shape",
    }


@pytest.mark.usefixtures("metadata")
def test_a_database_that_refuses_all_rows_says_why(connection):
    refused = reflect(connection).tables["refused"]
    assert thin(connection, [refused]) == {
        ("refused", ""): "no sample rows can be made: the database rejects the generated rows:"
        " RaiseException: no row at all"
    }


def test_looking_leaves_nothing_behind(connection, metadata):
    thin(connection, metadata.sorted_tables)
    odd = metadata.tables["odd"]
    assert connection.scalar(select(func.count()).select_from(odd)) == 0
    assert hypertable_of(odd) is None
