"""A column that the models call by another name keeps its values, as the finding advises."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, MetaData, NullPool, Table, create_engine

from conformance import Hypertable
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
