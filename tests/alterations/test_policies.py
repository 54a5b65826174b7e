"""Policies and jobs: what runs by itself, on what, how often, and whether it runs at all."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, Column, DateTime, Double, MetaData, Table, Uuid

import models
from conformance.declarations import Compression, Hypertable, Reorder, Retention, hypertable_of
from conformance.observed.catalog import statement

from .cases import Alteration, ModelEdit, parametrize
from .mending import prove

pytestmark = pytest.mark.usefixtures("community_edition")

POLICY = "policy:market_data.compression"
JOB = (
    "(SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name = 'market_data'"
    " AND proc_name = 'policy_compression')"
)
NEW_PROCEDURE = "CREATE PROCEDURE tidy(job_id int, config jsonb) LANGUAGE sql AS 'SELECT 1';"


def _alter_job(arguments: str) -> str:
    return f"SELECT alter_job({JOB}, {arguments})"


def _config(change: str) -> str:
    return (
        f"SELECT alter_job(job_id, config => config {change}) FROM timescaledb_information.jobs"
        f" WHERE job_id = {JOB}"
    )


def _in_the_catalog(column: str, value: str) -> str:
    """Versions keep the jobs in different schemas."""
    change = f"UPDATE %s SET {column} = {value} WHERE id = {JOB}".replace("'", "''")
    return (
        f"DO $$ BEGIN EXECUTE format('{change}',"
        " coalesce(to_regclass('_timescaledb_catalog.bgw_job'),"
        " to_regclass('_timescaledb_config.bgw_job'))); END $$"
    )


COMPRESSION = (
    Alteration("removed", "SELECT remove_compression_policy('market_data')", {f"{POLICY}:exists"}),
    Alteration(
        "removed from all",
        "SELECT remove_compression_policy(hypertable_name::regclass)"
        " FROM timescaledb_information.hypertables",
        {
            f"policy:{table}.compression:exists"
            for table, defined in models.Base.metadata.tables.items()
            if hypertable_of(defined)
        },
    ),
    Alteration(
        "later", _config("""|| '{"compress_after": "60 days"}'"""), {f"{POLICY}:compress_after"}
    ),
    Alteration(
        "made anew with another age",
        "SELECT remove_compression_policy('market_data');"
        "SELECT add_compression_policy('market_data', INTERVAL '30 days 1 second')",
        {f"{POLICY}:compress_after"},
    ),
    Alteration(
        "by the time of creation",
        "SELECT remove_compression_policy('market_data');"
        "SELECT add_compression_policy('market_data',"
        " compress_created_before => INTERVAL '30 days')",
        {f"{POLICY}:compress_after", f"{POLICY}:compress_created_before"},
    ),
    Alteration(
        "another schedule",
        _alter_job("schedule_interval => INTERVAL '2 days'"),
        {f"{POLICY}:schedule_interval"},
    ),
    Alteration(
        "the schedule of CREATE TABLE ... WITH, chosen by somebody",
        _alter_job("schedule_interval => INTERVAL '1 day'"),
        {f"{POLICY}:schedule_interval"},
    ),
    Alteration("paused", _alter_job("scheduled => false"), {f"{POLICY}:scheduled"}),
    Alteration("never next", _alter_job("next_start => 'infinity'"), {f"{POLICY}:scheduled"}),
    Alteration(
        "next in another age",
        _alter_job("next_start => '2999-01-01'"),
        {f"{POLICY}:scheduled"},
    ),
    Alteration("next in a month", _alter_job("next_start => now() + INTERVAL '1 month'")),
    Alteration(
        "from another hour of another time zone on",
        _alter_job(
            "fixed_schedule => true, initial_start => '2026-01-01 03:00', timezone => 'Asia/Tokyo'"
        ),
    ),
    Alteration(
        "a limited time",
        _alter_job("max_runtime => INTERVAL '1 minute'"),
        {f"{POLICY}:max_runtime"},
    ),
    Alteration(
        "an unlimited time",
        _alter_job("max_runtime => 'infinity'"),
        {f"{POLICY}:max_runtime"},
        postgresql=17,
    ),
    Alteration(
        "no second time",
        _in_the_catalog("schedule_interval", "'infinity'"),
        {f"{POLICY}:schedule_interval"},
        postgresql=17,
    ),
    Alteration(
        "a retry in another age",
        _alter_job("retry_period => 'infinity'"),
        postgresql=17,
    ),
    Alteration("few retries", _alter_job("max_retries => 2"), {f"{POLICY}:max_retries"}),
    Alteration(
        "a configuration more",
        _config("""|| '{"maxchunks_to_compress": 1}'"""),
        {f"{POLICY}:config"},
    ),
    Alteration(
        "another hypertable",
        _in_the_catalog("config", "config || '{\"hypertable_id\": 2}'"),
        {f"{POLICY}:config"},
    ),
    Alteration(
        "another procedure",
        NEW_PROCEDURE
        + _in_the_catalog(
            "(proc_schema, proc_name, check_schema, check_name, fixed_schedule)",
            "('public', 'tidy', NULL, NULL, true)",
        ),
        {f"{POLICY}:exists", "job:public.tidy:exists"},
    ),
    Alteration(
        "twice",
        """DO $$
        DECLARE
            jobs regclass := coalesce(to_regclass('_timescaledb_catalog.bgw_job'),
                                      to_regclass('_timescaledb_config.bgw_job'));
            found jsonb;
        BEGIN
            EXECUTE format('SELECT to_jsonb(j) || %L FROM %s j WHERE proc_name = %L LIMIT 1',
                           '{"id": 5000}', jobs, 'policy_compression') INTO found;
            EXECUTE format('INSERT INTO %s SELECT (jsonb_populate_record(NULL::%1$s, $1)).*', jobs)
            USING found;
        END
        $$""",
        {f"{POLICY}:count"},
    ),
)

#: What alter_job() takes and what can be written into the catalog, and fails when the job runs.
NO_AGES = (
    Alteration(
        "an age that is none",
        _config("""|| '{"compress_after": "ninety"}'"""),
        {f"{POLICY}:compress_after"},
    ),
    Alteration(
        "an age that is infinite",
        _config("""|| '{"compress_after": "infinity"}'"""),
        {f"{POLICY}:compress_after"},
    ),
    Alteration(
        "an age with a quote",
        _config("""|| '{"compress_after": "1 day''); DROP TABLE curves; --"}'"""),
        {f"{POLICY}:compress_after"},
    ),
    Alteration(
        "an age that is a list",
        _in_the_catalog("config", """config || '{"compress_after": ["30 days"]}'"""),
        {f"{POLICY}:compress_after"},
    ),
    Alteration(
        "an age too few",
        _in_the_catalog("config", "config - 'compress_after'"),
        {f"{POLICY}:compress_after"},
    ),
    Alteration(
        "a configuration that is a list",
        _in_the_catalog("config", "'[1]'"),
        {f"{POLICY}:compress_after", f"{POLICY}:config"},
    ),
    Alteration(
        "a configuration that is a text",
        _in_the_catalog("config", "'\"30 days\"'"),
        {f"{POLICY}:compress_after", f"{POLICY}:config"},
    ),
)
#: How PostgreSQL prints 30 days in each IntervalStyle, and how people write them.
AGES = (
    "30 days", "@ 30 days", "30 0:00:00", "P30D", "1 mon", "@ 1 mon", "+0-1", "P1M", "720:00:00",
    "PT720H", "4 weeks 2 days", "30d", "2 days 4 weeks", " 30 DAYS ", "43200 minutes",
    "29 days 24:00:00",
    "-1 year +12 mons +30 days",
)  # fmt: skip

OTHERS = (
    Alteration(
        "retention",
        "SELECT add_retention_policy('signals', INTERVAL '5 years')",
        {"policy:signals.retention:exists"},
    ),
    Alteration(
        "retention of an undeclared hypertable",
        "CREATE TABLE ticks (t timestamptz NOT NULL); SELECT create_hypertable('ticks', 't');"
        "SELECT add_retention_policy('ticks', INTERVAL '5 years')",
        {"table:ticks:exists"},
    ),
    Alteration(
        "reorder",
        "SELECT add_reorder_policy('signals', 'signals_signal_date_idx')",
        {"policy:signals.reorder:exists"},
    ),
    Alteration(
        "a job of one's own",
        NEW_PROCEDURE + "SELECT add_job('tidy', INTERVAL '1 hour')",
        {"job:public.tidy:exists"},
    ),
    Alteration(
        "a job of another schema",
        "CREATE SCHEMA ops;" + NEW_PROCEDURE.replace("tidy", "ops.tidy") + "SELECT"
        """ add_job('ops.tidy', INTERVAL '1 mon', config => '{"drop_after": "soon"}')""",
        {"job:ops.tidy:exists"},
    ),
    Alteration(
        "two jobs of one's own",
        NEW_PROCEDURE + "SELECT add_job('tidy', INTERVAL '1 hour');"
        "SELECT add_job('tidy', INTERVAL '2 hours', scheduled => false)",
        {"job:public.tidy:exists"},
    ),
    Alteration(
        "a job of TimescaleDB's procedure for retention",
        "SELECT add_job('_timescaledb_functions.policy_retention'::regproc, INTERVAL '1 day',"
        """ config => '{"hypertable_id": 1, "drop_after": "1 day"}')""",
        {"job:_timescaledb_functions.policy_retention:exists"},
    ),
    Alteration(
        "a job of the procedure of the policies",
        "SELECT add_job('_timescaledb_functions.policy_compression'::regproc, INTERVAL '1 day',"
        """ config => '{"hypertable_id": 1, "compress_after": "1 day"}')""",
        {"job:_timescaledb_functions.policy_compression:exists"},
    ),
    Alteration(
        "a function as a job",
        "CREATE FUNCTION tidy(job_id int, config jsonb) RETURNS void LANGUAGE sql AS '';"
        "SELECT add_job('tidy', INTERVAL '1 hour')",
        {"job:public.tidy:exists"},
    ),
)

EDITS = (
    ModelEdit(
        "another age",
        "market_data.py",
        'after="30 days"',
        'after="31 days"',
        {f"{POLICY}:compress_after"},
    ),
    ModelEdit("no policy", "market_data.py", 'after="30 days"', "after=None", {f"{POLICY}:exists"}),
    ModelEdit(
        "another schedule",
        "market_data.py",
        'after="30 days"',
        'after="30 days", schedule_interval="1 day"',
        {f"{POLICY}:schedule_interval"},
    ),
    ModelEdit(
        "retention",
        "signals.py",
        '        Hypertable("signal_date", chunk_interval="1 year"),\n',
        '        Hypertable("signal_date", chunk_interval="1 year"),\n'
        '        Retention(drop_after="5 years"),\n',
        {"policy:signals.retention:exists"},
        imports="from conformance.declarations import Retention",
    ),
)


@parametrize(COMPRESSION)
def test_compression_policy(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(NO_AGES)
def test_what_is_no_age_is_named_and_mended(database, case):
    database.alter(case)
    for living in (False, True):
        database.expect(case.findings, living=living)
    outcome = prove(database)
    assert outcome.mended
    # It is not made again.
    assert not [change for change in outcome.changed if not change.startswith(f"{POLICY}:")]
    assert [item.reason for item in outcome.plan.kept] == ["a policy that fails is not added"]


@pytest.mark.parametrize("age", AGES)
def test_an_age_in_other_words(database, age):
    database.execute(_in_the_catalog("config", f"""config || '{{"compress_after": "{age}"}}'"""))
    for living in (False, True):
        database.expect((), living=living)


@pytest.mark.parametrize("style", ["postgres", "postgres_verbose", "sql_standard", "iso_8601"])
@pytest.mark.parametrize(
    "age",
    [
        "30 days", "-30 days", "1 year 2 mons 3 days 04:05:06.7", "1 mon -1 days", "-0.5 s", "0 s",
        "-1 year -2 mons +3 days -04:05:06", "90 hours", "1000 years",
    ],
)  # fmt: skip
def test_an_age_in_any_interval_style(database, style, age):
    database.execute(f"SET LOCAL IntervalStyle = '{style}'")
    written = database.value(f"SELECT interval '{age}'::text")
    pattern = statement("interval_pattern")
    assert database.value(f"SELECT '{written}' ~* ({pattern.replace('%', '%%')})")


OF_CREATE_TABLE = Alteration(
    "CREATE TABLE ... WITH",
    "CREATE TABLE ticks (at timestamptz NOT NULL, price float)"
    " WITH (tsdb.hypertable, tsdb.partition_column = 'at', tsdb.chunk_interval = '30 days',"
    " tsdb.orderby = 'at DESC')",
    since=(2, 23),
)


def test_the_daily_schedule_of_create_table_with(bare_database):
    metadata = MetaData()
    Table("ticks", metadata, Column("at", DateTime(timezone=True), nullable=False),
          Column("price", Double), Hypertable("at", chunk_interval="30 days"),
          Compression(order_by="at DESC", after="30 days"))  # fmt: skip
    bare_database.alter(OF_CREATE_TABLE)
    bare_database.expect((), metadata)
    bare_database.execute(
        "SELECT alter_job(job_id, schedule_interval => INTERVAL '2 days')"
        " FROM timescaledb_information.jobs WHERE hypertable_name = 'ticks'"
    )
    bare_database.expect({"policy:ticks.compression:schedule_interval"}, metadata)


BY_UUID = Alteration(
    "by UUIDs",
    "CREATE TABLE logs (id uuid CONSTRAINT logs_pkey PRIMARY KEY);"
    " SELECT create_hypertable('logs', by_range('id', INTERVAL '1 day'));"
    " ALTER TABLE logs SET (timescaledb.compress, timescaledb.compress_orderby = 'id');"
    " SELECT add_compression_policy('logs', INTERVAL '30 days');"
    " SELECT add_reorder_policy('logs', 'logs_pkey')",
    since=(2, 23),
)


def test_the_schedules_of_a_hypertable_by_uuids(bare_database):
    """TimescaleDB derives no schedule from the length of such a chunk."""
    metadata = MetaData()
    Table("logs", metadata, Column("id", Uuid, primary_key=True),
          Hypertable("id", chunk_interval="1 day"), Reorder("logs_pkey"),
          Compression(order_by="id", after="30 days"))  # fmt: skip
    bare_database.alter(BY_UUID)
    bare_database.expect((), metadata)
    bare_database.execute(
        "SELECT alter_job(job_id, schedule_interval => INTERVAL '12 hours')"
        " FROM timescaledb_information.jobs WHERE hypertable_name = 'logs'"
    )
    policies = "policy:logs.compression", "policy:logs.reorder"
    bare_database.expect({f"{policy}:schedule_interval" for policy in policies}, metadata)


BY_CREATION = Alteration(
    "by creation",
    "CREATE TABLE ticks (at bigint NOT NULL, price float);"
    " SELECT create_hypertable('ticks', 'at', chunk_time_interval => 1000);"
    " ALTER TABLE ticks SET (timescaledb.compress, timescaledb.compress_orderby = 'at');"
    " SELECT add_compression_policy('ticks', compress_created_before => INTERVAL '30 days');"
    " SELECT add_retention_policy('ticks', drop_created_before => INTERVAL '90 days')",
    since=(2, 18),
)


def test_policies_by_the_creation_of_chunks(bare_database):
    """They need no function for the present, which an age of rows needs for integers."""

    def metadata(compressed, dropped):
        found = MetaData()
        Table("ticks", found, Column("at", BigInteger, nullable=False), Column("price", Double),
              Hypertable("at", chunk_interval=1000),
              Compression(order_by="at", after=None, created_before=compressed),
              Retention(drop_created_before=dropped))  # fmt: skip
        return found

    bare_database.alter(BY_CREATION)
    bare_database.expect((), metadata("30 days", "90 days"))
    other = metadata("20 days", "60 days")
    bare_database.expect(
        {
            "policy:ticks.compression:compress_created_before",
            "policy:ticks.retention:drop_created_before",
        },
        other,
    )
    outcome = prove(bare_database, other)
    assert outcome.mended
    assert not outcome.changed


@parametrize(OTHERS)
def test_other_job(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))
