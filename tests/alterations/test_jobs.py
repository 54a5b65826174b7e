"""What runs by itself beside compression and retention: reordering, and jobs of one's own.

And what a hypertable may have further: skipped chunks, sparse indexes, a function for the time.
"""

from __future__ import annotations

import pytest
from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    DateTime,
    Double,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from conformance.declarations import (
    ChunkSkipping,
    Compaction,
    Compression,
    Hypertable,
    Job,
    Reorder,
    Retention,
    SparseIndex,
)
from conformance.declarations.base import declarations_of
from conformance.mending.plan import plan_for
from conformance.mending.revision import downgrade_body, upgrade_body

from .cases import Alteration, parametrize
from .mending import prove, run_body

pytestmark = pytest.mark.usefixtures("community_edition")

MAKE = """
CREATE TABLE trades (
    id int NOT NULL, at timestamptz NOT NULL, "Venue" int, price float, note text,
    CONSTRAINT pk_trades PRIMARY KEY (id, at));
SELECT create_hypertable('trades', 'at', chunk_time_interval => INTERVAL '8 days');
ALTER TABLE trades SET (timescaledb.compress, timescaledb.compress_segmentby = 'note',
    timescaledb.compress_orderby = 'at DESC');
SELECT add_reorder_policy('trades', 'pk_trades');
SET LOCAL timescaledb.enable_chunk_skipping = on;
SELECT enable_chunk_skipping('trades', 'id');
SELECT enable_chunk_skipping('trades', 'Venue');
CREATE TABLE blocks (height bigint NOT NULL, size int);
SELECT create_hypertable('blocks', 'height', chunk_time_interval => 1000);
CREATE SCHEMA ops;
CREATE FUNCTION ops.latest() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';
SELECT set_integer_now_func('blocks', 'ops.latest');
SELECT add_retention_policy('blocks', 100000);
CREATE PROCEDURE ops.tidy(job_id int, config jsonb) LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE report(job_id int, config jsonb) LANGUAGE sql AS 'SELECT 1';
SELECT add_job('ops.tidy', INTERVAL '1 hour', config => '{"keep": 3, "all": [true, null]}');
SELECT add_job('report', INTERVAL '1 day', config => '{"of": "day"}');
SELECT add_job('report', INTERVAL '1 month', config => '{"of": "month"}', scheduled => false);
"""


def models(**changes: object) -> MetaData:
    """The models, with other arguments for some declarations."""
    metadata = MetaData()
    Table(
        "trades",
        metadata,
        Column("id", Integer, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("Venue", Integer),
        Column("price", Double),
        Column("note", Text),
        PrimaryKeyConstraint("id", "at", name="pk_trades"),
        Hypertable("at", chunk_interval="8 days"),
        Compression(
            segment_by="note",
            order_by="at DESC",
            after=changes.get("after"),
            sparse_indexes=changes.get("sparse_indexes"),
            **changes.get("compression", {}),
        ),
        *changes.get("more", ()),
        Reorder("pk_trades", schedule_interval=changes.get("reorder_schedule")),
        ChunkSkipping("id", "Venue"),
    )
    Table(
        "blocks",
        metadata,
        Column("height", BigInteger, nullable=False),
        Column("size", Integer),
        Hypertable(
            "height", chunk_interval=1000, integer_now=changes.get("integer_now", "ops.latest")
        ),
        Retention(drop_after=100_000),
    )
    Job("ops.tidy", schedule_interval="1 hour", config={"all": [True, None], "keep": 3}).require(
        metadata
    )
    Job("report", schedule_interval="1 day", config={"of": "day"}).require(metadata)
    Job(
        "public.report", schedule_interval="1 month", config={"of": "month"}, scheduled=False
    ).require(metadata)
    return metadata


def _alter_job(proc: str, arguments: str) -> str:
    return (
        f"SELECT alter_job(job_id, {arguments}) FROM timescaledb_information.jobs"
        f" WHERE proc_name = '{proc}'"
    )


def _remove(proc: str, more: str = "") -> str:
    return (
        "SELECT delete_job(job_id) FROM timescaledb_information.jobs"
        f" WHERE proc_name = '{proc}' {more};"
    )


REORDER = (
    Alteration(
        "no reordering", "SELECT remove_reorder_policy('trades')", {"policy:trades.reorder:exists"}
    ),
    Alteration(
        "by another index",
        "SELECT remove_reorder_policy('trades');"
        "SELECT add_reorder_policy('trades', 'trades_at_idx')",
        {"policy:trades.reorder:index_name"},
    ),
    Alteration(
        "another schedule",
        _alter_job("policy_reorder", "schedule_interval => INTERVAL '1 hour'"),
        {"policy:trades.reorder:schedule_interval"},
    ),
    Alteration(
        "paused",
        _alter_job("policy_reorder", "scheduled => false"),
        {"policy:trades.reorder:scheduled"},
    ),
    Alteration(
        "an undeclared one",
        "CREATE INDEX by_size ON blocks (size); SELECT add_reorder_policy('blocks', 'by_size')",
        {"policy:blocks.reorder:exists", "index:blocks.by_size:exists"},
    ),
)

JOBS = (
    Alteration("a job less", _remove("tidy"), {"job:ops.tidy:exists"}),
    Alteration(
        "one of two less",
        _remove("report", "AND config ->> 'of' = 'day'"),
        {'job:public.report.{"of": "day"}:exists'},
    ),
    Alteration(
        "a job more",
        "CREATE PROCEDURE vacuum_all(job_id int, config jsonb) LANGUAGE sql AS 'SELECT 1';"
        "SELECT add_job('vacuum_all', INTERVAL '1 hour')",
        {"job:public.vacuum_all:exists"},
    ),
    Alteration(
        "one more of a declared one",
        "SELECT add_job('ops.tidy', INTERVAL '2 hours')",
        {"job:ops.tidy:exists"},
    ),
    Alteration(
        "a job without an end",
        _alter_job("tidy", "max_runtime => 'infinity'"),
        {"job:ops.tidy:max_runtime"},
        postgresql=17,
    ),
    Alteration(
        "another config",
        _alter_job("tidy", """config => '{"keep": 4}'"""),
        {"job:ops.tidy:config"},
    ),
    # jsonb counts them as equal, but a procedure that casts `config ->> 'keep'` to integer fails.
    Alteration(
        "the same number with a point",
        _alter_job("tidy", """config => '{"keep": 3.0, "all": [true, null]}'"""),
        {"job:ops.tidy:config"},
    ),
    Alteration(
        "the same config in another order",
        _alter_job("tidy", """config => '{"all": [true,  null], "keep":3}'"""),
    ),
    Alteration(
        "another schedule",
        _alter_job("tidy", "schedule_interval => INTERVAL '1 day'"),
        {"job:ops.tidy:schedule_interval"},
    ),
    Alteration("paused", _alter_job("tidy", "scheduled => false"), {"job:ops.tidy:scheduled"}),
    Alteration(
        "few retries and little time",
        _alter_job("tidy", "max_retries => 2, max_runtime => INTERVAL '1 minute'"),
        {"job:ops.tidy:max_retries", "job:ops.tidy:max_runtime"},
    ),
    Alteration(
        "one of two altered",
        _alter_job("report", "scheduled => false"),
        {'job:public.report.{"of": "day"}:scheduled'},
    ),
)

FURTHER = (
    Alteration(
        "a column less is skipped by",
        "SELECT disable_chunk_skipping('trades', 'id')",
        {"chunk_skipping:trades.id:exists"},
    ),
    Alteration(
        "no column is skipped by",
        "SELECT disable_chunk_skipping('trades', 'id');"
        "SELECT disable_chunk_skipping('trades', 'Venue')",
        {"chunk_skipping:trades.id:exists", "chunk_skipping:trades.Venue:exists"},
    ),
    Alteration(
        "a column more is skipped by",
        "SELECT enable_chunk_skipping('blocks', 'size')",
        {"chunk_skipping:blocks.size:exists"},
    ),
    Alteration(
        "another function for the time",
        "CREATE FUNCTION ops.other() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';"
        "SELECT set_integer_now_func('blocks', 'ops.other', replace_if_exists => true)",
        {"hypertable:blocks:integer_now"},
    ),
    Alteration(
        "the same name in another schema",
        "CREATE FUNCTION latest() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';"
        "SELECT set_integer_now_func('blocks', 'latest', replace_if_exists => true)",
        {"hypertable:blocks:integer_now"},
    ),
    Alteration(
        "no function for the time",
        "UPDATE _timescaledb_catalog.dimension SET integer_now_func_schema = NULL,"
        " integer_now_func = NULL WHERE integer_now_func = 'latest'",
        {"hypertable:blocks:integer_now"},
    ),
    Alteration(
        "sparse indexes that are undeclared",
        "ALTER TABLE trades SET (timescaledb.compress_orderby = 'at DESC',"
        " timescaledb.compress_index = 'bloom(\"Venue\")')",
        {"compression:trades:sparse_indexes"},
        since=(2, 22),
    ),
    Alteration(
        "none at all",
        "ALTER TABLE trades SET (timescaledb.compress_orderby = 'at DESC',"
        " timescaledb.compress_index = '')",
        {"compression:trades:sparse_indexes"},
        since=(2, 22),
    ),
)

HARMLESS = (
    Alteration("as declared", "SELECT 1"),
    Alteration("rows", "INSERT INTO trades SELECT n, '2020-01-01', n FROM generate_series(1, 9) n"),
    Alteration(
        "chunks with ranges",
        "INSERT INTO trades SELECT n, '2020-01-01', n FROM generate_series(1, 9) n;"
        "SELECT compress_chunk(c) FROM show_chunks('trades') c",
    ),
    Alteration(
        "a job in another place of the clock",
        _alter_job("tidy", "next_start => now() + INTERVAL '1 month'"),
    ),
)


@parametrize(REORDER)
def test_reordering(made, case):
    made.alter(case)
    made.expect(case.findings)


@parametrize(JOBS)
def test_job(made, case):
    made.alter(case)
    made.expect(case.findings)


@parametrize(FURTHER)
def test_what_else_there_is(made, case):
    made.alter(case)
    made.expect(case.findings)


#: What no model declares: the job, the arguments of alter_job(), what the verdict says.
UNUSUAL = (
    ("tidy", "retry_period => INTERVAL '1 year'", "retry period is 1 year"),
    ("tidy", "fixed_schedule => false", "fixed schedule is no"),
    ("tidy", "initial_start => '2000-01-01', timezone => 'Asia/Tokyo'",
     "fixed schedule is in Asia/Tokyo"),
    ("tidy", "check_config => 'ops.checks'::regproc", "check is ops.checks"),
    ("policy_reorder", "retry_period => INTERVAL '2 years'", "retry period is 2 years"),
    ("policy_reorder", "fixed_schedule => true, initial_start => '2000-01-01 03:00+00',"
     " timezone => 'Asia/Tokyo'", "fixed schedule is from 2000-01-01 12:00:00 Asia/Tokyo"),
    ("policy_reorder", "check_config => 'ops.checks'::regproc", "check is ops.checks"),
)  # fmt: skip


@pytest.mark.parametrize(("proc", "arguments", "said"), UNUSUAL)
def test_what_is_unusual_of_a_job_is_named(made, proc, arguments, said):
    made.execute("CREATE FUNCTION ops.checks(config jsonb) RETURNS void LANGUAGE sql AS ''")
    before = made.compare()
    made.execute(_alter_job(proc, arguments))
    made.expect(())
    (entry,) = set(made.compare().seen) - set(before.seen)
    assert entry.object == {"tidy": "ops.tidy", "policy_reorder": "trades.reorder"}[proc]
    assert entry.reason == f"{said}, which no model declares"


@pytest.mark.parametrize(
    ("proc", "change"),
    [
        ("tidy", "schedule_interval => INTERVAL '2 hours', max_retries => 3"),
        ("tidy", """config => '{"keep": 4}'"""),
        ("tidy", "scheduled => false"),
        ("tidy", "next_start => 'infinity'"),
        ("policy_reorder", "max_runtime => INTERVAL '1 hour', scheduled => false"),
        ("policy_reorder", """config => config || '{"index_name": "trades_at_idx"}'"""),
        (
            "policy_retention",
            """config => config - 'drop_after'
            || '{"drop_created_before": "1 day", "verbose_log": true}'""",
        ),
    ],
)
def test_what_no_model_declares_of_a_job_is_kept(made, proc, change):
    """Another job would begin at another time, and would have no history."""
    made.execute("CREATE FUNCTION ops.checks(config jsonb) RETURNS void LANGUAGE sql AS ''")
    unusual = (
        "initial_start => '2000-01-01 03:00+00', fixed_schedule => true, timezone => 'Asia/Tokyo',"
        " check_config => 'ops.checks'::regproc, retry_period => INTERVAL '2 years'"
    )
    ours = (
        "SELECT to_jsonb(j) - 'next_start' FROM _timescaledb_config.bgw_job j"
        f" WHERE proc_name = '{proc}'"
    )
    made.execute(_alter_job(proc, unusual))
    before = made.value(ours)
    made.execute(_alter_job(proc, f"{unusual}, {change}"))
    altered = made.value(ours)
    plan = plan_for(made.compare())
    assert not plan.unmended
    assert run_body(made.connection, upgrade_body(plan)) == ""
    made.expect(())
    assert made.value(ours) == before
    assert run_body(made.connection, downgrade_body(plan)) == ""
    if "next_start" not in change:
        assert made.value(ours) == altered


def test_a_policy_that_was_removed_comes_back_at_its_time(made):
    """The downgrade of a revision that removes it."""
    made.execute(
        "SELECT alter_job(add_retention_policy('trades', INTERVAL '1 year'),"
        " fixed_schedule => true, initial_start => '2000-01-01 03:00+00', timezone => 'Asia/Tokyo')"
    )
    outcome = prove(made)
    assert (outcome.mended, outcome.changed) == (True, [])


@pytest.mark.parametrize("kind", ["job", "policy"])
def test_whose_job_it_is(made, kind):
    """A superuser may do what the owner of the table may."""
    made.execute(
        "CREATE ROLE test_heir SUPERUSER LOGIN; UPDATE _timescaledb_config.bgw_job"
        " SET owner = 'test_heir' WHERE proc_name IN ('tidy', 'policy_reorder')"
    )
    named = {item.reason for item in made.compare().seen if item.kind == kind}
    assert named == {"owner is test_heir, which no model declares"}


def test_a_first_run_that_is_far_away(made):
    """Nothing has run yet, so that next_start is unknown."""
    made.execute(
        _alter_job(
            "policy_reorder", "fixed_schedule => true, initial_start => now() + INTERVAL '9 years'"
        )
    )
    made.expect({"policy:trades.reorder:scheduled"})


@parametrize(HARMLESS)
def test_harmless(made, case):
    made.alter(case)
    made.expect(case.findings)


@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        pytest.param('bloom("Venue"), minmax(price)', set(), id="as declared"),
        pytest.param('minmax(price), bloom("Venue")', set(), id="in another order"),
        pytest.param("bloom(price)", {"compression:trades:sparse_indexes"}, id="another column"),
        pytest.param(
            'minmax("Venue"), minmax(price)',
            {"compression:trades:sparse_indexes"},
            id="another kind",
        ),
        pytest.param("", {"compression:trades:sparse_indexes"}, id="none"),
        pytest.param(None, {"compression:trades:sparse_indexes"}, id="chosen by itself"),
    ],
)
def test_sparse_indexes(made, sql, findings):
    made.require(Alteration("sparse indexes", "", since=(2, 22)))
    if sql is not None:
        made.execute(
            "ALTER TABLE trades SET (timescaledb.compress_orderby = 'at DESC',"
            f" timescaledb.compress_index = '{sql}')"
        )
    declared = ['bloom("Venue")', SparseIndex("minmax", "price")]
    made.expect(findings, models(sparse_indexes=declared))


@pytest.mark.parametrize("columns", ['"Venue", price', 'price, "Venue"'])
def test_a_bloom_filter_of_several_columns(made, columns):
    """TimescaleDB keeps the columns in the order of the table."""
    made.require(Alteration("composite", "", since=(2, 26)))
    made.execute(
        "ALTER TABLE trades SET (timescaledb.compress_orderby = 'at DESC',"
        f" timescaledb.compress_index = 'bloom({columns})')"
    )
    made.expect((), models(sparse_indexes=f"bloom({columns})"))
    made.expect({"compression:trades:sparse_indexes"}, models(sparse_indexes='bloom("Venue", id)'))


def test_an_index_of_the_first_and_the_last_value(made):
    made.require(Alteration("firstlast", "", since=(2, 28)))
    made.execute(
        "ALTER TABLE trades SET (timescaledb.compress_orderby = 'at DESC',"
        " timescaledb.sparse_index = 'firstlast(price)')"
    )
    made.expect((), models(sparse_indexes="firstlast(price)"))
    made.expect({"compression:trades:sparse_indexes"}, models(sparse_indexes="minmax(price)"))


#: The job of add_compaction_policy(), as TimescaleDB 2.29 writes it. Source: its source code.
COMPACTION = """
INSERT INTO _timescaledb_config.bgw_job
SELECT (jsonb_populate_record(j, jsonb_build_object(
           'id', 990099, 'proc_name', 'policy_compaction', 'schedule_interval', '00:05:00',
           'check_name', 'policy_compaction_check',
           'config', '{options}'::jsonb || jsonb_build_object('hypertable_id', hypertable_id)))).*
  FROM _timescaledb_config.bgw_job j WHERE proc_name = 'policy_reorder'
"""


@pytest.mark.parametrize(
    ("options", "declared", "finding"),
    [
        ("{}", [Compaction()], None),
        ("{}", [], "exists"),
        (None, [Compaction()], "exists"),
        ("{}", [Compaction(schedule_interval="1 minute")], "schedule_interval"),
        ('{"max_chunks": 3, "inactive_for": "01:00:00"}',
         [Compaction(max_chunks=3, inactive_for="1 hour")], None),
        ('{"max_chunks": 3}', [Compaction(max_chunks=4)], "max_chunks"),
        ('{"max_batches": 9}', [Compaction()], "max_batches"),
        ('{"inactive_for": "01:00:00"}', [Compaction(inactive_for="2 hours")], "inactive_for"),
    ],
)  # fmt: skip
def test_compaction(made, options, declared, finding):
    if options is not None:
        made.execute(COMPACTION.replace("{options}", options))
    metadata = models(more=declared)
    made.expect({f"policy:trades.compaction:{finding}"} if finding else (), metadata)
    for found in made.compare(metadata).findings.values():
        if finding == "exists":
            assert ("add_compaction_policy()" if declared else "Compaction(...)") in found.hint


#: What ALTER TABLE ... SET (timescaledb.direct_compress) of TimescaleDB 2.29 writes into the
#: catalog, beside the policies. Source: its source code, HYPERTABLE_STATUS_DIRECT_COMPRESS.
DIRECT = (
    "UPDATE _timescaledb_catalog.hypertable SET status = status | 8 WHERE table_name = 'trades'"
)
COMPRESSED = "SELECT add_compression_policy('trades', INTERVAL '8 days')"
UNORDERED = (
    "SELECT alter_job(job_id, config => config || '{\"recompress_unordered\": %s}')"
    " FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression'"
)
#: Both policies of direct compression run every minute.
EVERY_MINUTE = "SELECT alter_job(job_id, schedule_interval => '1 minute')" + (
    " FROM timescaledb_information.jobs WHERE proc_name IN ('policy_compression',"
    " 'policy_compaction')"
)
DIRECTLY = "compression:trades:direct"
CONFIG = "policy:trades.compression:config"
SCHEDULE = "policy:trades.compression:schedule_interval"


@pytest.mark.parametrize(
    ("sql", "declared", "findings"),
    [
        pytest.param([DIRECT], {"direct": True}, set(), id="as declared"),
        pytest.param([], {"direct": False}, set(), id="not direct"),
        pytest.param([DIRECT], {}, {DIRECTLY}, id="undeclared"),
        pytest.param([], {"direct": True}, {DIRECTLY}, id="not there"),
        pytest.param(
            [DIRECT, COMPRESSED, EVERY_MINUTE],
            {"direct": True},
            {CONFIG},
            id="a policy that compresses again",
        ),
        pytest.param(
            [DIRECT, COMPRESSED, EVERY_MINUTE, UNORDERED % "false"],
            {"direct": True},
            set(),
            id="all of it",
        ),
        pytest.param(
            [DIRECT, COMPRESSED, UNORDERED % "false"],
            {"direct": True},
            {SCHEDULE},
            id="as rarely as without it",
        ),
        pytest.param([COMPRESSED, UNORDERED % "false"], {}, {CONFIG}, id="overlapping ones left"),
        pytest.param([COMPRESSED, UNORDERED % "true"], {}, set(), id="the default, said"),
        pytest.param(
            [COMPRESSED, UNORDERED % "false"], {"recompress_unordered": False}, set(), id="said"
        ),
        pytest.param([COMPRESSED], {"recompress_unordered": False}, {CONFIG}, id="not so"),
    ],
)
def test_direct_compression(made, sql, declared, findings):
    """The catalog of a later TimescaleDB, as these servers can have it."""
    for statement in sql:
        made.execute(statement)
    after = "8 days" if COMPRESSED in sql else None
    metadata = models(after=after, compression=declared)
    made.expect(findings, metadata)
    for found in made.compare(metadata).findings.values():
        if found.id == DIRECTLY:
            assert "timescaledb.direct_compress" in found.hint


def test_direct_compression_compacts_every_minute(made):
    for statement in (DIRECT, COMPACTION.replace("{options}", "{}"), EVERY_MINUTE):
        made.execute(statement)
    made.expect((), models(compression={"direct": True}, more=[Compaction()]))


def test_no_statement_turns_direct_compression_off_for_a_while(made):
    """TimescaleDB would remove both policies."""
    made.execute(DIRECT)
    metadata = models(compression={"direct": True})
    metadata.tables["trades"].columns["price"].type = REAL()
    plan = plan_for(made.compare(metadata))
    (unmended,) = plan.unmended
    assert unmended.id == "column:trades.price:type"
    assert "timescaledb.direct_compress" in unmended.reason
    assert not plan.upgrade


def test_a_new_table_is_made_without_direct_compression(made):
    metadata = models(after="8 days", compression={"direct": True}, more=[Compaction()])
    made.execute("DROP TABLE trades")
    plan = plan_for(made.compare(metadata))
    assert "table:trades:exists" in plan.mended
    assert "compression:trades:direct" in {unmended.id for unmended in plan.unmended}
    written = [step.sql for step in plan.upgrade]
    enabled = next(at for at, sql in enumerate(written) if "timescaledb.compress_orderby" in sql)
    added = next(at for at, sql in enumerate(written) if "add_compression_policy" in sql)
    assert enabled < added


def test_the_policies_that_direct_compression_makes(made):
    """As TimescaleDB itself makes them."""
    made.require(Alteration("direct", "", since=(2, 29)))
    made.execute("ALTER TABLE trades SET (timescaledb.direct_compress = true)")
    direct = models(after="8 days", compression={"direct": True}, more=[Compaction()])
    made.expect((), direct)
    policies = {f"policy:trades.{name}:exists" for name in ("compression", "compaction")}
    made.expect({DIRECTLY, *policies}, models())
    made.execute("ALTER TABLE trades SET (timescaledb.direct_compress = false)")
    made.expect((), models())
    made.expect({DIRECTLY, *policies}, direct)


def test_a_missing_reordering_is_answered_with_its_function(made):
    made.execute("SELECT remove_reorder_policy('trades')")
    (finding,) = made.compare(models()).findings.values()
    assert finding.id == "policy:trades.reorder:exists"
    assert "Likely cause: add_reorder_policy() was not called" in finding.hint


def test_a_policy_without_a_function_for_the_time(made):
    """Whichever function it is, one is needed; the cause names how to set it."""
    made.expect((), models(integer_now=None))
    made.execute(
        "UPDATE _timescaledb_catalog.dimension SET integer_now_func_schema = NULL,"
        " integer_now_func = NULL WHERE integer_now_func = 'latest'"
    )
    (finding,) = made.compare(models(integer_now=None)).findings.values()
    assert finding.message == (
        "hypertable blocks: integer_now function is not set, the models need a function for a "
        "policy"
    )
    assert "set_integer_now_func()" in finding.hint


def test_a_hint_can_be_followed(made):
    """What nobody declared is answered with the declaration that there is for it."""
    metadata = models()
    metadata.info.clear()
    for table in metadata.sorted_tables:
        for kind in (Reorder, ChunkSkipping, Retention):
            declarations_of(table).pop(kind, None)
    found = {finding.id: finding.hint for finding in made.compare(metadata).findings.values()}
    for key, declaration in {
        "policy:trades.reorder:exists": "Reorder(...)",
        "job:ops.tidy:exists": "Job(...)",
        "chunk_skipping:trades.id:exists": "ChunkSkipping(...)",
        "policy:blocks.retention:exists": "Retention(...)",
    }.items():
        assert f"with {declaration}" in found[key]
