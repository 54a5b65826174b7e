"""The census: every object of the database is judged, or named as seen and not judged."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.comparing.census.postgresql import POSTGRESQL
from conformance.comparing.census.timescaledb import TIMESCALEDB
from conformance.comparing.facts import KINDS
from conformance.observed import census

from .cases import Alteration, parametrize

#: One of each kind that no model declares and nothing judges: the kind, the object, the statement.
SEEN = (
    ("domain", "positive", "CREATE DOMAIN positive AS int CHECK (VALUE > 0)"),
    ("composite_type", "pair", "CREATE TYPE pair AS (a int, b int)"),
    ("range_type", "prices", "CREATE TYPE prices AS RANGE (subtype = float8)"),
    ("base_type", "shell", "CREATE TYPE shell"),
    ("unused_type", "colour", "CREATE TYPE colour AS ENUM ('red')"),
    ("sequence", "numbers", "CREATE SEQUENCE numbers"),
    ("function", "one()", "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    ("function", "one(integer)",
     "CREATE FUNCTION one(x int) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    ("function", "pg_catalog.date_trunc(text, date)", "CREATE FUNCTION pg_catalog.date_trunc(text,"
     " date) RETURNS date LANGUAGE sql AS 'SELECT $2'"),
    ("operator", "pg_catalog.===(integer, integer)",
     "CREATE OPERATOR pg_catalog.=== (function = int4eq, leftarg = int, rightarg = int)"),
    ("function", "_timescaledb_functions.one()",
     "CREATE FUNCTION _timescaledb_functions.one() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    ("domain", "pg_catalog.positive",
     "SET LOCAL allow_system_table_mods = on; CREATE DOMAIN pg_catalog.positive AS int"),
    ("collation", "pg_catalog.plain", 'CREATE COLLATION pg_catalog.plain FROM "C"'),
    ("procedure", "two()", "CREATE PROCEDURE two() LANGUAGE sql AS 'SELECT 1'"),
    ("aggregate", "total(integer)", "CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int)"),
    ("operator", "===(integer, integer)",
     "CREATE OPERATOR === (function = int4eq, leftarg = int, rightarg = int)"),
    ("operator_class", "mine using hash",
     "CREATE OPERATOR CLASS mine FOR TYPE int USING hash AS OPERATOR 1 ="),
    ("operator_family", "ours using btree", "CREATE OPERATOR FAMILY ours USING btree"),
    ("cast", "text as integer", "CREATE CAST (text AS int) WITH INOUT"),
    ("collation", "plain", "CREATE COLLATION plain FROM \"C\""),
    ("conversion", "turned",
     "CREATE CONVERSION turned FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"),
    ("text_search_configuration", "words",
     "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)"),
    ("text_search_dictionary", "terms", "CREATE TEXT SEARCH DICTIONARY terms (TEMPLATE = simple)"),
    ("text_search_parser", "cutter",
     "CREATE TEXT SEARCH PARSER cutter (START = prsd_start, GETTOKEN = prsd_nexttoken,"
     " END = prsd_end, LEXTYPES = prsd_lextype)"),
    ("text_search_template", "mould",
     "CREATE TEXT SEARCH TEMPLATE mould (LEXIZE = dsimple_lexize)"),
    ("statistics", "s", "CREATE STATISTICS s ON id, name FROM instruments"),
    ("schema", "attic", "CREATE SCHEMA attic"),
    ("event_trigger", "watch",
     "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
     "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch()"),
    ("publication", "feed", "CREATE PUBLICATION feed FOR TABLE instruments"),
    ("foreign_data_wrapper", "nothing", "CREATE FOREIGN DATA WRAPPER nothing"),
    ("foreign_server", "nowhere", "CREATE FOREIGN DATA WRAPPER n; "
     "CREATE SERVER nowhere FOREIGN DATA WRAPPER n"),
    ("user_mapping", "public on nowhere", "CREATE FOREIGN DATA WRAPPER n; "
     "CREATE SERVER nowhere FOREIGN DATA WRAPPER n; CREATE USER MAPPING FOR public SERVER nowhere"),
    ("language", "plnothing",
     "CREATE LANGUAGE plnothing HANDLER plpgsql_call_handler"),
    ("access_method", "heap_too",
     "CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler"),
    ("transform", "integer for sql",
     "CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))"),
)  # fmt: skip


#: What is judged: the kind, the object, the statement.
JUDGED = {
    ("view", "latest"): "CREATE VIEW latest AS SELECT * FROM market_data",
    ("materialized_view", "kept"): "CREATE MATERIALIZED VIEW kept AS SELECT * FROM market_data",
    ("table", "positions"): "CREATE TABLE positions (id int)",
    ("table", "parted"): "CREATE TABLE parted (d date) PARTITION BY RANGE (d)",
    ("column", "curves.spread"): "ALTER TABLE curves ADD spread text",
    ("check", "instruments.odd"): "ALTER TABLE instruments ADD CONSTRAINT odd CHECK (id > 0)",
    ("unique", "instruments.twice"): "ALTER TABLE instruments ADD CONSTRAINT twice UNIQUE (name)",
    ("index", "instruments.ix"): "CREATE INDEX ix ON instruments (name)",
    ("trigger", "instruments.swallow"): (
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER swallow BEFORE INSERT ON instruments FOR EACH ROW"
        " EXECUTE FUNCTION swallow()"
    ),
    ("rule", "data_sources.keep"): (
        "CREATE RULE keep AS ON DELETE TO data_sources DO INSTEAD NOTHING"
    ),
    ("row_security_policy", "instruments.mine"): "CREATE POLICY mine ON instruments USING (true)",
    ("exclusion", "instruments.apart"): (
        "ALTER TABLE instruments ADD CONSTRAINT apart EXCLUDE USING btree (ticker WITH =)"
    ),
    ("foreign_key", "data_sources.of"): (
        "ALTER TABLE data_sources ADD CONSTRAINT of FOREIGN KEY (id) REFERENCES instruments"
    ),
}


@pytest.mark.parametrize(
    ("kind", "name", "sql"),
    SEEN,
    ids=[f"{kind} {name}".replace(" ", "-") for kind, name, _ in SEEN],
)
def test_what_nothing_judges_is_named(database, kind, name, sql):
    if kind == "conversion" and not database.capabilities.concurrent_sessions:
        pytest.skip("the embedded server ends when it loads a conversion's library")
    before = database.compare()
    assert not before.seen
    database.execute(sql)
    compared = database.compare()
    assert not compared.findings
    assert (kind, name) in {(item.kind, item.object) for item in compared.seen}
    assert compared.accounted[kind] == before.accounted.get(kind, 0) + 1


#: What is altered of an extension or of PostgreSQL: where it is named, the object, the statement.
ALTERED = (
    ("timescaledb", "function time_bucket(interval,timestamp with time zone)",
     "CREATE OR REPLACE FUNCTION time_bucket(bucket_width interval, ts timestamptz) RETURNS"
     " timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS 'SELECT ts'"),
    ("timescaledb", "function time_bucket(interval,date)",
     "REVOKE EXECUTE ON FUNCTION time_bucket(interval, date) FROM PUBLIC"),
    ("timescaledb", "function hidden()", "CREATE FUNCTION hidden() RETURNS int LANGUAGE sql AS"
     " 'SELECT 1'; ALTER EXTENSION timescaledb ADD FUNCTION hidden()"),
    ("plpgsql", "function hidden()", "CREATE FUNCTION hidden() RETURNS int LANGUAGE sql AS"
     " 'SELECT 1'; ALTER EXTENSION plpgsql ADD FUNCTION hidden()"),
    ("timescaledb", "view _timescaledb_internal.hidden",
     "CREATE VIEW _timescaledb_internal.hidden AS SELECT * FROM curves"),
    ("timescaledb", "table _timescaledb_internal.hidden",
     "CREATE TABLE _timescaledb_internal.hidden (id int)"),
    ("timescaledb", "trigger s on table _timescaledb_catalog.chunk",
     "CREATE TRIGGER s BEFORE UPDATE ON _timescaledb_catalog.chunk FOR EACH ROW"
     " EXECUTE FUNCTION suppress_redundant_updates_trigger()"),
    ("pg_catalog", "function lower(text)", "ALTER FUNCTION pg_catalog.lower(text) VOLATILE"),
    ("pg_catalog", "operator =(integer,integer)", "ALTER OPERATOR = (int, int) SET (JOIN = NONE)"),
    ("pg_catalog", "view pg_locks",
     "CREATE OR REPLACE VIEW pg_catalog.pg_locks AS SELECT * FROM pg_lock_status() LIMIT 1"),
    ("pg_catalog", "cast from integer to boolean", "UPDATE pg_cast SET castcontext = 'i' WHERE"
     " castsource = 'int'::regtype AND casttarget = 'bool'::regtype"),
    ("timescaledb", "table _timescaledb_catalog.chunk",
     "GRANT UPDATE ON _timescaledb_catalog.chunk TO PUBLIC"),
    ("timescaledb", "schema _timescaledb_internal",
     "GRANT CREATE ON SCHEMA _timescaledb_internal TO pg_monitor"),
    ("pg_catalog", "table pg_authid", "GRANT SELECT ON pg_authid TO PUBLIC"),
    ("pg_catalog", "view pg_views", "REVOKE SELECT ON pg_catalog.pg_views FROM PUBLIC"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "name", "sql"), ALTERED, ids=[f"{owner} {name}" for owner, name, _ in ALTERED]
)
def test_what_is_altered_of_an_extension_or_of_postgresql_is_named(database, owner, name, sql):
    database.execute(sql)
    compared = database.compare()
    assert not compared.findings
    (entry,) = compared.seen
    assert (entry.object, entry.reason) == (
        owner,
        f"altered objects is ({name}), which no model declares",
    )


@pytest.mark.parametrize(
    "sql",
    [
        "GRANT SELECT ON pg_class, _timescaledb_catalog.chunk TO PUBLIC",
        "GRANT ALL ON SCHEMA pg_catalog, _timescaledb_internal TO CURRENT_USER",
        "REVOKE ALL ON _timescaledb_catalog.chunk FROM CURRENT_USER",
    ],
)
def test_privileges_of_a_catalog_that_are_given_anyway_are_not_named(database, sql):
    database.execute(sql)
    assert not database.compare().seen


def test_many_altered_objects_are_one_entry(database):
    database.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA _timescaledb_functions TO PUBLIC")
    (entry,) = database.compare().seen
    assert re.search(r", and \d+ more\), which", entry.reason)


def test_a_table_in_pg_catalog_is_a_finding(database):
    """It comes before a table of the same name in any search_path."""
    database.execute("SET LOCAL allow_system_table_mods = on; CREATE TABLE pg_catalog.curves ()")
    database.expect({"table:pg_catalog.curves:exists"})


#: What belongs to something that is accounted for, and is therefore no object of its own.
BELONGS = (
    Alteration(
        "chunks in the schema of their table",
        "CREATE SCHEMA attic; CREATE TABLE attic.ticks (t timestamptz NOT NULL);"
        "SELECT create_hypertable('attic.ticks', 't', associated_schema_name => 'public');"
        "INSERT INTO attic.ticks VALUES ('2020-01-01')",
    ),
    Alteration(
        "a continuous aggregate's own tables and views",
        "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS"
        " SELECT time_bucket('1 day', timestamp) AS day, max(close) FROM market_data GROUP BY 1"
        " WITH NO DATA; ALTER MATERIALIZED VIEW daily SET (timescaledb.compress)",
        community=True,
    ),
    Alteration("a column's sequence", "ALTER TABLE instruments ADD number serial"),
    Alteration("a table's row type and array", "CREATE TABLE attic (x int)"),
    Alteration("a temporary table", "CREATE TEMP TABLE t (x int)"),
    Alteration(
        "partitions",
        "CREATE TABLE parted (d date) PARTITION BY RANGE (d);"
        "CREATE TABLE parted_1 PARTITION OF parted DEFAULT",
    ),
)


@parametrize(BELONGS)
def test_what_belongs_to_something_is_no_object_of_its_own(database, case):
    database.alter(case)
    compared = database.compare()
    own = {"schema": 1} if "SCHEMA" in case.sql else {}
    own |= {"continuous_aggregate": 1, "compression": 1} if "continuous" in case.sql else {}
    own |= {"table": 1, "column": 1} if "CREATE TABLE" in case.sql and not own else {}
    own |= {"column": 1} if "serial" in case.sql else {}
    before = {kind: n - own.get(kind, 0) for kind, n in compared.accounted.items()}
    database.connection.rollback()
    assert {kind: n for kind, n in before.items() if n} == database.compare().accounted


def test_the_table_knows_the_catalogs_of_this_server(database):
    unknown = {item.object for item in database.compare().seen if item.kind == "catalog"}
    assert unknown == set()


@pytest.mark.parametrize(
    ("table", "relation", "server"),
    [
        (POSTGRESQL, "pg_event_trigger", "PostgreSQL"),
        (TIMESCALEDB, "timescaledb_information.jobs", "TimescaleDB"),
        (TIMESCALEDB, "_timescaledb_catalog.chunk_column_stats", "TimescaleDB"),
    ],
)
def test_a_relation_that_the_table_does_not_know_is_named(
    database, monkeypatch, table, relation, server
):
    monkeypatch.delitem(table, relation)
    (seen,) = database.compare().seen
    assert (seen.kind, seen.object) == ("catalog", relation)
    assert seen.reason.startswith(f"{server} ")
    assert seen.reason.endswith(f" has {relation}, which this version does not check")


def test_a_column_that_the_table_does_not_know_is_named(database, monkeypatch):
    known = TIMESCALEDB["timescaledb_information.dimensions"]
    fewer = known.judged.replace("num_partitions", "")
    changed = replace(known, judged=fewer)
    monkeypatch.setitem(TIMESCALEDB, "timescaledb_information.dimensions", changed)
    assert [item.object for item in database.compare().seen] == [
        "timescaledb_information.dimensions.num_partitions"
    ]


def test_an_object_of_a_kind_that_the_census_does_not_know_is_named(database, monkeypatch):
    monkeypatch.setattr(census, "_KNOWN", census._KNOWN - {"collation"})
    database.execute('CREATE COLLATION plain FROM "C"')
    assert [(item.kind, item.object) for item in database.compare().seen] == [
        ("object", "collation plain")
    ]


@pytest.mark.parametrize("kind", [name for name in KINDS if name not in ("catalog", "object")])
def test_the_table_says_where_every_kind_is_read(kind):
    treated = {k for table in (POSTGRESQL, TIMESCALEDB) for t in table.values() for k in t.kinds}
    assert kind in treated


@pytest.mark.parametrize("table", [POSTGRESQL, TIMESCALEDB], ids=["PostgreSQL", "TimescaleDB"])
def test_what_the_table_says_is_looked_at_is_read_by_some_statement(table):
    folder = Path(census.__file__).parent / "sql"
    words = set(re.findall(r"\w+", " ".join(path.read_text() for path in folder.glob("*.sql"))))
    unread = {
        f"{relation}.{column}"
        for relation, treatment in table.items()
        for column, treated in treatment.columns.items()
        if treated in ("judged", "seen") and column not in words
    }
    assert unread == set()


def test_forty_undeclared_things_are_all_named(database):
    """What is judged is a finding, what is not is seen; nothing is left out."""
    one_alone = ("conversion", "foreign_server", "user_mapping", "continuous_aggregate")
    things = {(kind, name): sql for kind, name, sql in SEEN if kind not in one_alone}
    for sql in things.values():
        database.execute(sql)
    for (kind, name), sql in JUDGED.items():
        things[kind, name] = sql
        database.execute(sql)
    assert len(things) >= 40
    compared = database.compare()
    named = {(item.kind, item.object) for item in compared.seen}
    named |= {(finding.kind, finding.object) for finding in compared.findings.values()}
    assert set(things) - named == set()
