"""Policies that make sense: each rule over several objects, broken alone, and what only looks so.

The models declare what is there, so that nothing but the rule can be a finding.
"""

from __future__ import annotations

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Table,
)
from sqlalchemy.exc import DBAPIError

import models
from conformance.comparing.capabilities import version_tuple
from conformance.comparing.policies.codes import POLICY_CODES
from conformance.declarations import (
    Compression,
    ContinuousAggregate,
    Hypertable,
    Refresh,
    Retention,
    hypertable_of,
)

from .cases import Alteration, parametrize

pytestmark = pytest.mark.usefixtures("community_edition")

FLOWS = """
CREATE TABLE flows (probe int NOT NULL, at timestamptz NOT NULL, litres double precision);
SELECT create_hypertable('flows', 'at', chunk_time_interval => INTERVAL '1 day');
ALTER TABLE flows SET (timescaledb.compress, timescaledb.compress_segmentby = 'probe',
    timescaledb.compress_orderby = 'at DESC');
CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS
    SELECT probe, time_bucket('1 day', at) AS day, avg(litres) AS mean
    FROM flows GROUP BY 1, 2 WITH NO DATA;
ALTER MATERIALIZED VIEW daily SET (timescaledb.compress, timescaledb.compress_segmentby = 'probe',
    timescaledb.compress_orderby = 'day DESC');
CREATE MATERIALIZED VIEW weekly WITH (timescaledb.continuous) AS
    SELECT probe, time_bucket('7 days', day) AS week, max(mean) AS highest
    FROM daily GROUP BY 1, 2 WITH NO DATA;
"""
TICKS = """
CREATE TABLE ticks (device int NOT NULL, number bigint NOT NULL, value double precision);
SELECT create_hypertable('ticks', 'number', chunk_time_interval => 1000);
CREATE FUNCTION latest() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 50000::bigint';
SELECT set_integer_now_func('ticks', 'latest');
CREATE MATERIALIZED VIEW sums WITH (timescaledb.continuous) AS
    SELECT device, time_bucket(100, number) AS bucket, sum(value) AS total
    FROM ticks GROUP BY 1, 2 WITH NO DATA;
"""


class Flows:
    """Policies of `flows`, `daily` and `weekly`: what the models declare, and what makes them."""

    def __init__(self) -> None:
        self.parts: dict[str, list] = {"flows": [], "daily": [], "weekly": []}
        self.after: dict[str, str | None] = {"flows": None, "daily": None}
        self.sql: list[str] = []

    def retention(self, table: str, age: str) -> Flows:
        self.parts[table].append(Retention(drop_after=age))
        self.sql.append(f"SELECT add_retention_policy('{table}', INTERVAL '{age}')")
        return self

    def compression(self, table: str, age: str) -> Flows:
        self.after[table] = age
        self.sql.append(f"SELECT add_compression_policy('{table}', INTERVAL '{age}')")
        return self

    def refresh(self, table: str, start: str | None, end: str | None, every: str) -> Flows:
        self.parts[table].append(
            Refresh(start_offset=start, end_offset=end, schedule_interval=every)
        )
        offsets = ("NULL" if age is None else f"INTERVAL '{age}'" for age in (start, end))
        self.sql.append(
            f"SELECT add_continuous_aggregate_policy('{table}', {', '.join(offsets)},"
            f" INTERVAL '{every}')"
        )
        return self

    def models(self) -> MetaData:
        metadata = MetaData()
        for table, column in (("flows", "at"), ("daily", "day"), ("weekly", "week")):
            parts = list(self.parts[table])
            if table in self.after:
                order = f"{column} DESC"
                parts.append(
                    Compression(segment_by="probe", order_by=order, after=self.after[table])
                )
            self._table(metadata, table, column, parts)
        return metadata

    def _table(self, metadata, table, column, parts) -> None:
        queries = {
            "daily": "SELECT probe, time_bucket('1 day', at) AS day, avg(litres) AS mean"
            " FROM flows GROUP BY 1, 2",
            "weekly": "SELECT probe, time_bucket('7 days', day) AS week, max(mean) AS highest"
            " FROM daily GROUP BY 1, 2",
        }
        if table in queries:
            ContinuousAggregate(queries[table], *parts, name=table).require(metadata)
            return
        Table(
            table,
            metadata,
            Column("probe", Integer, nullable=False),
            Column(column, DateTime(timezone=True), nullable=False),
            Column("litres", Double),
            Hypertable(column, chunk_interval="1 day"),
            *parts,
        )


#: What the policies are, the findings, and the oldest version that has several refreshes.
WINDOWS = {
    "retention of the source inside the refresh": (
        Flows().retention("flows", "7 days").refresh("daily", "30 days", "1 hour", "1 hour"),
        {"retention-in-refresh:daily.refresh:source_retention"},
    ),
    "retention of the source and a refresh without limit": (
        Flows().retention("flows", "7 days").refresh("daily", None, "1 hour", "1 hour"),
        {"retention-in-refresh:daily.refresh:source_retention"},
    ),
    "retention of an aggregate that another one is computed from": (
        Flows().retention("daily", "20 days").refresh("weekly", "30 days", "1 hour", "1 hour"),
        {"retention-in-refresh:weekly.refresh:source_retention"},
    ),
    "retention of the aggregate inside its refresh": (
        Flows()
        .retention("daily", "7 days")
        .refresh("daily", "30 days", "1 hour", "1 hour")
        .retention("weekly", "7 days"),
        {"retention-in-refresh:daily.refresh:retention"},
    ),
    "retention as old as the refresh": (
        Flows().retention("flows", "30 days").refresh("daily", "30 days", "1 hour", "1 hour"),
        set(),
    ),
    "retention of the aggregate and a refresh without limit": (
        Flows()
        .retention("daily", "7 days")
        .refresh("daily", None, "1 hour", "1 hour")
        .retention("weekly", "7 days"),
        set(),
    ),
    "compression of the source inside the refresh": (
        Flows().compression("flows", "7 days").refresh("daily", "30 days", "1 hour", "1 hour"),
        {"compression-in-refresh:daily.refresh:source_compression"},
    ),
    "compression of the source and a refresh without limit": (
        Flows().compression("flows", "7 days").refresh("daily", None, "1 hour", "1 hour"),
        set(),
    ),
    "compression as old as the refresh": (
        Flows().compression("flows", "30 days").refresh("daily", "30 days", "1 hour", "1 hour"),
        set(),
    ),
    "compression of the aggregate after the refresh": (
        Flows().refresh("daily", "30 days", "1 hour", "1 hour").compression("daily", "31 days"),
        set(),
    ),
    "a refresh more rare than its window is wide": (
        Flows().refresh("daily", "3 days", "1 hour", "7 days"),
        {"refresh-too-rare:daily.refresh:schedule_interval"},
    ),
    "a refresh as rare as its window is wide": (
        Flows().refresh("daily", "3 days", "1 day", "2 days"),
        {"refresh-too-rare:daily.refresh:schedule_interval"},
    ),
    "a refresh as rare as its window is wide without a bucket": (
        Flows().refresh("daily", "3 days", "1 day", "1 day"),
        set(),
    ),
    "a rare refresh without limit": (
        Flows().refresh("daily", None, "1 day", "30 days"),
        set(),
    ),
    "a rare refresh up to the newest row": (
        Flows().refresh("daily", "3 days", None, "4 days"),
        {"refresh-too-rare:daily.refresh:schedule_interval"},
    ),
    "retention shorter than compression": (
        Flows().retention("flows", "7 days").compression("flows", "30 days"),
        {"retention-before-compression:flows:drop_after"},
    ),
    "retention as old as compression": (
        Flows().retention("flows", "30 days").compression("flows", "30 days"),
        {"retention-before-compression:flows:drop_after"},
    ),
    "retention after compression": (
        Flows().retention("flows", "31 days").compression("flows", "30 days"),
        set(),
    ),
    "retention of the aggregate shorter than its compression": (
        Flows()
        .refresh("daily", "3 days", "1 hour", "1 hour")
        .retention("daily", "7 days")
        .compression("daily", "30 days")
        .retention("weekly", "7 days"),
        {"retention-before-compression:daily:drop_after"},
    ),
    "an aggregate that is kept for longer than its source": (
        Flows().retention("daily", "90 days").retention("weekly", "1 year"),
        {"source-forgets:weekly:source_retention"},
    ),
    "an aggregate that is kept for ever and refreshed": (
        Flows().retention("daily", "90 days").refresh("weekly", "30 days", "1 hour", "1 hour"),
        {"source-forgets:weekly:source_retention"},
    ),
    "a bucket that is longer than its source lasts": (
        Flows().retention("daily", "5 days").retention("weekly", "5 days"),
        {"source-forgets:weekly:source_retention"},
    ),
    "a bucket that is longer than its hypertable keeps rows": (
        Flows().retention("flows", "12 hours"),
        {"source-forgets:daily:source_retention"},
    ),
    "an aggregate that is kept for ever and that no policy refreshes": (
        Flows().retention("daily", "90 days"),
        {"source-forgets:weekly:source_retention"},
    ),
    "an aggregate that is kept for as long as its source": (
        Flows().retention("daily", "90 days").retention("weekly", "90 days"),
        set(),
    ),
    "an aggregate and its source, both kept for ever": (
        Flows().refresh("weekly", "30 days", "1 hour", "1 hour"),
        set(),
    ),
    "an aggregate that outlives its hypertable": (
        Flows().retention("flows", "90 days").refresh("daily", "30 days", "1 hour", "1 hour"),
        set(),
    ),
    "everything, each after the other": (
        Flows()
        .compression("flows", "30 days")
        .retention("flows", "90 days")
        .refresh("daily", "30 days", "1 hour", "1 hour")
        .compression("daily", "60 days")
        .retention("daily", "1 year")
        .retention("weekly", "1 year"),
        set(),
    ),
}

#: Several refreshes of one aggregate.
SEVERAL = {
    "a gap between two windows": (
        Flows()
        .refresh("daily", "3 days", "1 hour", "1 hour")
        .refresh("daily", "30 days", "10 days", "1 day"),
        {"refresh-gap:daily:3 days to 10 days"},
    ),
    "one window after the other": (
        Flows()
        .refresh("daily", "3 days", "1 hour", "1 hour")
        .refresh("daily", "30 days", "3 days", "1 day"),
        set(),
    ),
    "a rare refresh whose buckets another one takes up": (
        Flows()
        .refresh("daily", "3 days", "1 hour", "7 days")
        .refresh("daily", "30 days", "3 days", "1 day"),
        set(),
    ),
    "a rare refresh of the oldest buckets": (
        Flows()
        .refresh("daily", "3 days", "1 hour", "1 hour")
        .refresh("daily", "10 days", "3 days", "30 days"),
        {"refresh-too-rare:daily.refresh 10 days to 3 days:schedule_interval"},
    ),
}


@pytest.fixture
def flows(bare_database):
    """A hypertable, an aggregate of it, and one of that; no policies yet."""
    bare_database.execute("SET LOCAL client_min_messages = error")
    bare_database.execute(FLOWS)
    return bare_database


def _made(database, policies: Flows) -> MetaData:
    for statement in policies.sql:
        database.execute(statement)
    return policies.models()


@pytest.mark.parametrize(("policies", "findings"), WINDOWS.values(), ids=list(WINDOWS))
def test_ages(flows, policies, findings):
    flows.expect(findings, _made(flows, policies))


@pytest.mark.parametrize(("policies", "findings"), SEVERAL.values(), ids=list(SEVERAL))
def test_several_refreshes(flows, policies, findings):
    flows.require(Alteration("several", "", since=(2, 21)))
    flows.expect(findings, _made(flows, policies))


def test_a_changed_age_is_one_finding(flows):
    """Not the rule as well, which is broken because of it."""
    metadata = _made(
        flows,
        Flows().retention("flows", "60 days").refresh("daily", "30 days", "1 hour", "1 hour"),
    )
    flows.execute(
        "SELECT remove_retention_policy('flows');"
        "SELECT add_retention_policy('flows', INTERVAL '7 days')"
    )
    flows.expect({"policy:flows.retention:drop_after"}, metadata)
    assert flows.compare(metadata).consequences


def _ticks(**declared: object) -> MetaData:
    """`ticks` by number; a policy of the aggregate, and none of the table, needs its time."""
    metadata = MetaData()
    retention = declared.pop("retention", None)
    Table(
        "ticks",
        metadata,
        Column("device", Integer, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("value", Double),
        Hypertable("number", chunk_interval=1000, **declared),
        *([Retention(drop_after=retention)] if retention else []),
    )
    ContinuousAggregate(
        "SELECT device, time_bucket(100, number) AS bucket, sum(value) AS total"
        " FROM ticks GROUP BY 1, 2",
        Refresh(start_offset=5000, end_offset=100, schedule_interval="1 hour"),
        name="sums",
    ).require(metadata)
    return metadata


@pytest.fixture
def ticks(bare_database):
    """A hypertable whose time is a number, at 50,000, and an aggregate that is refreshed."""
    bare_database.execute("SET LOCAL client_min_messages = error")
    bare_database.execute(TICKS)
    bare_database.execute(
        "SELECT add_continuous_aggregate_policy('sums', 5000, 100, INTERVAL '1 hour')"
    )
    return bare_database


#: No way but the catalog leads back to none.
NO_FUNCTION = (
    "UPDATE _timescaledb_catalog.dimension SET integer_now_func_schema = NULL,"
    " integer_now_func = NULL WHERE integer_now_func = 'latest';"
)
MISSING = "integer-now-missing:ticks:integer_now"
FAR = "integer-now-far:ticks:integer_now"
ANOTHER = "CREATE OR REPLACE FUNCTION latest() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT {}';"
INSERT = "INSERT INTO ticks VALUES (1, {});"

INTEGER_TIME = (
    Alteration("a function, and no row", "SELECT 1"),
    Alteration("no function, which a policy of the aggregate needs", NO_FUNCTION, {MISSING}),
    Alteration("the function dropped", "DROP FUNCTION latest()", {MISSING}),
    Alteration(
        "no function, and nothing that needs it",
        f"{NO_FUNCTION} SELECT remove_continuous_aggregate_policy('sums')",
        {"policy:sums.refresh:exists"},
    ),
    Alteration("a row of now", INSERT.format(49_990)),
    Alteration("a row of a while ago", INSERT.format(41_000)),
    Alteration("a row that is yet to come", INSERT.format(59_000)),
    Alteration("rows in a unit that is a thousand times smaller", INSERT.format(50_000_000), {FAR}),
    Alteration("rows in a unit that is ten times larger", INSERT.format(5_000), {FAR}),
    Alteration(
        "a function that counts in another unit",
        INSERT.format(49_990) + ANOTHER.format("50::bigint * 1000000"),
        {FAR},
    ),
)


@parametrize(INTEGER_TIME)
def test_integer_time(ticks, case):
    ticks.alter(case)
    ticks.expect(case.findings, _ticks(), living=True)


def test_a_function_that_fails_is_not_checked(ticks):
    """The audit goes on, and says so."""
    ticks.execute(INSERT.format(49_990) + ANOTHER.format("1::bigint / 0"))
    compared = ticks.compare(_ticks(), living=True)
    assert not compared.findings
    (left_out,) = compared.not_checked.values()
    assert left_out.id == FAR
    assert "division by zero" in left_out.reason


def test_no_function_is_one_finding(ticks):
    """Where the models promise one, the fact says it."""
    ticks.execute("SELECT add_retention_policy('ticks', 100000);" + NO_FUNCTION)
    (finding,) = ticks.compare(_ticks(retention=100_000)).findings.values()
    assert finding.id == "hypertable:ticks:integer_now"
    assert "set_integer_now_func()" in finding.hint


NOBODY = "CREATE ROLE nobody_of_a_test NOLOGIN;"
SOMEBODY = "CREATE ROLE somebody_of_a_test LOGIN;"
ROLE = "policy-owner:nobody_of_a_test:login"


def _owned_by(role: str, where: str = "true") -> str:
    """As older versions leave the owner of a job, whoever the table is given to."""
    return f"""DO $$ BEGIN
        EXECUTE format('UPDATE %s SET owner = ''{role}''::regrole WHERE id >= 1000 AND {where}',
            coalesce(to_regclass('_timescaledb_catalog.bgw_job'),
                     to_regclass('_timescaledb_config.bgw_job')));
    END $$;"""


def _tables_to(role: str) -> str:
    return f"""DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER TABLE %I OWNER TO {role}', name); END LOOP; END $$;"""


POLICY_OF_CURVES = (
    "id = (SELECT job_id FROM timescaledb_information.jobs"
    " WHERE hypertable_name = ''curves'' AND proc_name = ''policy_compression'')"
)
OWNERS = (
    Alteration(
        "all tables of a role that may not log in",
        NOBODY + _tables_to("nobody_of_a_test") + _owned_by("nobody_of_a_test"),
        {ROLE},
    ),
    Alteration(
        "one policy of a role that may not log in",
        NOBODY + _owned_by("nobody_of_a_test", POLICY_OF_CURVES),
        {ROLE, "policy-owner:curves.compression:owner"},
    ),
    Alteration(
        "a policy of a role that does not own the table",
        SOMEBODY + _owned_by("somebody_of_a_test", POLICY_OF_CURVES),
        {"policy-owner:curves.compression:owner"},
    ),
    Alteration(
        "policies of no owner",
        SOMEBODY + _owned_by("somebody_of_a_test"),
        {
            f"policy-owner:{table}.compression:owner"
            for table, defined in models.Base.metadata.tables.items()
            if hypertable_of(defined)
        },
    ),
    Alteration(
        "a policy of a member of the owner",
        SOMEBODY
        + "CREATE ROLE owners_of_a_test LOGIN; GRANT owners_of_a_test TO somebody_of_a_test;"
        + _tables_to("owners_of_a_test")
        + _owned_by("owners_of_a_test")
        + _owned_by("somebody_of_a_test", POLICY_OF_CURVES),
    ),
    Alteration(
        "all tables of a role that may log in",
        SOMEBODY + _tables_to("somebody_of_a_test") + _owned_by("somebody_of_a_test"),
    ),
    Alteration(
        "a policy of a superuser",
        "CREATE ROLE root_of_a_test LOGIN SUPERUSER;" + _owned_by("root_of_a_test"),
    ),
    Alteration("a role that owns nothing", NOBODY),
)


@parametrize(OWNERS)
def test_owner(database, case):
    database.alter(case)
    database.expect(case.findings)


REFERRED = """
CREATE TABLE flows (probe int NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (probe, at));
SELECT create_hypertable('flows', 'at', chunk_time_interval => INTERVAL '1 day');
ALTER TABLE flows SET (timescaledb.compress, timescaledb.compress_segmentby = 'probe',
    timescaledb.compress_orderby = 'at DESC');
INSERT INTO flows VALUES (1, '2020-01-01 12:00+00'), (1, '2020-01-02 12:00+00');
CREATE TABLE alarms (probe int, at timestamptz,
    CONSTRAINT fk_alarms FOREIGN KEY (probe, at) REFERENCES flows ON DELETE CASCADE);
"""
ON_CHUNKS = (
    "SELECT compress_chunk(c) FROM show_chunks('flows') c",
    "SELECT drop_chunks('flows', '2021-01-01'::timestamptz)",
)
REFERENCED = "chunks-referenced:flows:foreign_keys"


def _referred(*parts: Retention, after: str | None = None) -> MetaData:
    metadata = MetaData()
    flows = Table(
        "flows",
        metadata,
        Column("probe", Integer, primary_key=True, autoincrement=False),
        Column("at", DateTime(timezone=True), primary_key=True),
        Hypertable("at", chunk_interval="1 day"),
        Compression(segment_by="probe", order_by="at DESC", after=after),
        *parts,
    )
    Table(
        "alarms",
        metadata,
        Column("probe", Integer),
        Column("at", DateTime(timezone=True)),
        ForeignKeyConstraint(
            ["probe", "at"], [flows.c.probe, flows.c.at], name="fk_alarms", ondelete="CASCADE"
        ),
    )
    return metadata


@pytest.mark.parametrize(
    ("metadata", "policy", "failing"),
    [
        (_referred(), "SELECT 1", ()),
        (
            _referred(after="30 days"),
            "SELECT add_compression_policy('flows', INTERVAL '30 days')",
            ("flows.compression",),
        ),
        (
            _referred(Retention(drop_after="1 year"), after="30 days"),
            "SELECT add_compression_policy('flows', INTERVAL '30 days'),"
            " add_retention_policy('flows', INTERVAL '1 year')",
            ("flows.compression", "flows.retention"),
        ),
    ],
    ids=["no policy", "compression", "both"],
)
def test_a_foreign_key_to_chunks(bare_database, metadata, policy, failing):
    """Whatever rows the table has that refers to them."""
    version = version_tuple(
        bare_database.value("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
    )
    drops = version < (2, 28)
    bare_database.execute(REFERRED)
    bare_database.execute(policy)
    for sql in ON_CHUNKS[: 1 if drops else 2]:
        with pytest.raises(DBAPIError), bare_database.connection.begin_nested():
            bare_database.execute(sql)
    failing = failing[:1] if drops else failing
    bare_database.expect({REFERENCED} if failing else (), metadata)
    if failing:
        (found,) = bare_database.compare(metadata).findings.values()
        assert (
            f"alarms.fk_alarms refers to the hypertable, and each run of {', '.join(failing)} fails"
            in (found.message)
        )
    bare_database.execute("ALTER TABLE alarms DROP CONSTRAINT fk_alarms")
    bare_database.expect({"foreign_key:alarms.fk_alarms:exists"}, metadata)
    for sql in ON_CHUNKS:
        bare_database.execute(sql)


def test_every_rule_has_a_case():
    """Those of this file, and those of a living database."""
    of_living = {
        "job-fails", "chunks-late", "index-invalid", "sequence-behind", "sequence-exhausted",
        "sequence-near-end", "view-empty",
    }  # fmt: skip
    #: A declaration of windows that overlap is refused: comparing/test_policies.py has it.
    #: The same of an aggregate that is compressed inside of its own refresh.
    #: test_aggregates.py has an aggregate that cannot be read, and one that is ahead.
    of_facts = {"refresh-overlap", "aggregate-unreadable", "watermark-ahead"}
    cases = [*WINDOWS.values(), *SEVERAL.values()]
    ids = {item for _, found in cases for item in found}
    ids |= {item for case in (*INTEGER_TIME, *OWNERS) for item in case.findings} | {REFERENCED}
    found = {item.partition(":")[0] for item in ids}
    assert found | of_living | of_facts >= set(POLICY_CODES)
