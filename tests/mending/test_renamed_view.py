"""A view that the models call by another name keeps its rows and privileges."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, DateTime, Index, Integer, MetaData, Table, text

from conformance import (
    ContinuousAggregate,
    Grant,
    Hypertable,
    MaterializedView,
    View,
    declare,
)

MADE = (
    "CREATE TABLE t (id integer PRIMARY KEY, x integer)",
    "INSERT INTO t VALUES (1, 2)",
    "CREATE VIEW shown AS SELECT id, x FROM t",
    "CREATE MATERIALIZED VIEW kept AS SELECT x, count(*) AS n FROM shown GROUP BY x",
    "CREATE UNIQUE INDEX ix_kept ON kept (x)",
    "CREATE VIEW above AS SELECT n FROM kept",
    "GRANT SELECT ON shown TO PUBLIC",
    "COMMENT ON VIEW shown IS 'of all'",
    "DELETE FROM t",
)


def models(shown="shown", kept="kept", index="ix_kept", schema=None):
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
          Column("x", Integer))  # fmt: skip
    full = f"{schema}.{shown}" if schema else shown
    declare(
        metadata,
        View("SELECT id, x FROM t", name=shown, schema=schema),
        Grant("select", to="PUBLIC", on=full),
        MaterializedView(
            f"SELECT x, count(*) AS n FROM {full} GROUP BY x",
            Index(index, text("x"), unique=True),
            name=kept,
        ),
        View(f"SELECT n FROM {kept}", name="above"),
    )
    return metadata


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"shown": "displayed"}, ["ALTER VIEW shown RENAME TO displayed"]),
        ({"schema": "s"}, ["CREATE SCHEMA IF NOT EXISTS s", "ALTER VIEW shown SET SCHEMA s"]),
        (
            {"kept": "stored", "index": "ix_stored"},
            [
                "ALTER MATERIALIZED VIEW kept RENAME TO stored",
                "ALTER INDEX ix_kept RENAME TO ix_stored",
            ],
        ),
        (
            {"shown": "displayed", "kept": "stored"},
            [
                "ALTER VIEW shown RENAME TO displayed",
                "ALTER MATERIALIZED VIEW kept RENAME TO stored",
            ],
        ),
    ],
    ids=["view", "into a schema", "materialized view", "both"],
)
def test_it_is_renamed_and_back(altered, names, expected):
    altered.run(MADE)
    rows = {"SELECT n FROM above": [(1,)], f"SELECT x FROM {names.get('kept', 'kept')}": [(2,)]}
    assert altered.mended(models(), models(**names), rows) == expected


def aggregated(daily, x="x"):
    metadata = MetaData()
    Table("t", metadata, Column("at", DateTime(timezone=True), nullable=False),
          Column("x", Integer), Hypertable("at", chunk_interval="7 days"))  # fmt: skip
    declare(
        metadata,
        ContinuousAggregate(
            f"SELECT time_bucket('1 day', at) AS day, sum(x) AS {x} FROM t GROUP BY 1",
            Index("ix_x", text(x)),
            name=daily,
        ),
        ContinuousAggregate(
            f"SELECT time_bucket('7 days', day) AS week, sum({x}) AS x FROM {daily} GROUP BY 1",
            name="weekly",
        ),
    )
    return metadata


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("per_day",), "ALTER MATERIALIZED VIEW daily RENAME TO per_day"),
        (("daily", "total"), "ALTER TABLE daily RENAME COLUMN x TO total"),
    ],
    ids=["aggregate", "its column"],
)
def test_an_aggregate_of_a_renamed_one_keeps_its_rows(altered, names, expected):
    if not altered.capabilities.community_edition:
        pytest.skip("needs the Community edition")
    create = "CREATE MATERIALIZED VIEW"
    options = "WITH (timescaledb.continuous) AS SELECT"
    altered.run(
        [
            "CREATE TABLE t (at timestamptz NOT NULL, x integer)",
            "SELECT create_hypertable('t', 'at')",
            f"{create} daily {options} time_bucket('1 day', at) AS day, sum(x) AS x FROM t"
            " GROUP BY 1 WITH NO DATA",
            f"{create} weekly {options} time_bucket('7 days', day) AS week, sum(x) AS x FROM daily"
            " GROUP BY 1 WITH NO DATA",
            "CREATE INDEX ix_x ON daily (x)",
            "INSERT INTO t VALUES ('2024-01-01', 20)",
            "CALL refresh_continuous_aggregate('daily', NULL, NULL)",
            "CALL refresh_continuous_aggregate('weekly', NULL, NULL)",
            "SELECT drop_chunks('t', now())",
        ]
    )
    told = altered.compared(aggregated(*names)).findings
    assert len(told) == 1
    rows = {"SELECT x FROM weekly": [(20,)]}
    assert altered.mended(aggregated("daily"), aggregated(*names), rows) == [expected]
