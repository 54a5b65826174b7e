"""An audit by a superuser executes nothing that the database defines."""

from __future__ import annotations

import pytest
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, create_engine, pool, text

from conformance.audit import audit
from conformance.auditing.against import audit_against, read_other

#: As PostgreSQL's own, of types for which PostgreSQL has none, or before it in the search_path.
OPERATORS = [
    ("=", "name", "name", "bool"),
    ("=", "text", "text", "bool"),
    ("=", "oid", "regclass", "bool"),
    ("=", "oid", "int4", "bool"),
    ("=", "regproc", "oid", "bool"),
    ("<>", "oid", "int4", "bool"),
    (">=", "oid", "int4", "bool"),
    ("!~", "name", "name", "bool"),
    ("||", "name", "name", "text"),
    ("||", "text", "name", "text"),
    ("&", "int2", "int4", "int4"),
    ("->>", "jsonb", "jsonb", "text"),
    ("#>>", "jsonb", "jsonb", "text"),
    ("?", "jsonb", "jsonb", "bool"),
]
FUNCTIONS = [
    ("current_schema", "", "name"),
    ("version", "", "text"),
    ("lower", "name", "text"),
    ("count", "int4", "int8"),
    ("format_type", "oid, int4", "text"),
]
BODY = "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"

DEFINED = f"""
CREATE FUNCTION one() RETURNS int IMMUTABLE {BODY};
CREATE FUNCTION is_one(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 = one()';
CREATE FUNCTION time_now() RETURNS int STABLE {BODY};
CREATE FUNCTION logs() RETURNS trigger {BODY};
CREATE TYPE mood AS ENUM ('good');
CREATE FUNCTION mood_text(mood) RETURNS text IMMUTABLE {BODY};
CREATE CAST (mood AS text) WITH FUNCTION mood_text(mood);
CREATE FUNCTION near(int, int) RETURNS bool IMMUTABLE {BODY};
CREATE OPERATOR ~~~~ (leftarg = int, rightarg = int, function = near);
CREATE TABLE ticks (
    at int NOT NULL, a int DEFAULT one(), m text DEFAULT 'good'::mood::text,
    CONSTRAINT ck_is_one CHECK (is_one(a)), CONSTRAINT ck_near CHECK (1 ~~~~ 2 OR a > 0));
SELECT create_hypertable('ticks', 'at', chunk_time_interval => 10);
SELECT set_integer_now_func('ticks', 'time_now');
ALTER TABLE ticks ENABLE ROW LEVEL SECURITY;
CREATE POLICY only_one ON ticks USING (a = one());
INSERT INTO ticks VALUES (1, 1, '');
CREATE TRIGGER logged BEFORE INSERT ON ticks FOR EACH ROW WHEN (NEW.a = one())
    EXECUTE FUNCTION logs();
CREATE INDEX ticks_of_one ON ticks (at) WHERE a = one();
CREATE VIEW of_one AS SELECT at, one() AS one FROM ticks WHERE a = one();
"""


def shadows():
    """Statements that make a schema which takes the place of PostgreSQL's own."""
    yield "CREATE SCHEMA evil"
    for number, (sign, left, right, result) in enumerate(OPERATORS):
        yield f"CREATE FUNCTION evil.f{number}({left}, {right}) RETURNS {result} IMMUTABLE {BODY}"
        yield (
            f"CREATE OPERATOR evil.{sign} (leftarg = {left}, rightarg = {right},"
            f" function = evil.f{number})"
        )
    for name, arguments, result in FUNCTIONS:
        yield f"CREATE FUNCTION evil.{name}({arguments}) RETURNS {result} IMMUTABLE {BODY}"
    yield "CREATE VIEW evil.pg_type AS SELECT t.*, evil.version() AS v FROM pg_catalog.pg_type t"


def connected(url):
    # The test itself must not run into what it has made.
    options = {"options": "-c search_path=pg_catalog -c row_security=off"}
    return create_engine(
        url, poolclass=pool.NullPool, connect_args=options, use_native_hstore=False
    )


def executed(url):
    """The functions of the database that were executed, with how often."""
    with connected(url).connect() as connection:
        return dict(
            connection.exec_driver_sql(
                "SELECT funcname, calls FROM pg_stat_user_functions"
                " WHERE schemaname IN ('evil', 'public')"
            ).all()
        )


@pytest.fixture(scope="module")
def hostile(server_engine):
    with server_engine.database() as url:
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
            connection.exec_driver_sql("SET LOCAL track_functions = 'none'")
            # Its workers would run into the schema that comes first.
            connection.exec_driver_sql("SELECT _timescaledb_functions.stop_background_workers()")
            connection.exec_driver_sql(DEFINED)
            for statement in shadows():
                connection.exec_driver_sql(statement)
            name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
            for setting in ("track_functions = 'pl'", "search_path = evil, pg_catalog, public"):
                connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET {setting}')
        yield url


def models():
    metadata = MetaData()
    Table(
        "ticks",
        metadata,
        Column("at", Integer, nullable=False),
        Column("a", Integer, server_default=text("one()")),
        CheckConstraint("(is_one(a))", name="ck_is_one"),
    )
    return metadata


def test_what_it_would_execute_is_recorded(hostile):
    """The way of this test: a statement that is not shielded is seen."""
    before = executed(hostile)
    with create_engine(hostile, poolclass=pool.NullPool).connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM pg_class WHERE relname = 'ticks'::name")
    assert executed(hostile) != before


@pytest.mark.parametrize(
    "read",
    [
        lambda address: audit(address, models(), measured=lambda _: None),
        lambda address: audit(address, MetaData()),
        lambda address: audit_against(address, read_other(address)),
    ],
    ids=["with sizes", "without models", "against"],
)
def test_nothing_is_executed(hostile, read):
    before = executed(hostile)
    read(hostile.render_as_string(hide_password=False))
    assert executed(hostile) == before


def test_what_was_not_planned_is_named(hostile):
    verdict = audit(hostile.render_as_string(hide_password=False), models())
    reasons = {item.id: item.reason for item in verdict.not_checked}
    assert (
        "could execute is_one, which the database defines"
        in reasons["check:ticks.ck_is_one:expression"]
    )
    assert "not called as a superuser" in reasons["integer-now-far:ticks:integer_now"]
    # The texts are the same.
    assert "column:ticks.a:default" not in {*reasons, *(item.id for item in verdict.findings)}
