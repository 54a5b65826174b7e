"""A live catalog as metadata, from which rows are generated if no models fit."""

from __future__ import annotations

import pytest
from sqlalchemy import Enum, ForeignKeyConstraint, create_engine, pool, text

from conformance.comparing.facts import FactKey
from conformance.declarations import compression_of, hypertable_of
from conformance.expected import expected_facts
from conformance.population.filling import fill_every_state
from conformance.population.reflection import reflect, schemas_of
from models import Base

OTHERS = """
CREATE SCHEMA "Odd One";
CREATE TYPE "Odd One".mood AS ENUM ('good', 'bad');
CREATE DOMAIN "Odd One".volts AS numeric(4,3) CHECK (VALUE >= 0);
CREATE DOMAIN code AS varchar(3);
CREATE TABLE "Odd One"."Parent" ("The Id" integer PRIMARY KEY, mood "Odd One".mood NOT NULL);
CREATE TABLE counted (
    n bigint NOT NULL, "a ""b" integer NOT NULL, parent integer NOT NULL
        REFERENCES "Odd One"."Parent" ("The Id"),
    share double precision CHECK (share BETWEEN 0 AND 1),
    volts "Odd One".volts NOT NULL, code code NOT NULL, PRIMARY KEY (n, "a ""b"));
SELECT create_hypertable('counted', 'n', chunk_time_interval => 100);
SELECT add_dimension('counted', 'a "b', number_partitions => 3);
"""


@pytest.fixture
def connection(conformance_engine, schema_template):
    with (
        conformance_engine.database(schema_template) as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        yield connection


def test_hypertables_and_compression_are_as_the_models_declare(connection, conformance_engine):
    found = expected_facts(reflect(connection), default_schema="public")
    wanted = expected_facts(Base.metadata, default_schema="public")
    kinds = {"table", "hypertable"} | (
        {"compression"} if conformance_engine.capabilities.community_edition else set()
    )

    def of_kinds(facts):
        return {key: value for key, value in facts.items() if key.kind in kinds}

    assert of_kinds(found) == of_kinds(wanted)


def test_chunks_foreign_tables_and_the_version_table_are_left_out(connection, conformance_engine):
    connection.exec_driver_sql(
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;"
        "CREATE FOREIGN TABLE quotes (id integer) SERVER elsewhere"
    )
    fill_every_state(
        connection, Base.metadata, compress=conformance_engine.capabilities.community_edition
    )
    names = {table.name for table in reflect(connection).tables.values()}
    assert names == {table.name for table in Base.metadata.tables.values()}


def test_names_partitions_enums_and_other_schemas(connection):
    connection.exec_driver_sql(OTHERS, execution_options={"no_parameters": True})
    assert schemas_of(connection) == ("Odd One", "public")
    metadata = reflect(connection)
    counted, parent = metadata.tables["counted"], metadata.tables["Odd One.Parent"]
    hypertable = hypertable_of(counted)
    assert (hypertable.time_column, hypertable.chunk_interval) == ("n", 100)
    assert [(item.column, item.partitions) for item in hypertable.partitions] == [('a "b', 3)]
    assert compression_of(counted) is None
    assert isinstance(parent.c.mood.type, Enum)
    volts, code = (counted.c[name].type.data_type for name in ("volts", "code"))
    assert (volts.precision, volts.scale, code.length) == (4, 3, 3)
    (key,) = [item for item in counted.constraints if isinstance(item, ForeignKeyConstraint)]
    assert key.referred_table is parent


def test_rows_can_be_derived_from_it(connection, conformance_engine):
    connection.exec_driver_sql(OTHERS, execution_options={"no_parameters": True})
    fill_every_state(
        connection, reflect(connection), compress=conformance_engine.capabilities.community_edition
    )
    assert connection.scalar(text("SELECT count(*) FROM counted")) > 4
    assert connection.scalar(text('SELECT count(*) FROM "Odd One"."Parent"')) > 4


def test_an_order_that_needs_care(connection, conformance_engine):
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")
    connection.exec_driver_sql(OTHERS, execution_options={"no_parameters": True})
    connection.execute(
        text(
            "ALTER TABLE counted SET (timescaledb.compress, "
            "timescaledb.compress_segmentby = 'parent', "
            "timescaledb.compress_orderby = 'share DESC NULLS LAST, n')"
        )
    )
    compression = compression_of(reflect(connection).tables["counted"])
    assert compression.segment_by == ("parent",)
    assert [str(item) for item in compression.order_by][:2] == [
        "share DESC NULLS LAST",
        "n ASC NULLS LAST",
    ]
    assert FactKey("compression", "counted", "", "exists") in expected_facts(
        reflect(connection), default_schema="public"
    )
