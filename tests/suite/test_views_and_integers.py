"""Projects whose classes read from views, and whose time column is an integer."""

from __future__ import annotations

from .projects import check

INI = """
[alembic]
script_location = %(here)s/alembic
"""
PYPROJECT = """
[tool.conformance]
models = "{models}:metadata"
"""
ENV = """
from alembic import context
from {models} import metadata

from conformance.declarations import include_object

options = {{"target_metadata": metadata, "include_object": include_object}}
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True, **options)
else:
    context.configure(connection=context.config.attributes["connection"], **options)
with context.begin_transaction():
    context.execute("SET LOCAL lock_timeout = '5s'")
    context.run_migrations()
"""
REVISION = """
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("SET LOCAL client_min_messages = error")
    op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    op.execute("SET LOCAL client_min_messages = notice")
    for statement in {up!r}:
        op.execute(statement)


def downgrade():
    for statement in {down!r}:
        op.execute(statement)
"""

VIEWS = """
from sqlalchemy import Column, DateTime, Double, Integer, MetaData, Table, func, select, text

from conformance.declarations import ContinuousAggregate, Hypertable, Refresh, View

metadata = MetaData()
flows = Table(
    "flows",
    metadata,
    Column("probe", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("litres", Double),
    Hypertable("at", chunk_interval="7 days"),
)
day = func.time_bucket(text("INTERVAL '1 day'"), flows.c.at).label("day")
Table(
    "daily",
    metadata,
    Column("probe", Integer, primary_key=True),
    Column("day", DateTime(timezone=True), primary_key=True),
    Column("mean", Double),
    ContinuousAggregate(
        select(flows.c.probe, day, func.avg(flows.c.litres).label("mean")).group_by(
            flows.c.probe, day
        )
    ),
    Refresh(start_offset="30 days", end_offset="1 day", schedule_interval="1 hour"),
)
Table(
    "latest",
    metadata,
    Column("probe", Integer, primary_key=True),
    View(select(flows.c.probe, func.max(flows.c.at).label("at")).group_by(flows.c.probe)),
)
"""
MAKE_VIEWS = (
    "CREATE TABLE flows (probe int NOT NULL, at timestamptz NOT NULL, litres float,"
    " CONSTRAINT flows_pkey PRIMARY KEY (probe, at))",
    "SELECT create_hypertable('flows', 'at', chunk_time_interval => INTERVAL '7 days')",
    "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS"
    " SELECT probe, time_bucket('1 day', at) AS day, avg(litres) AS mean FROM flows GROUP BY 1, 2"
    " WITH NO DATA",
    "SELECT add_continuous_aggregate_policy('daily', INTERVAL '30 days', INTERVAL '1 day',"
    " INTERVAL '1 hour')",
    "CREATE VIEW latest AS SELECT probe, max(at) AS at FROM flows GROUP BY probe",
)
DROP_VIEWS = ("DROP VIEW latest", "DROP MATERIALIZED VIEW daily", "DROP TABLE flows")

NUMBERS = """
from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, Table

from conformance.declarations import Compression, Hypertable

metadata = MetaData()
Table(
    "ticks",
    metadata,
    Column("device", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),
    Hypertable("number", chunk_interval=1000),
    Compression(segment_by="device", order_by="number", after=7000),
)
"""
MAKE_NUMBERS = (
    "CREATE TABLE ticks (device int NOT NULL, number bigint NOT NULL, value float,"
    " PRIMARY KEY (device, number))",
    "SELECT create_hypertable('ticks', 'number', chunk_time_interval => 1000)",
    "ALTER TABLE ticks SET (timescaledb.compress, timescaledb.compress_segmentby = 'device',"
    " timescaledb.compress_orderby = 'number')",
    "SELECT add_compression_policy('ticks', 7000::bigint)",
)


def made(folder, name, models, up, down):
    (folder / "alembic/versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(models=name))
    (folder / "alembic/env.py").write_text(ENV.format(models=name))
    (folder / "alembic/versions/0001.py").write_text(REVISION.format(up=up, down=down))
    (folder / f"{name}.py").write_text(models)
    return folder


def test_classes_that_read_from_views_are_no_tables(tmp_path):
    """Facts, the way back, autogenerate, rows and histories: nothing takes them for tables."""
    project = made(tmp_path, "viewed", VIEWS, MAKE_VIEWS, DROP_VIEWS)
    code, verdict, said = check(project, "--profile", "quick")
    assert [item["message"] for item in verdict["findings"]] == []
    assert (code, verdict["verdict"]) == (0, "conforms"), said
    assert verdict["counts"]["histories"] > 0


def test_what_follows_from_a_dropped_extension_is_not_found(tmp_path):
    """One session forgets no functions of an extension; a new session creates the view again."""
    drop = (*DROP_VIEWS, "DROP EXTENSION timescaledb")
    project = made(tmp_path, "viewed", VIEWS, MAKE_VIEWS, drop)
    code, verdict, said = check(project, "-k", "test_migrations")
    found = [item["id"] for item in verdict["findings"]]
    assert (code, found) == (1, ["migration:alembic:downgrade_drops_extension"]), said


def test_a_history_of_integer_time_names_the_missing_function(tmp_path):
    """The cause, from the facts, and not that a policy failed in a history."""
    project = made(tmp_path, "numbered", NUMBERS, MAKE_NUMBERS, ("DROP TABLE ticks",))
    code, verdict, _ = check(project, "-k", "test_history")
    assert code == 1
    (finding,) = verdict["findings"]
    assert finding["id"] == "hypertable:ticks:integer_now"
    assert "set_integer_now_func()" in finding["hint"]
