"""Aggregates on the three ways to another version: what they are, and their rows.

The project has a job of its own, too, which writes a row every second, and not in a rehearsal.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from sqlalchemy import text

from conformance.engines.connecting import connect
from conformance.upgrade.rehearsal import rehearse
from conformance.upgrade.report import AFRESH, IN_PLACE, RESTORED

pytestmark = pytest.mark.slow

INI = """
[alembic]
script_location = %(here)s/alembic
"""
ENV = """
from alembic import context

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
else:
    context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
REVISION = """
from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    "SET LOCAL client_min_messages = error",
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "CREATE TABLE flows (probe int NOT NULL, at timestamptz NOT NULL, litres float,"
    " PRIMARY KEY (probe, at))",
    "SELECT create_hypertable('flows', 'at', chunk_time_interval => INTERVAL '7 days')",
    "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS"
    " SELECT probe, time_bucket('1 day', at) AS day, max(litres) AS highest FROM flows"
    " GROUP BY 1, 2 WITH NO DATA",
    "ALTER MATERIALIZED VIEW daily SET (timescaledb.compress,"
    " timescaledb.compress_segmentby = 'probe', timescaledb.compress_orderby = 'day DESC')",
    "SELECT add_continuous_aggregate_policy('daily', INTERVAL '30 days', INTERVAL '1 hour',"
    " INTERVAL '1 hour')",
    "CREATE MATERIALIZED VIEW monthly WITH (timescaledb.continuous) AS"
    " SELECT time_bucket('1 month', day) AS month, max(highest) AS highest FROM daily"
    " GROUP BY 1 WITH NO DATA",
    "CREATE VIEW latest AS SELECT probe, max(at) AS at FROM flows GROUP BY probe",
    "CREATE TABLE runs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
    "CREATE PROCEDURE note_run(job_id int, config jsonb) LANGUAGE sql"
    " AS 'INSERT INTO runs DEFAULT VALUES'",
    "SELECT add_job('note_run', INTERVAL '1 second')",
)


def upgrade():
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade():
    raise NotImplementedError
"""
MODELS = """
from sqlalchemy import BigInteger, Column, DateTime, Double, Identity, Integer, MetaData, Table

from conformance.declarations import (
    Compression, ContinuousAggregate, Hypertable, Job, Refresh, View
)

metadata = MetaData()
Table(
    "flows",
    metadata,
    Column("probe", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("litres", Double),
    Hypertable("at", chunk_interval="7 days"),
)
ContinuousAggregate(
    "SELECT probe, time_bucket('1 day', at) AS day, max(litres) AS highest FROM flows"
    " GROUP BY probe, day",
    Refresh(start_offset="30 days", end_offset="1 hour", schedule_interval="1 hour"),
    Compression(segment_by="probe", order_by="day DESC", after=None),
    name="daily",
).require(metadata)
ContinuousAggregate(
    "SELECT time_bucket('1 month', day) AS month, max(highest) AS highest FROM daily GROUP BY 1",
    name="monthly",
).require(metadata)
View("SELECT probe, max(at) AS at FROM flows GROUP BY probe", name="latest").require(metadata)
Table("runs", metadata, Column("id", BigInteger, Identity(always=True), primary_key=True))
Job("note_run", schedule_interval="1 second").require(metadata)
"""
HARMLESS = {"renamed", "own-job", "healed", "new-gap"}
#: SQL on the database of each way, and what it is found by.
TAMPERING = {
    IN_PLACE: ("DROP MATERIALIZED VIEW monthly", "lost:continuous_aggregate:monthly:exists"),
    RESTORED: (
        "SELECT remove_continuous_aggregate_policy('daily')",
        "lost:policy:daily.refresh:exists",
    ),
    AFRESH: ("CREATE OR REPLACE VIEW latest AS SELECT probe, min(at) AS at FROM flows GROUP BY 1",
             "not-fresh:view:latest:definition"),
}  # fmt: skip


@pytest.fixture
def chosen(choices, upgradable, versions, tmp_path, monkeypatch):
    """An upgrade of a project with aggregates between the oldest and the newest version."""
    (tmp_path / "alembic/versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI)
    (tmp_path / "alembic/env.py").write_text(ENV)
    (tmp_path / "alembic/versions/0001.py").write_text(REVISION)
    (tmp_path / "aggregated.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    chosen = choices(versions[0], versions[-1], engine=upgradable)
    project = replace(
        chosen.project, models=("aggregated:metadata",), alembic_ini=str(tmp_path / "alembic.ini")
    )
    yield replace(chosen, project=project)
    sys.modules.pop("aggregated", None)


def test_aggregates_stay_as_they_are(chosen):
    rows = {}

    def look(way, url):
        with connect(url) as connection:
            rows[way] = [
                connection.scalar(text(f"SELECT count(*) FROM {name}"))
                for name in ("daily", "monthly")
            ]

    report = rehearse(chosen, on_upgraded=look)
    assert [change for change in report.changes if change.kind not in HARMLESS] == []
    assert report.verdict == "conforms"
    for way in report.ways:
        if way.not_checked is None:
            assert all(rows[way.name])


def test_an_aggregate_that_is_altered_is_found(chosen):
    def tamper(way, url):
        with connect(url, autocommit=True) as connection:
            connection.execute(text(TAMPERING[way][0]))

    report = rehearse(chosen, on_upgraded=tamper)
    wanted = {TAMPERING[way.name][1] for way in report.ways if way.not_checked is None}
    assert {change.id for change in report.changes if change.harmful} == wanted
