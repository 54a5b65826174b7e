"""A column that the models call by another name keeps its values, as the finding advises."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Integer,
    MetaData,
    NullPool,
    Table,
    UniqueConstraint,
    create_engine,
)

from conformance import (
    Compression,
    ContinuousAggregate,
    Hypertable,
    RowSecurity,
    RowSecurityPolicy,
    Trigger,
    View,
    declare,
)
from conformance.mending.plan import plan_for
from conformance.pipeline import check_database

MADE = (
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer)",
    "SELECT create_hypertable('t', 'at')",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
)


def models(*names):
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        *(Column(name, Integer) for name in names),
        Hypertable("at", chunk_interval="7 days"),
    )
    return metadata


def test_it_is_renamed_and_back(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        for statement in MADE:
            connection.exec_driver_sql(statement)

        def planned(metadata):
            return plan_for(check_database(connection, metadata, conformance_engine.capabilities))

        assert planned(models("heat")).upgrade == ()
        plan = planned(models("warmth"))
        assert plan.mended == ("column:t.warmth:exists",)
        assert [step.sql for step in plan.upgrade] == ["ALTER TABLE t RENAME COLUMN heat TO warmth"]
        for step in plan.upgrade:
            connection.exec_driver_sql(step.sql)
        assert planned(models("warmth")).upgrade == ()
        assert connection.exec_driver_sql("SELECT warmth FROM t").scalar() == 20
        for step in plan.downgrade:
            connection.exec_driver_sql(step.sql)
        assert planned(models("heat")).upgrade == ()


USED = (
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer, UNIQUE (heat, at))",
    "CREATE INDEX ix_t_heat ON t (heat)",
    "SELECT create_hypertable('t', 'at')",
    "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS SELECT time_bucket('1 day',"
    " at) AS day, max(heat) AS most FROM t GROUP BY 1 WITH NO DATA",
    "ALTER TABLE t SET (timescaledb.compress, timescaledb.compress_segmentby = 'heat',"
    " timescaledb.compress_orderby = 'at DESC')",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
)


def used(name):
    metadata = MetaData()
    query = f"SELECT time_bucket('1 day', at) AS day, max({name}) AS most FROM t GROUP BY 1"
    Table(
        "t",
        metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        Column(name, Integer, index=True),
        UniqueConstraint(name, "at", name="t_heat_at_key"),
        Hypertable("at", chunk_interval="7 days"),
        Compression(segment_by=name, order_by="at DESC", after=None),
    )
    declare(metadata, ContinuousAggregate(query, name="daily", materialized_only=True))
    return metadata


def test_what_uses_it_follows(conformance_engine):
    """Neither the aggregate nor the values are dropped, and the compressed chunks stay so."""
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        for statement in USED:
            connection.exec_driver_sql(statement)

        def compared(metadata):
            return check_database(connection, metadata, conformance_engine.capabilities)

        assert plan_for(compared(used("heat"))).upgrade == ()
        found = compared(used("warmth"))
        assert {finding.id for finding in found.findings.values()} == {
            "column:t.warmth:exists",
            "index:t.ix_t_warmth:exists",
        }
        plan = plan_for(found)
        assert [step.sql for step in plan.upgrade] == [
            "ALTER TABLE t RENAME COLUMN heat TO warmth",
            "ALTER INDEX ix_t_heat RENAME TO ix_t_warmth",
        ]
        for step in plan.upgrade:
            connection.exec_driver_sql(step.sql)
        assert not compared(used("warmth")).findings
        for step in plan.downgrade:
            connection.exec_driver_sql(step.sql)
        assert not compared(used("heat")).findings


NAMED = (
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer CONSTRAINT is_warm CHECK (heat > 0),"
    " UNIQUE (at, heat))",
    "SELECT create_hypertable('t', 'at')",
    "COMMENT ON COLUMN t.heat IS 'in degrees'",
    "CREATE INDEX ix_by_hand ON t (heat)",
    "CREATE VIEW by_hand AS SELECT at, heat FROM t",
    "GRANT SELECT (heat), UPDATE (at, heat) ON t TO PUBLIC",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
)


def test_what_nobody_declared_is_dropped_and_the_values_are_kept(conformance_engine):
    """Declared are the check and the key, under the new name; not the comment."""
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        Column("warmth", Integer, CheckConstraint("warmth > 0", name="is_warm")),
        UniqueConstraint("at", "warmth", name="t_at_heat_key"),
        Hypertable("at", chunk_interval="7 days"),
    )
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        for statement in NAMED:
            connection.exec_driver_sql(statement)

        def compared():
            return check_database(connection, metadata, conformance_engine.capabilities)

        before = compared()
        assert {finding.id for finding in before.findings.values() if finding.fails} == {
            "column:t.warmth:exists",
            "index:t.ix_by_hand:exists",
            "privilege:t (at).PUBLIC:exists",
            "view:by_hand:exists",
        }
        plan = plan_for(before)
        for step in plan.upgrade:
            connection.exec_driver_sql(step.sql)
        assert not compared().findings
        assert connection.exec_driver_sql("SELECT warmth FROM t").scalar() == 20
        assert (
            connection.exec_driver_sql("SELECT col_description('t'::regclass, 2)").scalar()
            == "in degrees"
        )
        for step in plan.downgrade:
            connection.exec_driver_sql(step.sql)
        assert compared().sides[1] == before.sides[1]


def test_an_index_that_is_left_follows(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        for statement in (*MADE, "CREATE INDEX ix_by_hand ON t (heat)"):
            connection.exec_driver_sql(statement)
        comparison = check_database(connection, models("warmth"), conformance_engine.capabilities)
        plan = plan_for(comparison, wanted=lambda finding: finding.kind == "column")
        assert [step.sql for step in plan.upgrade] == ["ALTER TABLE t RENAME COLUMN heat TO warmth"]
        assert [step.sql for step in plan.downgrade] == [
            "ALTER TABLE t RENAME COLUMN warmth TO heat"
        ]


FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
FIRST = "ALTER TABLE t RENAME COLUMN heat TO warmth"


def doubled(name):
    return [Column("doubled", Integer, Computed(f"{name} * 2", persisted=True))]


def triggered(name):
    condition = f"NEW.{name} > 2"
    return [
        Trigger(
            "tr",
            timing="before",
            events=f"update of id, {name}",
            condition=condition,
            function="f()",
        )
    ]


def policed(name):
    return [RowSecurity(), RowSecurityPolicy("p", using=f"{name} > 2")]


@pytest.mark.parametrize(
    ("statements", "declared", "more"),
    [
        (
            ["ALTER TABLE t ADD doubled integer GENERATED ALWAYS AS (heat * 2) STORED"],
            doubled,
            [],
        ),
        (
            [
                FUNCTION,
                "CREATE TRIGGER tr BEFORE UPDATE OF id, heat ON t FOR EACH ROW WHEN (NEW.heat > 2)"
                " EXECUTE FUNCTION f()",
            ],
            triggered,
            [
                "DROP TRIGGER tr ON t",
                "CREATE TRIGGER tr BEFORE UPDATE OF id, warmth ON t FOR EACH ROW"
                " WHEN (NEW.warmth > 2) EXECUTE FUNCTION f()",
            ],
        ),
        (
            ["ALTER TABLE t ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON t USING (heat > 2)"],
            policed,
            [],
        ),
        (
            ["CREATE VIEW v AS SELECT id, heat FROM t"],
            lambda name: [View(f"SELECT id, {name} FROM t", name="v")],
            ["ALTER TABLE v RENAME COLUMN heat TO warmth"],
        ),
        (
            ["CREATE VIEW v AS SELECT id, heat AS h FROM t"],
            lambda name: [View(f"SELECT id, {name} AS h FROM t", name="v")],
            [],
        ),
        (
            ["CREATE VIEW v AS SELECT id, heat FROM t"],
            lambda name: [View(f"SELECT id, {name} AS heat FROM t", name="v")],
            ["DROP VIEW v", "CREATE OR REPLACE VIEW v AS\nSELECT id, warmth AS heat FROM t"],
        ),
    ],
    ids=["generated", "trigger", "row security", "view", "alias", "alias of the old name"],
)
def test_what_reads_it_follows(conformance_engine, statements, declared, more):
    def models_with(name):
        metadata = MetaData()
        parts = declared(name)
        views = [part for part in parts if isinstance(part, View)]
        Table(
            "t",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column(name, Integer),
            *(part for part in parts if part not in views),
        )
        declare(metadata, *views)
        return metadata

    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        for statement in (
            "CREATE EXTENSION IF NOT EXISTS timescaledb",
            "CREATE TABLE t (id integer PRIMARY KEY, heat integer)",
            *statements,
        ):
            connection.exec_driver_sql(statement)

        def compared(name):
            return check_database(connection, models_with(name), conformance_engine.capabilities)

        assert not compared("heat").findings
        plan = plan_for(compared("warmth"))
        assert [step.sql for step in plan.upgrade] == [FIRST, *more]
        for step in plan.upgrade:
            connection.exec_driver_sql(step.sql)
        assert not compared("warmth").findings
        for step in plan.downgrade:
            connection.exec_driver_sql(step.sql)
        assert not compared("heat").findings


GROUPED = (
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer)",
    "SELECT create_hypertable('t', 'at')",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
    "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS SELECT time_bucket('1 day',"
    " at) AS day, heat, count(*) AS rows FROM t GROUP BY 1, 2 WITH NO DATA",
    "CALL refresh_continuous_aggregate('daily', NULL, NULL)",
)


def test_an_aggregate_keeps_its_rows(conformance_engine):
    """Its own column, which has the name of the renamed one, is renamed as well."""
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")

    def grouped(name):
        metadata = models(name)
        query = (
            f"SELECT time_bucket('1 day', at) AS day, {name}, count(*) AS rows FROM t GROUP BY 1, 2"
        )
        declare(metadata, ContinuousAggregate(query, name="daily", materialized_only=True))
        return metadata

    with conformance_engine.database() as url:
        engine = create_engine(url, poolclass=NullPool)

        def run(statements):
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)

        def compared(name):
            with engine.connect() as connection:
                return check_database(connection, grouped(name), conformance_engine.capabilities)

        def rows(name):
            with engine.connect() as connection:
                return connection.exec_driver_sql(f"SELECT {name}, rows FROM daily").all()

        run(GROUPED)
        assert not compared("heat").findings
        plan = plan_for(compared("warmth"))
        run(step.sql for step in plan.upgrade)
        assert not compared("warmth").findings
        assert rows("warmth") == [(20, 1)]
        run(step.sql for step in plan.downgrade)
        assert not compared("heat").findings
        assert rows("heat") == [(20, 1)]
