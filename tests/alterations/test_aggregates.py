"""Continuous aggregates: their query, their storage and their refresh policies."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    NullPool,
    SmallInteger,
    Table,
    Text,
    create_engine,
    func,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from conformance.comparing.facts import FactKey
from conformance.declarations import (
    Compression,
    ContinuousAggregate,
    Function,
    Hypertable,
    Refresh,
    Retention,
)
from conformance.mending.plan import plan_for
from conformance.mending.revision import upgrade_body
from conformance.pipeline import check_database, scope_of

from .cases import Alteration, Database, parametrize
from .mending import prove, run_body
from .test_harmless import ROWS

pytestmark = pytest.mark.usefixtures("community_edition")

MAKE = """
CREATE TABLE probes (id int PRIMARY KEY, site text);
CREATE TABLE flows (
    probe int NOT NULL, at timestamptz NOT NULL, litres double precision, note text);
SELECT create_hypertable('flows', 'at', chunk_time_interval => INTERVAL '7 days');
CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS
    SELECT probe, time_bucket('1 day', at) AS day, avg(litres) AS mean, count(*) AS readings
    FROM flows WHERE litres >= 0 GROUP BY 1, 2 WITH NO DATA;
CREATE INDEX ix_daily_mean ON daily (mean);
ALTER MATERIALIZED VIEW daily SET (timescaledb.compress, timescaledb.compress_segmentby = 'probe',
    timescaledb.compress_orderby = 'day DESC');
SELECT add_continuous_aggregate_policy('daily', INTERVAL '3 days', INTERVAL '1 hour',
    INTERVAL '30 minutes');
SELECT add_compression_policy('daily', INTERVAL '30 days');
SELECT add_retention_policy('daily', INTERVAL '5 years');
CREATE MATERIALIZED VIEW monthly WITH (timescaledb.continuous,
    timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
    SELECT probe, time_bucket('1 month', day) AS month, max(mean) AS highest
    FROM daily GROUP BY 1, 2 WITH NO DATA;
SELECT add_retention_policy('monthly', INTERVAL '5 years');
"""
DROP = """
DROP MATERIALIZED VIEW monthly;
DROP MATERIALIZED VIEW daily;
DROP TABLE flows;
DROP TABLE probes;
"""
REFRESH = (
    "(SELECT job_id FROM timescaledb_information.jobs"
    " WHERE proc_name = 'policy_refresh_continuous_aggregate')"
)


def models() -> MetaData:
    metadata = MetaData()
    Table(
        "probes",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("site", Text),
    )
    flows = Table(
        "flows",
        metadata,
        Column("probe", Integer, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("litres", Double),
        Column("note", Text),
        Hypertable("at", chunk_interval="7 days"),
    )
    day = func.time_bucket(text("INTERVAL '1 day'"), flows.c.at).label("day")
    daily = (
        select(
            flows.c.probe,
            day,
            func.avg(flows.c.litres).label("mean"),
            func.count().label("readings"),
        )
        .where(flows.c.litres >= 0)
        .group_by(flows.c.probe, day)
    )
    Table(
        "daily",
        metadata,
        Column("probe", Integer, primary_key=True),
        Column("day", DateTime(timezone=True), primary_key=True),
        Column("mean", Double),
        ContinuousAggregate(daily),
        Index("ix_daily_mean", "mean"),
        Refresh(start_offset="3 days", end_offset="1 hour", schedule_interval="30 minutes"),
        Compression(segment_by="probe", order_by="day DESC", after="30 days"),
        Retention(drop_after="5 years"),
    )
    ContinuousAggregate(
        "SELECT probe, time_bucket('1 month', day) AS month, max(mean) AS highest"
        " FROM daily GROUP BY probe, month",
        Retention(drop_after="5 years"),
        name="monthly",
        materialized_only=False,
        group_indexes=False,
    ).require(metadata)
    return metadata


def _anew(changed: str, to: str) -> str:
    """The aggregates made anew, from another statement."""
    assert changed in MAKE
    return DROP + MAKE.replace(changed, to)


AGGREGATES = (
    Alteration(
        "dropped",
        "DROP MATERIALIZED VIEW monthly",
        {"continuous_aggregate:monthly:exists"},
    ),
    Alteration(
        "dropped with what depends on it",
        "DROP MATERIALIZED VIEW daily CASCADE",
        {"continuous_aggregate:daily:exists", "continuous_aggregate:monthly:exists"},
    ),
    Alteration(
        "undeclared",
        "CREATE MATERIALIZED VIEW hourly WITH (timescaledb.continuous) AS"
        " SELECT time_bucket('1 hour', at) AS hour, max(litres) FROM flows GROUP BY 1"
        " WITH NO DATA;"
        "SELECT add_continuous_aggregate_policy('hourly', INTERVAL '3 days', NULL,"
        " INTERVAL '1 hour');"
        "CREATE INDEX ON hourly (max);"
        "ALTER MATERIALIZED VIEW hourly SET (timescaledb.compress);"
        "SELECT add_compression_policy('hourly', INTERVAL '30 days')",
        {"continuous_aggregate:hourly:exists"},
    ),
    Alteration("renamed", "ALTER MATERIALIZED VIEW monthly RENAME TO by_month", {
        "continuous_aggregate:monthly:exists",
    }),
    Alteration(
        "another function",
        _anew("avg(litres)", "max(litres)"),
        {"continuous_aggregate:daily:definition"},
    ),
    Alteration(
        "another condition",
        _anew("litres >= 0", "litres > 0"),
        {"continuous_aggregate:daily:definition"},
    ),
    Alteration(
        "a condition less",
        _anew("WHERE litres >= 0", ""),
        {"continuous_aggregate:daily:definition"},
    ),
    Alteration(
        "another bucket",
        _anew("time_bucket('1 day', at)", "time_bucket('12 hours', at)"),
        {"continuous_aggregate:daily:bucket"},
    ),
    Alteration(
        "30 days are no month",
        _anew("'1 month'", "'30 days'"),
        {"continuous_aggregate:monthly:definition"},
    ),
    Alteration(
        "the days of another time zone",
        _anew("time_bucket('1 day', at)", "time_bucket('1 day', at, 'Asia/Tokyo')"),
        {"continuous_aggregate:daily:definition"},
    ),
    Alteration(
        "another source",
        _anew("max(mean) AS highest\n    FROM daily", "max(litres) AS highest\n    FROM flows")
        .replace("time_bucket('1 month', day)", "time_bucket('1 month', at)"),
        {"continuous_aggregate:monthly:source"},
    ),
    Alteration(
        "a column of another name",
        _anew("AS readings", "AS total"),
        {"continuous_aggregate:daily:definition"},
    ),
    Alteration(
        "a column renamed that the class reads",
        "ALTER MATERIALIZED VIEW daily RENAME COLUMN mean TO average",
        {"continuous_aggregate:daily:definition"},
    ),
    Alteration(
        "read with rows that are not materialized",
        "ALTER MATERIALIZED VIEW daily SET (timescaledb.materialized_only = false)",
        {"continuous_aggregate:daily:materialized_only"},
    ),
    Alteration(
        "read without rows that are not materialized",
        "ALTER MATERIALIZED VIEW monthly SET (timescaledb.materialized_only)",
        {"continuous_aggregate:monthly:materialized_only"},
    ),
    Alteration(
        "no index for a column of GROUP BY",
        "DO $$ BEGIN EXECUTE 'DROP INDEX ' || (SELECT indexrelid::regclass FROM pg_index"
        " WHERE indexrelid::regclass::text LIKE '%probe_day_idx'); END $$",
        {"continuous_aggregate:daily:automatic_indexes"},
    ),
    Alteration("an index less", "DROP INDEX _timescaledb_internal.ix_daily_mean", {
        "index:daily.ix_daily_mean:exists",
    }),
    Alteration("an index more", "CREATE INDEX by_readings ON daily (readings)", {
        "index:daily.by_readings:exists",
    }),
    Alteration(
        "a table in its place",
        "DROP MATERIALIZED VIEW monthly; CREATE TABLE monthly (month timestamptz)",
        {"table:monthly:exists"},
    ),
    Alteration(
        "a view in its place",
        "DROP MATERIALIZED VIEW monthly; CREATE VIEW monthly AS SELECT probe FROM daily",
        {"view:monthly:exists"},
    ),
)  # fmt: skip

HOURLY = (
    "SELECT lower(note) AS \"a note\", probe, time_bucket('1 hour', at) AS hour, count(*) AS n"
    " FROM flows GROUP BY lower(note), probe, hour"
)
WITH = "CREATE MATERIALIZED VIEW hourly WITH (timescaledb.continuous) AS "
UNINDEXED = {"continuous_aggregate:hourly:unindexed_groups"}


def _without_index(name: str) -> str:
    return (
        "; DO $$ BEGIN EXECUTE 'DROP INDEX ' || (SELECT indexrelid::regclass FROM pg_index WHERE"
        f" indexrelid::regclass::text LIKE '%{name}%'); END $$"
    )


@pytest.mark.parametrize(
    ("declared", "sql", "findings"),
    [
        ({}, "", set()),
        ({}, _without_index("probe_hour_idx"), UNINDEXED),
        ({}, _without_index("a note_hour_idx"), UNINDEXED),
        ({}, _without_index("probe_hour_idx") + "; CREATE INDEX ON hourly (probe, hour DESC)",
         set()),
        ({}, _without_index("probe_hour_idx") + "; CREATE INDEX by_probe ON hourly (probe)",
         UNINDEXED | {"index:hourly.by_probe:exists"}),
        ({"group_indexes": False}, _without_index("probe_hour_idx"), set()),
    ],
    ids=range(6),
)  # fmt: skip
def test_group_indexes_of_a_query_that_is_a_text(made, declared, sql, findings):
    ContinuousAggregate(HOURLY, name="hourly", **declared).require(made.metadata)
    made.execute(f"{WITH}{HOURLY} WITH NO DATA{sql}")
    made.expect(findings)
    assert prove(made).mended


@pytest.mark.parametrize("real_time", [False, True])
@pytest.mark.parametrize("order", ["2, 1 DESC", "hour"])
def test_an_aggregate_in_an_order(made, order, real_time):
    """Its view ends with ORDER BY, and is still the one that TimescaleDB has made."""
    query = f"{HOURLY} ORDER BY {order}"
    declared = ContinuousAggregate(query, name="hourly", materialized_only=not real_time)
    declared.require(made.metadata)
    only = str(not real_time).lower()
    made.execute(
        f"{WITH.replace('continuous', f'continuous, timescaledb.materialized_only = {only}', 1)}"
        f"{query} WITH NO DATA"
    )
    made.expect([])
    if real_time:
        return
    home = made.value(
        "SELECT materialization_hypertable_schema || '.' || materialization_hypertable_name"
        " FROM timescaledb_information.continuous_aggregates WHERE view_name = 'hourly'"
    )
    made.execute(f"CREATE OR REPLACE VIEW hourly AS SELECT * FROM {home} ORDER BY hour LIMIT 5")
    made.expect(["continuous_aggregate:hourly:alterations"])


UNSELECTED = (
    "SELECT time_bucket('1 hour', at) AS hour, count(*) AS n FROM flows GROUP BY 1"
    " ORDER BY sum(litres)"
)
UNREADABLE = "aggregate-unreadable:hourly:alterations"


@pytest.mark.parametrize("real_time", [False, True])
@pytest.mark.parametrize("declared", [False, True])
def test_an_aggregate_that_cannot_be_read(made, declared, real_time):
    """TimescaleDB accepts an ORDER BY of what is not selected; PostgreSQL then cannot read it."""
    if declared:
        aggregate = ContinuousAggregate(UNSELECTED, name="hourly", materialized_only=not real_time)
        aggregate.require(made.metadata)
    only = f"continuous, timescaledb.materialized_only = {str(not real_time).lower()}"
    made.execute(f"{WITH.replace('continuous', only, 1)}{UNSELECTED} WITH NO DATA")
    made.execute("CREATE INDEX by_readings ON daily (readings)")
    with pytest.raises(DBAPIError, match="not found in targetlist"), made.connection.begin_nested():
        made.execute("SELECT * FROM hourly")
    made.expect({UNREADABLE, "index:daily.by_readings:exists"})
    (finding,) = (item for item in made.compare().findings.values() if item.id == UNREADABLE)
    assert finding.severity == "error"
    assert finding.message == (
        "continuous aggregate hourly: cannot be read, because its ORDER BY has an expression that"
        " it does not select"
    )
    assert "without ORDER BY" in finding.hint


def test_an_aggregate_that_can_be_read_again(made):
    """The way out of the hint."""
    made.execute(f"{WITH}{UNSELECTED} WITH NO DATA")
    made.expect({UNREADABLE})
    selected = UNSELECTED.replace(" AS n", " AS n, sum(litres)")
    for query in (selected, UNSELECTED.partition(" ORDER")[0]):
        made.execute(f"DROP MATERIALIZED VIEW hourly; {WITH}{query} WITH NO DATA")
        made.expect({"continuous_aggregate:hourly:exists"})
        metadata = models()
        ContinuousAggregate(query, name="hourly").require(metadata)
        made.expect((), metadata)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT hour, (SELECT count(*) FROM probes) AS n FROM {home} ORDER BY 1",
        "SELECT hour, (SELECT count(*) FROM probes GROUP BY id ORDER BY id, 1 LIMIT 1) AS n"
        " FROM {home} ORDER BY 1, 2",
        "SELECT DISTINCT ON (hour) hour, n FROM (SELECT hour, n FROM {home} ORDER BY 2) o"
        " WHERE n > (SELECT min(id) FROM probes GROUP BY site ORDER BY site, 1 LIMIT 1)",
        "SELECT hour, n FROM {home} GROUP BY hour, n ORDER BY sum(n) OVER (ORDER BY hour)",
    ],
)
def test_a_view_that_was_replaced_can_be_read(made, query):
    made.execute(f"{WITH}{UNSELECTED.partition(' ORDER')[0]} WITH NO DATA")
    home = made.value(
        "SELECT materialization_hypertable_schema || '.' || materialization_hypertable_name"
        " FROM timescaledb_information.continuous_aggregates WHERE view_name = 'hourly'"
    )
    made.execute(f"CREATE OR REPLACE VIEW hourly AS {query.format(home=home)}")
    ContinuousAggregate(UNSELECTED.partition(" ORDER")[0], name="hourly").require(made.metadata)
    made.expect({"continuous_aggregate:hourly:alterations"})


def _hourly(metadata, *order):
    flows = metadata.tables["flows"]
    hour = func.time_bucket(text("INTERVAL '1 hour'"), flows.c.at).label("hour")
    columns = {
        "hour": hour,
        "probe": flows.c.probe,
        "n": func.count().label("n"),
        "total": func.sum(flows.c.litres).label("total"),
    }
    found = [columns.get(name, name) for name in order]
    query = select(*columns.values()).group_by(flows.c.probe, hour)
    return query.order_by(*(item(columns) if callable(item) else item for item in found))


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize(
    ("order", "sql", "lost"),
    [
        (["n", "hour"], "n, hour", "n_hour_idx"),
        ([lambda columns: columns["n"].desc().nulls_last()], "n DESC NULLS LAST", "n_hour_idx"),
        ([lambda _: "n", lambda _: "probe"], "3, 2", "n_hour_idx"),
        ([lambda _: func.count().desc()], "count(*) DESC", "n_hour_idx"),
        (["probe", "hour"], "probe, hour", "probe_hour_idx"),
    ],
)
def test_an_index_of_a_column_of_order_by(made, as_text, order, sql, lost):
    """TimescaleDB makes one for each such column, an aggregate function included."""
    query = _hourly(made.metadata, *order)
    words = (
        "SELECT time_bucket('1 hour', at) AS hour, probe, count(*) AS n, sum(litres) AS total"
        f" FROM flows GROUP BY probe, hour ORDER BY {sql}"
    )
    ContinuousAggregate(words if as_text else query, name="hourly").require(made.metadata)
    made.execute(f"{WITH}{words} WITH NO DATA")
    made.expect(())
    made.execute(_without_index(lost).removeprefix("; "))
    attribute = "unindexed_groups" if as_text else "automatic_indexes"
    made.expect({f"continuous_aggregate:hourly:{attribute}"})
    assert prove(made).mended


def test_an_aggregate_that_was_made_without_group_indexes(made):
    without = WITH.replace("continuous", "continuous, timescaledb.create_group_indexes = false")
    made.execute(f"{without}{HOURLY} WITH NO DATA")
    metadata = models()
    ContinuousAggregate(HOURLY, name="hourly", group_indexes=False).require(metadata)
    made.expect((), metadata)
    ContinuousAggregate(HOURLY, name="hourly").require(made.metadata)
    (finding,) = made.compare().findings.values()
    assert finding.message == (
        "continuous aggregate hourly: columns of GROUP BY or ORDER BY without an index are"
        " (a note, hour) and (probe, hour), the models declare none"
    )
    assert "write group_indexes=False" in finding.hint


UNDECLARED = (
    Alteration(
        "a continuous aggregate with policies",
        "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS"
        " SELECT time_bucket('1 day', timestamp) AS day, instrument_id, max(close)"
        " FROM market_data GROUP BY 1, 2 WITH NO DATA;"
        "SELECT add_continuous_aggregate_policy('daily', INTERVAL '3 days', INTERVAL '1 hour',"
        " INTERVAL '1 hour');"
        "ALTER MATERIALIZED VIEW daily SET (timescaledb.compress);"
        "SELECT add_compression_policy('daily', INTERVAL '30 days');"
        "SELECT add_retention_policy('daily', INTERVAL '90 days')",
        {"continuous_aggregate:daily:exists"},
    ),
    Alteration(
        "one on top of another",
        ROWS + "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS"
        " SELECT time_bucket('1 day', timestamp) AS day, max(close) AS high"
        " FROM market_data GROUP BY 1 WITH NO DATA;"
        "CREATE MATERIALIZED VIEW weekly WITH (timescaledb.continuous) AS"
        " SELECT time_bucket('7 days', day) AS week, max(high) FROM daily GROUP BY 1 WITH NO DATA",
        {"continuous_aggregate:daily:exists", "continuous_aggregate:weekly:exists"},
    ),
)

KEPT = (
    Alteration("no refresh", "SELECT remove_continuous_aggregate_policy('daily')", {
        "policy:daily.refresh:exists",
    }),
    Alteration(
        "an undeclared refresh",
        "SELECT add_continuous_aggregate_policy('monthly', INTERVAL '1 year', INTERVAL '1 day',"
        " INTERVAL '1 day')",
        {"policy:monthly.refresh:exists"},
    ),
    Alteration(
        "another window",
        "SELECT remove_continuous_aggregate_policy('daily');"
        "SELECT add_continuous_aggregate_policy('daily', INTERVAL '4 days', NULL,"
        " INTERVAL '30 minutes')",
        {"policy:daily.refresh:start_offset", "policy:daily.refresh:end_offset"},
    ),
    Alteration(
        "another schedule",
        f"SELECT alter_job({REFRESH}, schedule_interval => INTERVAL '1 day')",
        {"policy:daily.refresh:schedule_interval"},
    ),
    Alteration("paused", f"SELECT alter_job({REFRESH}, scheduled => false)", {
        "policy:daily.refresh:scheduled",
    }),
    Alteration(
        "other batches",
        "SELECT remove_continuous_aggregate_policy('daily');"
        "SELECT add_continuous_aggregate_policy('daily', INTERVAL '3 days', INTERVAL '1 hour',"
        " INTERVAL '30 minutes', buckets_per_batch => 10)",
        {"policy:daily.refresh:buckets_per_batch"},
        since=(2, 19),
    ),
    Alteration(
        "the oldest batches first, and few of them",
        "SELECT remove_continuous_aggregate_policy('daily');"
        "SELECT add_continuous_aggregate_policy('daily', INTERVAL '3 days', INTERVAL '1 hour',"
        " INTERVAL '30 minutes', max_batches_per_execution => 1, refresh_newest_first => false)",
        {
            "policy:daily.refresh:max_batches_per_execution",
            "policy:daily.refresh:refresh_newest_first",
        },
        since=(2, 20),
    ),
    Alteration(
        "one more, of another window",
        "SELECT add_continuous_aggregate_policy('daily', INTERVAL '30 days', INTERVAL '3 days',"
        " INTERVAL '1 day')",
        {"policy:daily.refresh 30 days to 3 days:exists"},
        since=(2, 21),
    ),
    Alteration("no compression policy", "SELECT remove_compression_policy('daily')", {
        "policy:daily.compression:exists",
    }),
    Alteration(
        "no compression",
        "SELECT remove_compression_policy('daily');"
        "ALTER MATERIALIZED VIEW daily SET (timescaledb.compress = false)",
        {"compression:daily:exists"},
    ),
    Alteration(
        "another order",
        "ALTER MATERIALIZED VIEW daily SET (timescaledb.compress_orderby = 'day')",
        {"compression:daily:order_by"},
    ),
    Alteration(
        "undeclared compression",
        "ALTER MATERIALIZED VIEW monthly SET (timescaledb.compress)",
        {"compression:monthly:exists"},
    ),
    Alteration("no retention", "SELECT remove_retention_policy('daily')", {
        "policy:daily.retention:exists",
    }),
    Alteration(
        "another retention",
        "SELECT remove_retention_policy('daily');"
        "SELECT add_retention_policy('daily', INTERVAL '1 year')",
        {"policy:daily.retention:drop_after"},
    ),
    Alteration(
        "retention of the other one",
        "SELECT remove_retention_policy('monthly');"
        "SELECT add_retention_policy('monthly', INTERVAL '9 years')",
        {"policy:monthly.retention:drop_after"},
    ),
)  # fmt: skip

ALTERED = {"continuous_aggregate:daily:alterations"}
SWALLOW = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"


def _on_rows(statement: str) -> str:
    """A statement about the hypertable of the materialized rows, {}."""
    return (
        f"DO $$ BEGIN EXECUTE format('{statement.format('%1$s')}',"
        " (SELECT format('%I.%I', materialization_hypertable_schema,"
        " materialization_hypertable_name) FROM timescaledb_information.continuous_aggregates"
        " WHERE view_name = 'daily')); END $$"
    )


NO_TRIGGER = "DROP TRIGGER ts_cagg_invalidation_trigger ON {}"

#: What is done to the view that reads the rows, or to the hypertable that has them.
BESIDE = (
    Alteration("another view", "CREATE OR REPLACE VIEW daily AS SELECT 1 AS probe, now() AS day,"
               " 0::float8 AS mean, 1::bigint AS readings", ALTERED),
    Alteration("a view of some rows", "DO $$ BEGIN EXECUTE format('CREATE OR REPLACE VIEW daily AS"
               " %s WHERE mean > 0', rtrim(pg_get_viewdef('daily'::regclass), ';')); END $$",
               ALTERED),
    Alteration("a real-time view of nothing", "CREATE OR REPLACE VIEW monthly AS SELECT 1 AS probe,"
               " now() AS month, 0::float8 AS highest",
               {"continuous_aggregate:monthly:alterations"}),
    Alteration("a trigger", SWALLOW + _on_rows("CREATE TRIGGER s BEFORE INSERT ON {} FOR EACH ROW"
               " EXECUTE FUNCTION swallow()"), ALTERED),
    Alteration("no vacuum", _on_rows("ALTER TABLE {} SET (autovacuum_enabled = off)"), ALTERED),
    Alteration("privileges", _on_rows("GRANT INSERT, DELETE ON {} TO PUBLIC"), ALTERED),
    Alteration("privileges, and fewer of its own", "GRANT SELECT ON daily TO PUBLIC;"
               + _on_rows("GRANT INSERT ON {} TO PUBLIC"),
               {*ALTERED, "privilege:daily.PUBLIC:exists"}),
    Alteration("privileges of its own", "GRANT SELECT ON daily TO PUBLIC",
               {"privilege:daily.PUBLIC:exists"}),
    Alteration("row security", _on_rows("UPDATE pg_class SET relrowsecurity = true"
               " WHERE oid = ''{}''::regclass"), ALTERED),
    Alteration("refreshed in other buckets", "UPDATE _timescaledb_catalog"
               ".continuous_aggs_bucket_function SET bucket_width = '2 days' WHERE bucket_width ="
               " '1 day'", ALTERED),
    Alteration("a trigger of a chunk", SWALLOW + _on_rows("INSERT INTO {} VALUES (1, now(), 1, 1)")
               + ";DO $$ BEGIN EXECUTE format('CREATE TRIGGER s BEFORE INSERT ON %s FOR EACH ROW"
               " EXECUTE FUNCTION swallow()', (SELECT show_chunks('daily'))); END $$",
               {"chunk:daily:alterations"}),
    Alteration("no vacuum of long values", _anew("count(*) AS readings", "min(note) AS first")
               + _on_rows("ALTER TABLE {} SET (toast.autovacuum_enabled = off)"),
               {*ALTERED, "continuous_aggregate:daily:definition"}),
    Alteration("chunks of a size", _on_rows("SELECT set_adaptive_chunking(''{}'', ''1 MB'')"),
               ALTERED, before=(2, 28)),
    Alteration("chunks of a size no longer",
               _on_rows("SELECT set_adaptive_chunking(''{}'', ''1 MB'')") + ";"
               + _on_rows("SELECT set_adaptive_chunking(''{}'', ''off'')"), before=(2, 28)),
    Alteration("a chunk that is not vacuumed", _on_rows("INSERT INTO {} VALUES (1, now(), 1, 1)")
               + ";DO $$ BEGIN EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)',"
               " (SELECT show_chunks('daily'))); END $$", {"chunk:daily:alterations"}),
    # From 2.23 on TimescaleDB has no triggers for that.
    Alteration("no changes of its source", NO_TRIGGER.format("flows"), ALTERED, before=(2, 23, 1)),
    Alteration("no changes of the aggregate that is its source",
               _on_rows(NO_TRIGGER.format("{}").replace("'", "''")),
               {"continuous_aggregate:monthly:alterations"}, before=(2, 23, 1)),
    Alteration("no changes of a chunk of its source", "INSERT INTO flows VALUES (1, now(), 1);"
               "DO $$ BEGIN EXECUTE format('" + NO_TRIGGER.format("%s") + "',"
               " (SELECT show_chunks('flows'))); END $$",
               {"chunk:flows:alterations"}, before=(2, 23, 1)),
    Alteration("privileges of a view of its query", "DO $$ BEGIN EXECUTE (SELECT format("
               "'GRANT SELECT ON %I.%I TO PUBLIC', partial_view_schema, partial_view_name)"
               " FROM _timescaledb_catalog.continuous_agg WHERE user_view_name = 'daily');"
               " END $$", ALTERED),
    Alteration("another query for its refreshes", "DO $$ BEGIN EXECUTE (SELECT format("
               "'CREATE OR REPLACE VIEW %I.%I AS %s', partial_view_schema, partial_view_name,"
               " replace(pg_get_viewdef(format('%I.%I', partial_view_schema, partial_view_name)"
               "::regclass), 'avg(', 'max(')) FROM _timescaledb_catalog.continuous_agg"
               " WHERE user_view_name = 'daily'); END $$", ALTERED),
    Alteration("another owner", "CREATE ROLE another_of_a_test LOGIN;"
               "ALTER MATERIALIZED VIEW daily OWNER TO another_of_a_test",
               {"continuous_aggregate:daily:owner"}),
)  # fmt: skip


@parametrize(BESIDE)
def test_what_is_done_beside_it(made, case):
    made.alter(case)
    made.expect(case.findings)


HARMLESS = (
    Alteration("as declared", "SELECT 1"),
    Alteration(
        "real-time and back",
        "ALTER MATERIALIZED VIEW daily SET"
        " (timescaledb.materialized_only = false); ALTER MATERIALIZED VIEW daily SET"
        " (timescaledb.materialized_only = true)",
    ),
    Alteration(
        "the defaults of a refresh in words",
        "SELECT remove_continuous_aggregate_policy('daily');"
        "SELECT add_continuous_aggregate_policy('daily', INTERVAL '3 days', INTERVAL '1 hour',"
        " INTERVAL '30 minutes', max_batches_per_execution => 0, refresh_newest_first => true)",
        since=(2, 20),
    ),
    Alteration("vacuumed", _on_rows("ALTER TABLE {} SET (autovacuum_enabled = on)")),
    Alteration(
        "in other words",
        _anew(
            "SELECT probe, time_bucket('1 day', at) AS day, avg(litres) AS mean, count(*) AS"
            " readings\n    FROM flows WHERE litres >= 0 GROUP BY 1, 2",
            "SELECT f.\"probe\", public.time_bucket(INTERVAL '1 day', f.at)"
            ' "day", avg(f.litres) mean, count(*) readings FROM public.flows AS f'
            " WHERE NOT f.litres < 0.0 GROUP BY f.probe, day",
        ),
    ),
    Alteration(
        "with rows",
        "INSERT INTO flows SELECT p, '2020-01-01'::timestamptz + h * INTERVAL '1 hour', h"
        " FROM generate_series(1, 3) p, generate_series(1, 500) h; ANALYZE",
    ),
    Alteration(
        "with other statistics and indexes of its source",
        "INSERT INTO probes SELECT n FROM generate_series(1, 5000) n; ANALYZE probes",
    ),
    Alteration("a comment", "COMMENT ON VIEW daily IS 'means'"),
    Alteration("another time zone of the session", "SET LOCAL timezone = 'Asia/Tokyo'"),
    Alteration(
        "what is chosen by itself",
        "SELECT remove_compression_policy('daily');"
        "SELECT add_compression_policy('daily', INTERVAL '30 days')",
    ),
)

ELSEWHERE = """
CREATE SCHEMA reference;
CREATE TABLE reference."Readings" ("At" bigint NOT NULL, "Sensor Id" int, value float);
CREATE TABLE sensors (id int PRIMARY KEY, name text);
CREATE FUNCTION latest() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';
SELECT create_hypertable('reference."Readings"', 'At', chunk_time_interval => 1000);
SELECT set_integer_now_func('reference."Readings"', 'latest');
CREATE MATERIALIZED VIEW reference."Sums" WITH (timescaledb.continuous) AS
    SELECT time_bucket(100, "At") AS "Bucket", s.name, sum(value) AS "Sum"
    FROM reference."Readings" r JOIN public.sensors s ON s.id = r."Sensor Id"
    WHERE s.name NOT IN ('b', 'a') GROUP BY 1, 2 WITH NO DATA;
SELECT add_continuous_aggregate_policy('reference."Sums"', 100000, 10000, INTERVAL '1 hour');
"""
OLDER = (
    "SELECT add_continuous_aggregate_policy('reference.\"Sums\"', NULL, 100000, INTERVAL '1 day');"
)


def _elsewhere() -> MetaData:
    """Integer time, a join, names that need quotes, another schema, several refreshes."""
    metadata = MetaData()
    readings = Table(
        "Readings",
        metadata,
        Column("At", BigInteger, key="at", nullable=False),
        Column("Sensor Id", Integer, key="sensor"),
        Column("value", Double),
        Hypertable("At", chunk_interval=1000),
        schema="reference",
    )
    sensors = Table(
        "sensors",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("name", Text),
    )
    bucket = func.time_bucket(100, readings.c.at)
    sums = (
        select(bucket.label("Bucket"), sensors.c.name, func.sum(readings.c.value).label("Sum"))
        .join_from(readings, sensors, sensors.c.id == readings.c.sensor)
        .where(sensors.c.name.not_in(["a", "b"]))
        .group_by(bucket, sensors.c.name)
    )
    ContinuousAggregate(
        sums,
        Refresh(start_offset=100_000, end_offset=10_000, schedule_interval="1 hour"),
        Refresh(start_offset=None, end_offset=100_000, schedule_interval="1 day"),
        name="Sums",
        schema="reference",
        chunk_interval=10_000,
    ).require(metadata)
    return metadata


@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        pytest.param("SELECT 1", set(), id="as declared"),
        pytest.param(
            "SELECT remove_continuous_aggregate_policy('reference.\"Sums\"');" + OLDER,
            {"policy:reference.Sums.refresh 100000 to 10000:exists"},
            id="one refresh of two",
        ),
        pytest.param(
            "SELECT alter_job(job_id, schedule_interval => INTERVAL '2 days')"
            " FROM timescaledb_information.jobs WHERE config ->> 'end_offset' = '100000'",
            {"policy:reference.Sums.refresh unbounded to 100000:schedule_interval"},
            id="another schedule of one of two",
        ),
        pytest.param(
            "SELECT alter_job(job_id, config => config || '{\"start_offset\": 90000}')"
            " FROM timescaledb_information.jobs WHERE config ->> 'end_offset' = '10000'",
            {"policy:reference.Sums.refresh 90000 to 10000:start_offset"},
            id="another window of one of two",
        ),
    ],
)
def test_elsewhere(bare_database, sql, findings):
    made_by(bare_database, sql)
    bare_database.expect(findings, _elsewhere())


def made_by(bare_database: Database, sql: str) -> None:
    numbers = bare_database.value(
        "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
    ).split(".")
    if [int(number) for number in numbers[:2]] < [2, 21]:
        pytest.skip("2.21 is the first with several refresh policies")
    bare_database.execute("SET LOCAL client_min_messages = error")
    bare_database.execute(ELSEWHERE + OLDER + sql)


def _window(item: str, age: int, other: str, its: str) -> str:
    return (
        f"; SELECT alter_job(job_id, config => config || '{{\"{item}\": {age}}}')"
        f" FROM timescaledb_information.jobs WHERE config ->> '{other}' {its}"
    )


@pytest.mark.parametrize(
    "sql",
    [
        _window("start_offset", 90_000, "end_offset", "= '10000'")
        + _window("end_offset", 90_000, "start_offset", "IS NULL AND config ? 'end_offset'"),
        _window("end_offset", 110_000, "start_offset", "IS NULL AND config ? 'end_offset'")
        + _window("start_offset", 110_000, "end_offset", "= '10000'"),
        "; SELECT delete_job(job_id) FROM timescaledb_information.jobs"
        " WHERE config ->> 'end_offset' = '100000'"
        + _window("start_offset", 200_000, "end_offset", "= '10000'"),
    ],
    ids=["both later", "both earlier", "one takes all"],
)
def test_windows_that_adjoin_are_mended_in_the_order_that_lets_them(bare_database, sql):
    """TimescaleDB refuses a refresh policy whose window overlaps with another one's."""
    made_by(bare_database, sql)
    outcome = prove(bare_database, _elsewhere())
    assert (outcome.left, outcome.changed, outcome.plan.unmended) == ([], [], ())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT time_bucket('1 hour', at) AS hour, max(litres) AS m FROM flows GROUP BY 1, probe",
        "SELECT probe, max(litres) AS m FROM flows GROUP BY time_bucket('1 hour', at), probe",
        "SELECT time_bucket('1 hour', at) AS hour, extract(year FROM max(at)) AS y FROM flows"
        " WHERE note <> 'x FROM y' GROUP BY 1 HAVING count(*) > 1",
    ],
    ids=["a column that is not selected", "a bucket that is not selected", "FROM in other places"],
)
def test_what_refreshes_compute_has_more_columns(made, query):
    """Those of GROUP BY that the query does not select: nothing was replaced."""
    made.execute(f"{WITH}{query} WITH NO DATA")
    ContinuousAggregate(query, name="hourly", group_indexes=False).require(made.metadata)
    found = {finding.id for finding in made.compare().findings.values()}
    assert "continuous_aggregate:hourly:exists" not in found
    assert "continuous_aggregate:hourly:alterations" not in found


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ALTER TABLE {} SET (fillfactor = 50, autovacuum_enabled = on)",
         "storage is fillfactor=50, which no model declares"),
        ("ALTER TABLE {} REPLICA IDENTITY FULL",
         "storage is replica identity f, which no model declares"),
        ("ALTER TABLE {} SET (fillfactor = 100)", None),
    ],
)  # fmt: skip
def test_how_its_rows_are_kept(made, sql, said):
    made.execute(_on_rows(sql))
    found = made.compare()
    assert not found.findings
    seen = [item.reason for item in found.seen if item.kind == "continuous_aggregate"]
    assert seen == ([] if said is None else [said])


OF_HOURS = "SELECT time_bucket('1 hour', at) AS hour, count(*) AS n FROM flows GROUP BY 1"
OF_FUTURE = "INSERT INTO flows VALUES (1, now() + INTERVAL '{}', 1)"
REFRESH_ALL = "CALL refresh_continuous_aggregate('hourly', NULL, NULL)"
FORGET = "DELETE FROM flows WHERE at > now() + INTERVAL '2 hours'"
DROP_FUTURE = "SELECT drop_chunks('hourly', newer_than => now() + INTERVAL '1 day')"
AHEAD = {"watermark-ahead:hourly:watermark"}


@pytest.mark.parametrize(
    ("statements", "declared", "findings"),
    [
        ([OF_FUTURE.format("9 years"), REFRESH_ALL], {}, AHEAD),
        ([OF_FUTURE.format("9 years"), REFRESH_ALL, FORGET, REFRESH_ALL], {}, AHEAD),
        ([OF_FUTURE.format("9 years"), REFRESH_ALL, FORGET, REFRESH_ALL, DROP_FUTURE], {}, set()),
        ([OF_FUTURE.format("10 minutes"), REFRESH_ALL], {}, set()),
        ([OF_FUTURE.format("9 years"), REFRESH_ALL], {"materialized_only": True}, set()),
        ([OF_FUTURE.format("9 years"), REFRESH_ALL], {"end_offset": None}, set()),
    ],
    ids=["of a row of the future", "of a row that is deleted", "chunks of the future are dropped",
         "of the present bucket", "not real-time", "refreshed up to the last row"],
)  # fmt: skip
def test_a_watermark_in_the_future(conformance_engine, bare, statements, declared, findings):
    """A refresh cannot run in a transaction, so each database is one of its own."""
    only, end = declared.get("materialized_only", False), declared.get("end_offset", "1 hour")
    metadata = models()
    refresh = Refresh(start_offset="3 days", end_offset=end, schedule_interval="1 hour")
    ContinuousAggregate(OF_HOURS, refresh, name="hourly", materialized_only=only).require(metadata)
    options = f"continuous, timescaledb.materialized_only = {only}"
    end_offset = f"INTERVAL '{end}'" if end else "NULL"
    make = (
        f"{MAKE}{WITH.replace('continuous', options, 1)}"
        f"{OF_HOURS} WITH NO DATA; SELECT add_continuous_aggregate_policy('hourly',"
        f" INTERVAL '3 days', {end_offset}, INTERVAL '1 hour')"
    )
    with conformance_engine.database(bare) as url:
        sessions = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with sessions.connect() as connection:
            for statement in ("SET client_min_messages = error", make, *statements):
                connection.exec_driver_sql(statement)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            found = Database(connection, conformance_engine.capabilities, metadata).compare()
    assert {finding.id for finding in found.findings.values()} == findings
    is_seen = any(item.reason.startswith("watermark is ") for item in found.seen)
    assert is_seen is (bool(findings) or end is None)


@parametrize(AGGREGATES)
def test_aggregate(made, case):
    made.alter(case)
    made.expect(case.findings)


@pytest.mark.parametrize(
    ("sql", "findings", "statements"),
    [
        (
            "ALTER MATERIALIZED VIEW monthly RENAME TO monthlies",
            ["continuous_aggregate:monthly:exists"],
            ["ALTER MATERIALIZED VIEW monthlies RENAME TO monthly"],
        ),
        (
            # Another aggregate reads it, and it has policies, an index and compression.
            'ALTER MATERIALIZED VIEW daily RENAME TO "Daily"; COMMENT ON VIEW "Daily" IS \'x\'',
            ["continuous_aggregate:daily:exists"],
            ['ALTER MATERIALIZED VIEW "Daily" RENAME TO daily'],
        ),
        (
            "ALTER MATERIALIZED VIEW daily RENAME TO dailies;"
            "ALTER MATERIALIZED VIEW monthly RENAME TO monthlies",
            ["continuous_aggregate:daily:exists", "continuous_aggregate:monthly:exists"],
            [
                "ALTER MATERIALIZED VIEW dailies RENAME TO daily",
                "ALTER MATERIALIZED VIEW monthlies RENAME TO monthly",
            ],
        ),
        (
            "ALTER MATERIALIZED VIEW monthly RENAME TO monthlies;"
            "ALTER MATERIALIZED VIEW monthlies SET (timescaledb.materialized_only = true)",
            ["continuous_aggregate:monthly:exists"],
            [
                "ALTER MATERIALIZED VIEW monthlies RENAME TO monthly",
                "ALTER MATERIALIZED VIEW monthly SET (timescaledb.materialized_only = false)",
            ],
        ),
        (
            "ALTER INDEX _timescaledb_internal.ix_daily_mean RENAME TO ix_other",
            ["index:daily.ix_daily_mean:exists"],
            ["ALTER INDEX _timescaledb_internal.ix_other RENAME TO ix_daily_mean"],
        ),
    ],
)
def test_under_another_name(made, sql, findings, statements):
    made.execute(sql)
    made.expect(findings)
    finding = made.compare().findings[_key(findings[0])]
    assert f"Run {statements[0]} in a migration" in finding.hint
    outcome = prove(made)
    assert [step.sql for step in outcome.plan.upgrade] == statements
    assert (outcome.mended, outcome.changed) == (True, [])


def _key(finding: str) -> FactKey:
    kind, named, attribute = finding.split(":")
    table, _, name = named.partition(".")
    return FactKey(kind, table, name, attribute)


@pytest.mark.parametrize("schema", ["elsewhere", ""])
def test_in_another_schema(made, schema):
    made.execute("CREATE SCHEMA elsewhere")
    scope = scope_of(made.metadata, ("public", "elsewhere"))

    def compared():
        return check_database(made.connection, made.metadata, made.capabilities, scope)

    made.execute("ALTER MATERIALIZED VIEW daily SET SCHEMA elsewhere")
    (finding,) = compared().findings.values()
    assert "is called elsewhere.daily in the database, the models declare daily" in finding.message
    plan = plan_for(compared(), guarded=bool(schema))
    assert run_body(made.connection, upgrade_body(plan)) == ""
    assert not compared().findings
    # A guarded revision also runs where there is nothing to mend.
    assert not schema or run_body(made.connection, upgrade_body(plan)) == ""


def test_two_that_could_be_it_are_neither(made):
    """Which of them has the rows, a person must say."""
    made.execute("ALTER MATERIALIZED VIEW monthly RENAME TO a")
    made.execute(
        "CREATE MATERIALIZED VIEW b WITH (timescaledb.continuous) AS SELECT probe,"
        " time_bucket('1 month', day) AS month, max(mean) AS highest FROM daily GROUP BY 1, 2"
        " WITH NO DATA"
    )
    names = ("monthly", "a", "b")
    made.expect([f"continuous_aggregate:{name}:exists" for name in names])


@parametrize(UNDECLARED)
def test_none_is_declared(database, case):
    """Everything that belongs to an aggregate is told with it."""
    database.alter(case)
    database.expect(case.findings)


@parametrize(KEPT)
def test_what_keeps_it(made, case):
    made.alter(case)
    made.expect(case.findings)


@parametrize(HARMLESS)
def test_harmless(made, case):
    made.alter(case)
    made.expect(case.findings)


OF_OWN_SCHEMA = """
CREATE SCHEMA tools;
CREATE EXTENSION timescaledb SCHEMA tools;
SET LOCAL search_path = public, tools;
CREATE TABLE ticks (at timestamptz NOT NULL);
SELECT create_hypertable('ticks', 'at', chunk_time_interval => INTERVAL '7 days');
CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS
    SELECT time_bucket('1 day', at) AS day, count(*) AS n FROM ticks GROUP BY 1 WITH NO DATA;
"""


def test_functions_that_the_session_does_not_find(conformance_engine):
    """The models call time_bucket() without its schema, which is not on the search_path."""
    metadata = MetaData()
    at = Column("at", DateTime(timezone=True), nullable=False)
    Table("ticks", metadata, at, Hypertable("at", chunk_interval="7 days"))
    ContinuousAggregate(
        "SELECT time_bucket('1 day', at) AS day, count(*) AS n FROM ticks GROUP BY 1", name="daily"
    ).require(metadata)
    with conformance_engine.database() as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL client_min_messages = error")
            connection.exec_driver_sql(OF_OWN_SCHEMA)
        with engine.connect() as connection:
            compared = check_database(connection, metadata, conformance_engine.capabilities)
    assert compared.findings == {}


@pytest.mark.parametrize("type_", [SmallInteger, Integer, BigInteger])
def test_a_policy_on_any_integer_time_is_made(bare_database, type_):
    """TimescaleDB takes no integer for the offset of a smallint."""
    metadata = MetaData()
    name = type_().compile()
    Function("present()", body=f"SELECT 7::{name}", language="sql", returns=name,
             volatility="stable").require(metadata)  # fmt: skip
    Table("readings", metadata, Column("at", type_, nullable=False),
          Hypertable("at", chunk_interval=10, integer_now="present"))  # fmt: skip
    ContinuousAggregate(
        f"SELECT time_bucket(5::{name}, at) AS five, count(*) FROM readings GROUP BY 1",
        Refresh(start_offset=100, end_offset=10, schedule_interval="1 hour"),
        Compression(order_by="five", after=200), Retention(drop_after=1000), name="fives",
    ).require(metadata)  # fmt: skip
    outcome = prove(bare_database, metadata)
    assert (outcome.left, outcome.changed, outcome.plan.unmended) == ([], [], ())
