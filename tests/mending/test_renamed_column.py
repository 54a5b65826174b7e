"""A column that the models call by another name keeps its values, as the finding advises."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    MetaData,
    NullPool,
    Table,
    UniqueConstraint,
    create_engine,
)

from conformance import Compression, ContinuousAggregate, Hypertable, declare
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
