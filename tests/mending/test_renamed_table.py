"""A table that the models call by another name keeps its rows, as the finding advises."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    NullPool,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
)

from conformance import (
    Compression,
    ContinuousAggregate,
    Hypertable,
    Retention,
    View,
    declare,
)
from conformance.mending.plan import plan_for
from conformance.pipeline import check_database

EXTENSION = "CREATE EXTENSION IF NOT EXISTS timescaledb"
CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
}


def towns(name, schema=None, column="town_id", **options):
    metadata = MetaData(**options)
    Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", Text, CheckConstraint("name <> ''", name="named"), index=True),
        Column("code", Integer, unique=True),
        schema=schema,
    )
    place = f"{schema}.{name}" if schema else name
    written = f'{schema}."{name}"' if schema else name
    Table(
        "streets",
        metadata,
        Column("id", Integer, primary_key=True),
        Column(column, ForeignKey(f"{place}.id"), nullable=False),
    )
    declare(metadata, View(f"SELECT id, name FROM {written}", name="names"))
    return metadata


def proven(conformance_engine, statements, first, then, expected):
    """The statements of the fix; the rows of the first query are there before and after."""
    with conformance_engine.database() as url:
        engine = create_engine(url, poolclass=NullPool)

        def run(statements):
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)

        def compared(metadata):
            with engine.connect() as connection:
                return check_database(connection, metadata, conformance_engine.capabilities)

        run([EXTENSION])
        with engine.begin() as connection:
            first.create_all(connection)
        run(statements)
        assert not compared(first).findings
        before = compared(first)
        plan = plan_for(compared(then))
        assert not plan.unmended
        run(step.sql for step in plan.upgrade)
        assert not compared(then).findings
        with engine.connect() as connection:
            for query, rows in expected.items():
                assert connection.exec_driver_sql(query).all() == rows
        run(step.sql for step in plan.downgrade)
        after = compared(first)
        assert not after.findings
        assert {
            key: value for key, value in after.sides[1].items() if key.kind != "schema"
        } == before.sides[1]
        return [step.sql for step in plan.upgrade]


FILLED = (
    "CREATE VIEW names AS SELECT id, name FROM towns",
    "INSERT INTO towns VALUES (1, 'Delft', 7)",
    "INSERT INTO streets VALUES (1, 1)",
    "COMMENT ON COLUMN towns.name IS 'in Dutch'",
    "ALTER TABLE towns SET (fillfactor = 70)",
)


def test_it_is_renamed_and_back(conformance_engine):
    statements = proven(
        conformance_engine,
        FILLED,
        towns("towns", naming_convention=CONVENTION),
        towns("cities", naming_convention=CONVENTION),
        {"SELECT * FROM cities": [(1, "Delft", 7)], "SELECT name FROM names": [("Delft",)]},
    )
    assert statements[0] == "ALTER TABLE towns RENAME TO cities"
    assert not [statement for statement in statements if " TABLE cities (" in statement]
    assert not [statement for statement in statements if statement.startswith("DROP")]


def test_a_column_of_another_table_is_renamed_as_well(conformance_engine):
    statements = proven(
        conformance_engine,
        FILLED,
        towns("towns"),
        towns("cities", column="city_id"),
        {"SELECT name, city_id FROM cities JOIN streets ON city_id = cities.id": [("Delft", 1)]},
    )
    assert statements == [
        "ALTER TABLE towns RENAME TO cities",
        "ALTER TABLE streets RENAME COLUMN town_id TO city_id",
        "ALTER INDEX ix_towns_name RENAME TO ix_cities_name",
    ]


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (
            ("towns", None, "towns", "geo"),
            ["CREATE SCHEMA IF NOT EXISTS geo", "ALTER TABLE towns SET SCHEMA geo"],
        ),
        (
            ("towns", None, "Cities", "geo"),
            [
                "CREATE SCHEMA IF NOT EXISTS geo",
                "ALTER TABLE towns SET SCHEMA geo",
                'ALTER TABLE geo.towns RENAME TO "Cities"',
            ],
        ),
    ],
    ids=["moved", "moved and renamed"],
)
def test_it_is_moved_and_back(conformance_engine, names, first):
    """The schema is created, and is empty afterwards."""
    old, schema, new, new_schema = names
    statements = proven(
        conformance_engine,
        FILLED,
        towns(old, schema),
        towns(new, new_schema),
        {f'SELECT * FROM {new_schema}."{new}"': [(1, "Delft", 7)]},
    )
    assert statements[: len(first)] == first
    assert not [statement for statement in statements if "CREATE TABLE" in statement]


def readings(name, schema=None):
    metadata = MetaData()
    place = f"{schema}.{name}" if schema else name
    Table(
        name,
        metadata,
        Column("at", DateTime(timezone=True), primary_key=True),
        Column("sensor", Integer, primary_key=True),
        Column("value", Integer),
        UniqueConstraint("sensor", "at", name="one_at_a_time"),
        Hypertable("at", chunk_interval="7 days"),
        Compression(segment_by="sensor", order_by="at DESC", after="30 days"),
        Retention(drop_after="1 year"),
        schema=schema,
    )
    query = f"SELECT time_bucket('1 day', at) AS day, max(value) AS most FROM {place} GROUP BY 1"
    declare(metadata, ContinuousAggregate(query, name="daily", materialized_only=True))
    return metadata


@pytest.mark.parametrize(
    ("name", "schema", "first"),
    [
        ("measurements", None, ["ALTER TABLE readings RENAME TO measurements"]),
        (
            "readings",
            "lab",
            ["CREATE SCHEMA IF NOT EXISTS lab", "ALTER TABLE readings SET SCHEMA lab"],
        ),
    ],
    ids=["renamed", "moved"],
)
def test_a_hypertable_keeps_its_chunks_and_its_aggregate(conformance_engine, name, schema, first):
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")
    statements = proven(
        conformance_engine,
        (
            "SELECT create_hypertable('readings', 'at', chunk_time_interval => INTERVAL '7 days')",
            "ALTER TABLE readings SET (timescaledb.compress, timescaledb.compress_segmentby ="
            " 'sensor', timescaledb.compress_orderby = 'at DESC')",
            "SELECT add_compression_policy('readings', INTERVAL '30 days')",
            "SELECT add_retention_policy('readings', INTERVAL '1 year')",
            "INSERT INTO readings VALUES ('2024-01-01', 1, 20)",
            "SELECT compress_chunk(chunk) FROM show_chunks('readings') AS chunk",
            "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS SELECT"
            " time_bucket('1 day', at) AS day, max(value) AS most FROM readings GROUP BY 1"
            " WITH NO DATA",
            "CALL refresh_continuous_aggregate('daily', NULL, NULL)",
        ),
        readings("readings"),
        readings(name, schema),
        {
            f"SELECT value FROM {f'{schema}.' if schema else ''}{name}": [(20,)],
            "SELECT most FROM daily": [(20,)],
        },
    )
    assert statements[: len(first)] == first
    assert not [
        statement
        for statement in statements[len(first) :]
        if statement.startswith(("DROP", "CREATE"))
    ]


def test_what_nobody_declared_is_dropped(conformance_engine):
    """An index and a trigger of the table, under its new name."""
    metadata = towns("cities")
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        connection.exec_driver_sql(EXTENSION)
        towns("towns").create_all(connection)
        for statement in (
            *FILLED,
            "CREATE INDEX by_hand ON towns (code, name)",
            "CREATE TRIGGER unchanged BEFORE UPDATE ON towns FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "GRANT SELECT ON towns TO PUBLIC",
        ):
            connection.exec_driver_sql(statement)

        def compared():
            return check_database(connection, metadata, conformance_engine.capabilities)

        before = compared()
        plan = plan_for(before)
        assert not plan.unmended
        for step in plan.upgrade:
            connection.exec_driver_sql(step.sql)
        assert not compared().findings
        assert connection.exec_driver_sql("SELECT name FROM cities").scalar() == "Delft"
        for step in plan.downgrade:
            connection.exec_driver_sql(step.sql)
        assert compared().sides[1] == before.sides[1]
