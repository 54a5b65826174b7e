"""An audit that the server cannot answer says the server's error, its object and the way out."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, NullPool, Table, create_engine

import conformance.audit
from conformance.audit import audit
from conformance.comparing.capabilities import version_tuple
from conformance.errors import EngineUnavailable
from conformance.observed import Scope
from conformance.observed.damaged import CatalogDamaged
from conformance.pipeline import facts_of

MADE = """
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE FUNCTION one() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TABLE ticks (at int NOT NULL, a int);
"""
#: The name of what loses the function that it calls -> how it is made, and how it goes.
DAMAGED = {
    "view of_one": ("CREATE VIEW of_one AS SELECT one() + at AS x FROM ticks", "DROP VIEW of_one"),
    "materialized view of_one": (
        "CREATE MATERIALIZED VIEW of_one AS SELECT one() + at AS x FROM ticks WITH NO DATA",
        "DROP MATERIALIZED VIEW of_one",
    ),
    "default value for column a of table ticks": (
        "ALTER TABLE ticks ALTER a SET DEFAULT one()",
        "ALTER TABLE ticks ALTER a DROP DEFAULT",
    ),
    "constraint ck on table ticks": (
        "ALTER TABLE ticks ADD CONSTRAINT ck CHECK (a <> one())",
        "ALTER TABLE ticks DROP CONSTRAINT ck",
    ),
    "index ix": ("CREATE INDEX ix ON ticks (at) WHERE a > one()", "DROP INDEX ix"),
    "trigger logged on table ticks": (
        "CREATE TRIGGER logged BEFORE INSERT ON ticks FOR EACH ROW EXECUTE FUNCTION logs()",
        "DROP TRIGGER logged ON ticks",
    ),
    "rule none on table ticks": (
        "CREATE RULE none AS ON DELETE TO ticks WHERE one() = 1 DO INSTEAD NOTHING",
        "DROP RULE none ON ticks",
    ),
    "policy only_one on table ticks": (
        "CREATE POLICY only_one ON ticks USING (a = one())",
        "DROP POLICY only_one ON ticks",
    ),
}


def execute(url, sql):
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.exec_driver_sql("SET LOCAL client_min_messages = error")
        connection.exec_driver_sql(sql)


def models():
    metadata = MetaData()
    Table("ticks", metadata, Column("at", Integer, nullable=False), Column("a", Integer))
    return metadata


def audited(url):
    return audit(url.render_as_string(hide_password=False), models())


@pytest.mark.parametrize(("name", "way"), DAMAGED.items(), ids=DAMAGED)
def test_a_damaged_object_is_named(conformance_engine, name, way):
    made, dropped = way
    with conformance_engine.database() as url:
        execute(url, MADE + made)
        execute(
            url,
            "SET LOCAL allow_system_table_mods = on;"
            "DELETE FROM pg_proc WHERE proname IN ('one', 'logs')",
        )
        with pytest.raises(EngineUnavailable) as raised:
            audited(url)
        assert f" failed at {name}: cache lookup failed for function " in raised.value.problem
        assert "Drop the object and create it again" in raised.value.hint
        with (
            create_engine(url, poolclass=NullPool).connect() as connection,
            pytest.raises(CatalogDamaged) as caught,
        ):
            facts_of(connection, Scope())
        assert caught.value.problem.startswith(
            f"Reading the catalog failed at {name}: cache lookup failed for function "
        )
        assert caught.value.hint == raised.value.hint.partition("nothing. ")[2]
        execute(url, dropped)
        assert audited(url).verdict == "conforms"


@pytest.mark.parametrize(
    ("dropped", "named"),
    [
        ("DROP TABLE ticks", "public.ticks"),
        (
            "INSERT INTO ticks VALUES (1), (20); DO $$ BEGIN EXECUTE 'DROP TABLE ' ||"
            " (SELECT c FROM show_chunks('ticks') c LIMIT 1); END $$",
            "_timescaledb_internal._hyper_",
        ),
    ],
    ids=["hypertable", "chunk"],
)
def test_what_was_dropped_behind_the_back_of_timescaledb(conformance_engine, dropped, named):
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("the information views of compression read the names of hypertables")
    if "chunks" in dropped and version_tuple(conformance_engine.server.timescaledb) >= (2, 29):
        pytest.skip("chunks have no names from 2.29 on: reading and writing work without the table")
    with conformance_engine.database() as url:
        execute(
            url,
            MADE + "SELECT create_hypertable('ticks', 'at', chunk_time_interval => 10);"
            "ALTER TABLE ticks SET (timescaledb.compress, timescaledb.compress_orderby = 'at');"
            f"ALTER EVENT TRIGGER timescaledb_ddl_sql_drop DISABLE; {dropped};"
            "ALTER EVENT TRIGGER timescaledb_ddl_sql_drop ENABLE",
        )
        with pytest.raises(EngineUnavailable) as raised:
            audited(url)
    assert f" has hypertables or chunks without tables: {named}" in raised.value.problem
    assert "while event triggers were off" in raised.value.hint


def test_only_a_busy_server_is_worth_another_try(server_engine, monkeypatch):
    with server_engine.database() as url:
        execute(url, MADE)
        monkeypatch.setattr(conformance.audit, "STATEMENT_TIMEOUT", "1ms")
        with pytest.raises(EngineUnavailable, match="statement timeout") as raised:
            audited(url)
        assert "Try again when the server is less busy" in raised.value.hint
        monkeypatch.undo()
        execute(
            url,
            "REVOKE SELECT ON pg_policy FROM PUBLIC;"
            "CREATE ROLE auditor_of_a_test LOGIN PASSWORD 'x'",
        )
        try:
            with pytest.raises(EngineUnavailable, match="permission denied for table") as raised:
                audited(url.set(username="auditor_of_a_test", password="x"))
        finally:
            execute(url, "DROP ROLE auditor_of_a_test")
        assert "busy" not in raised.value.hint
