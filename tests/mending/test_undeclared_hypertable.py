"""A hypertable that the models do not declare stays one, with all that it has as a hypertable."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    NullPool,
    Table,
    create_engine,
)

from conformance import Compression, Hypertable, Retention
from conformance.mending.plan import plan_for
from conformance.pipeline import check_database

MADE = (
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "CREATE TABLE t (at timestamptz NOT NULL)",
    "SELECT create_hypertable('t', 'at')",
    "ALTER TABLE t SET (timescaledb.compress, timescaledb.compress_orderby = 'at DESC')",
    "SELECT add_compression_policy('t', INTERVAL '7 days')",
    "SELECT add_retention_policy('t', INTERVAL '30 days')",
)
PLAIN = "a hypertable does not become a plain table again; create the table anew, and copy its rows"
DECLARED = (
    Hypertable("at", chunk_interval="7 days"),
    Compression(order_by="at DESC", after="7 days"),
    Retention(drop_after="30 days"),
)


@pytest.fixture
def planned(conformance_engine):
    """`planned(metadata, *statements)`: the plan for a database that these statements made."""
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")

    def plan(metadata, *statements):
        with (
            conformance_engine.database() as url,
            create_engine(url, poolclass=NullPool).connect() as connection,
        ):
            for statement in statements:
                connection.exec_driver_sql(statement)
            return plan_for(check_database(connection, metadata, conformance_engine.capabilities))

    return plan


def models(*declarations):
    metadata = MetaData()
    Table("t", metadata, Column("at", DateTime(timezone=True), nullable=False), *declarations)
    return metadata


def statements_of(plan):
    return [step.sql for step in plan.upgrade]


def test_it_keeps_its_indexes_compression_and_policies(planned):
    plan = planned(models(), *MADE)
    assert [unmended.id for unmended in plan.unmended] == ["hypertable:t:exists"]
    assert statements_of(plan) == []
    assert plan.downgrade == ()


def test_an_index_of_somebody_else_is_dropped(planned):
    plan = planned(models(), *MADE, "CREATE INDEX extra ON t (at)")
    assert plan.mended == ("index:t.extra:exists",)
    assert statements_of(plan) == ["DROP INDEX extra"]


def test_a_declared_one_has_nothing_to_mend(planned):
    plan = planned(models(*DECLARED), *MADE)
    assert (plan.upgrade, plan.mended, plan.unmended) == ((), (), ())


def test_an_undeclared_table_is_dropped_whole(planned):
    plan = planned(MetaData(), *MADE)
    assert plan.mended == ("table:t:exists",)
    assert statements_of(plan)[-1] == "DROP TABLE t"


def test_no_foreign_key_refers_to_a_key_that_it_cannot_have(planned):
    """The models have the key of a plain table; the foreign key needs that key."""
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    Table("u", metadata, Column("t_id", ForeignKey("t.id", name="u_t_id_fkey")))
    plan = planned(
        metadata,
        MADE[0],
        "CREATE TABLE t (id integer, at timestamptz, PRIMARY KEY (id, at))",
        "SELECT create_hypertable('t', 'at', create_default_indexes => false)",
        "CREATE TABLE u (t_id integer)",
    )
    reason = "a unique key of a hypertable must contain its time column at"
    assert {one.id: one.reason for one in plan.unmended} == {
        "hypertable:t:exists": PLAIN,
        "primary_key:t:columns": reason,
        "foreign_key:u.u_t_id_fkey:exists": reason,
    }
    assert statements_of(plan) == []
