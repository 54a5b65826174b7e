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
    Table,
    Text,
    UniqueConstraint,
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


def proven(altered, statements, first, then, rows):
    """The statements that mend a database that has the first models and is to have the others."""
    schemas = sorted({table.schema for table in first.tables.values() if table.schema})
    altered.run(f"CREATE SCHEMA {schema}" for schema in schemas)
    with altered.sessions.begin() as connection:
        first.create_all(connection)
    altered.run(statements)
    return altered.mended(first, then, rows)


FILLED = (
    "CREATE VIEW names AS SELECT id, name FROM towns",
    "INSERT INTO towns VALUES (1, 'Delft', 7)",
    "INSERT INTO streets VALUES (1, 1)",
    "COMMENT ON COLUMN towns.name IS 'in Dutch'",
    "ALTER TABLE towns SET (fillfactor = 70)",
)


def test_it_is_renamed_and_back(altered):
    statements = proven(
        altered,
        FILLED,
        towns("towns", naming_convention=CONVENTION),
        towns("cities", naming_convention=CONVENTION),
        {"SELECT * FROM cities": [(1, "Delft", 7)], "SELECT name FROM names": [("Delft",)]},
    )
    assert statements[0] == "ALTER TABLE towns RENAME TO cities"
    assert not [statement for statement in statements if " TABLE cities (" in statement]
    assert not [statement for statement in statements if statement.startswith("DROP")]


def test_a_column_of_another_table_is_renamed_as_well(altered):
    statements = proven(
        altered,
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


def of_tenants(name):
    metadata = MetaData()
    for tenant in ("acme", "globex"):
        Table(
            name,
            metadata,
            Column("id", Integer, primary_key=True),
            Column("name", Text, index=True),
            schema=tenant,
        )
    return metadata


def test_it_is_renamed_in_the_schema_of_each_tenant(altered):
    statements = proven(
        altered,
        [f"INSERT INTO {tenant}.towns VALUES (1, '{tenant}')" for tenant in ("acme", "globex")],
        of_tenants("towns"),
        of_tenants("cities"),
        {f"SELECT name FROM {tenant}.cities": [(tenant,)] for tenant in ("acme", "globex")},
    )
    assert statements[:2] == [
        f"ALTER TABLE {tenant}.towns RENAME TO cities" for tenant in ("acme", "globex")
    ]
    assert not [statement for statement in statements if statement.startswith("DROP")]


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
def test_it_is_moved_and_back(altered, names, first):
    """The schema is created, and is empty afterwards."""
    old, schema, new, new_schema = names
    statements = proven(
        altered,
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
        Retention(drop_after="100 years"),
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
def test_a_hypertable_keeps_its_chunks_and_its_aggregate(altered, name, schema, first):
    if not altered.capabilities.community_edition:
        pytest.skip("needs the Community edition")
    statements = proven(
        altered,
        (
            "SELECT create_hypertable('readings', 'at', chunk_time_interval => INTERVAL '7 days')",
            "ALTER TABLE readings SET (timescaledb.compress, timescaledb.compress_segmentby ="
            " 'sensor', timescaledb.compress_orderby = 'at DESC')",
            "SELECT add_compression_policy('readings', INTERVAL '30 days')",
            "SELECT add_retention_policy('readings', INTERVAL '100 years')",
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


def test_what_nobody_declared_is_dropped(altered):
    """An index and a trigger of the table, under its new name."""
    metadata = towns("cities")
    with altered.sessions.begin() as connection:
        towns("towns").create_all(connection)
    altered.run(
        [
            *FILLED,
            "CREATE INDEX by_hand ON towns (code, name)",
            "CREATE TRIGGER unchanged BEFORE UPDATE ON towns FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "GRANT SELECT ON towns TO PUBLIC",
        ]
    )
    before = altered.compared(metadata)
    plan = plan_for(before)
    assert not plan.unmended
    altered.run(step.sql for step in plan.upgrade)
    assert not altered.compared(metadata).findings
    assert altered.rows("SELECT name FROM cities") == [("Delft",)]
    altered.run(step.sql for step in plan.downgrade)
    assert altered.compared(metadata).sides[1] == before.sides[1]


def partitioned(name):
    metadata = MetaData()
    Table(name, metadata, Column("at", DateTime, nullable=False), Column("x", Integer),
          postgresql_partition_by="RANGE (at)")  # fmt: skip
    return metadata


def test_a_partitioned_table_keeps_its_partitions(altered):
    statements = proven(
        altered,
        [
            "CREATE TABLE later PARTITION OF t DEFAULT",
            "INSERT INTO t VALUES ('2024-01-01', 1)",
        ],
        partitioned("t"),
        partitioned("u"),
        {"SELECT x FROM u": [(1,)]},
    )
    assert statements == ["ALTER TABLE t RENAME TO u"]


def test_a_parent_table_is_created_before_its_child(altered):
    """A table of one column may be any other, and is not renamed."""

    def models_with(parent):
        metadata = MetaData()
        Table(parent, metadata, Column("note", Text))
        Table("child", metadata, Column("note", Text), Column("id", Integer),
              postgresql_inherits=parent)  # fmt: skip
        return metadata

    statements = proven(altered, [], models_with("notes"), models_with("remarks"), {})
    assert [statement.split("(")[0].strip() for statement in statements] == [
        "ALTER TABLE child NO INHERIT notes",
        "DROP TABLE notes",
        "CREATE TABLE remarks",
        "ALTER TABLE child INHERIT remarks",
    ]
