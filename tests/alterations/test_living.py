"""What only a database in use shows: jobs that fail, chunks that are late, sequences that end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import (
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    create_engine,
    event,
)

from conformance.declarations import MaterializedView

from .cases import Alteration, Database, parametrize
from .test_harmless import COMPRESS_ALL, ROWS

community = pytest.mark.usefixtures("community_edition")

CURVES = (
    "(SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name = 'curves'"
    " AND proc_name = 'policy_compression')"
)


def _ran(job: str, *, failed: int, total: int, succeeds: bool) -> str:
    """As a background worker leaves it."""
    return (
        f"DELETE FROM _timescaledb_internal.bgw_job_stat WHERE job_id = {job};"
        "INSERT INTO _timescaledb_internal.bgw_job_stat SELECT"
        f" {job}, now(), now(), now() + INTERVAL '1 hour', '-infinity', {succeeds}, {total},"
        f" INTERVAL '1 s', INTERVAL '1 s', {total - failed}, {failed}, 0, {failed}, 0, 0;"
    )


def _said(job: str, message: str, ago: str) -> str:
    return (
        "INSERT INTO _timescaledb_internal.bgw_job_stat_history"
        " (job_id, pid, execution_start, execution_finish, succeeded, data)"
        f" SELECT {job}, 1, now() - INTERVAL '{ago}', now(), false,"
        f""" '{{"error_data": {{"message": "{message}"}}}}';"""
    )


FAILING = _ran(CURVES, failed=3, total=4, succeeds=False)
TIDY = (
    "CREATE PROCEDURE tidy(job_id int, config jsonb) LANGUAGE sql AS 'SELECT 1';"
    "SELECT add_job('tidy', INTERVAL '1 hour');"
)
RUNS = (
    Alteration("never ran", "SELECT 1"),
    Alteration("ran", _ran(CURVES, failed=0, total=4, succeeds=True)),
    Alteration("fails", FAILING, {"job-fails:curves.compression:last_run"}),
    Alteration("failed, and succeeded since", _ran(CURVES, failed=3, total=4, succeeds=True)),
    Alteration(
        "fails, because its owner may not log in",
        FAILING + "CREATE ROLE nobody_of_a_test SUPERUSER NOLOGIN; DO $$ BEGIN"
        " EXECUTE format('UPDATE %s SET owner = ''nobody_of_a_test''::regrole WHERE id >= 1000',"
        " coalesce(to_regclass('_timescaledb_catalog.bgw_job'),"
        " to_regclass('_timescaledb_config.bgw_job'))); END $$",
        {"policy-owner:nobody_of_a_test:login"},
    ),
    Alteration(
        "a job that nobody declared fails",
        TIDY
        + _ran(
            "(SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'tidy')",
            failed=1,
            total=1,
            succeeds=False,
        ),
        {"job:public.tidy:exists"},
    ),
)

#: Made long ago, as far as the catalog knows.
OLD = "UPDATE _timescaledb_catalog.chunk SET creation_time = now() - INTERVAL '{}';"
LATE = {f"chunks-late:{table}.compression:chunks" for table in (
    "market_data", "macro_series", "flow_data", "fiscal_data", "curves", "vol_surfaces", "signals",
)}  # fmt: skip
CHUNKS = (
    Alteration("old rows that were just loaded", ROWS),
    Alteration("chunks that are not due for a day", ROWS + OLD.format("23 hours")),
    Alteration("chunks that nothing compresses", ROWS + OLD.format("1 year"), LATE),
    Alteration("chunks that nothing compresses for a day", ROWS + OLD.format("25 hours"), LATE),
    Alteration("compressed chunks", ROWS + COMPRESS_ALL + OLD.format("1 year")),
    Alteration(
        "one chunk left",
        ROWS
        + COMPRESS_ALL
        + OLD.format("1 year")
        + "SELECT decompress_chunk(c) FROM show_chunks('curves') c",
        {"chunks-late:curves.compression:chunks"},
    ),
    Alteration(
        "chunks that are young",
        "INSERT INTO curves (curve_date, curve_id, tenor_days, rate)"
        f" VALUES (current_date, 'DI', 30, 10); {OLD.format('1 year')}",
    ),
    Alteration(
        "late, because it fails",
        FAILING + "INSERT INTO curves (curve_date, curve_id, tenor_days, rate)"
        f" VALUES ('2015-01-01', 'DI', 30, 10); {OLD.format('1 year')}",
        {"job-fails:curves.compression:last_run"},
    ),
    Alteration(
        "late, because it is paused",
        f"SELECT alter_job({CURVES}, scheduled => false);"
        "INSERT INTO curves (curve_date, curve_id, tenor_days, rate)"
        f" VALUES ('2015-01-01', 'DI', 30, 10); {OLD.format('1 year')}",
        {"policy:curves.compression:scheduled"},
    ),
)

INT_MAX = 2**31 - 1
#: setval() outlives its transaction, unless the sequence was made anew in it.
ANEW = "ALTER SEQUENCE instruments_id_seq RESTART; "
SEQUENCES = (
    Alteration("as new", "SELECT 1"),
    Alteration("half-way", f"{ANEW}SELECT setval('instruments_id_seq', {INT_MAX // 2})"),
    Alteration(
        "nine tenths gone", f"{ANEW}SELECT setval('instruments_id_seq', {INT_MAX // 10 * 9})"
    ),
    Alteration(
        "a little more gone",
        f"{ANEW}SELECT setval('instruments_id_seq', {INT_MAX // 10 * 9 + 100})",
        {"sequence-near-end:instruments_id_seq:last_value"},
    ),
    Alteration(
        "one number left",
        f"{ANEW}SELECT setval('instruments_id_seq', {INT_MAX}, false)",
        {"sequence-near-end:instruments_id_seq:last_value"},
    ),
    Alteration(
        "no number left",
        f"{ANEW}SELECT setval('instruments_id_seq', {INT_MAX})",
        {"sequence-exhausted:instruments_id_seq:last_value"},
    ),
    Alteration(
        "one of a column that is too small for it",
        "ALTER TABLE instruments ADD n serial; ALTER SEQUENCE instruments_n_seq AS bigint;"
        f"SELECT setval('instruments_n_seq', {INT_MAX + 1})",
        {"column:instruments.n:exists", "sequence-exhausted:instruments_n_seq:last_value"},
    ),
    Alteration(
        "one of its own, downwards",
        "CREATE SEQUENCE down AS smallint INCREMENT -1; SELECT setval('down', -32000)",
        {"sequence-near-end:down:last_value"},
    ),
    Alteration(
        "one that begins again",
        "CREATE SEQUENCE round AS smallint CYCLE; SELECT setval('round', 32767)",
    ),
    Alteration(
        "of few numbers, not drawn from",
        "CREATE SEQUENCE few MAXVALUE 3",
    ),
    Alteration(
        "a percent sign in its name",
        'CREATE SEQUENCE "50%" AS smallint; SELECT setval(\'"50%"\', 32767)',
        {"sequence-exhausted:50%:last_value"},
    ),
)

BEHIND = {"sequence-behind:notes.id:last_value"}
#: 300 rows, of which ANALYZE keeps every third number.
NOTES = "INSERT INTO notes (text) SELECT 'x' FROM generate_series(1, 300); ANALYZE notes;"
#: TRUNCATE of a table that is not as new as this one does so, and keeps the statistics.
NOT_COUNTED = "UPDATE pg_class SET reltuples = -1 WHERE oid = 'notes'::regclass"
ANOTHER_KEY = (
    "ALTER TABLE notes DROP CONSTRAINT pk_notes, ADD CONSTRAINT pk_notes PRIMARY KEY (id, text);"
)
NUMBERS = (
    Alteration("drawn from", NOTES),
    Alteration("restarted", f"{NOTES} ALTER TABLE notes ALTER id RESTART", BEHIND),
    Alteration("in the middle", f"{NOTES} SELECT setval('notes_id_seq', 201)", BEHIND),
    Alteration(
        "the only row's",
        "INSERT INTO notes (id, text) VALUES (1, 'x'), (2, 'x'); ANALYZE notes",
        BEHIND,
    ),
    Alteration("of chosen numbers", "INSERT INTO notes VALUES (-1, 'x'), (99, 'x'); ANALYZE notes"),
    Alteration(
        "with one chosen number", f"INSERT INTO notes (id, text) VALUES (9999, 'x'); {NOTES}"
    ),
    Alteration(
        "beside a range of chosen numbers",
        "INSERT INTO notes (id, text) SELECT n, 'x' FROM generate_series(1000000, 1000300) n;"
        + NOTES,
    ),
    Alteration(
        "not analyzed", NOTES.replace("ANALYZE notes;", "ALTER TABLE notes ALTER id RESTART")
    ),
    Alteration(
        "emptied", f"{NOTES} TRUNCATE notes; ALTER TABLE notes ALTER id RESTART; {NOT_COUNTED}"
    ),
    Alteration(
        "only of a child's rows",
        "INSERT INTO notes (text) VALUES ('x'), ('x');"
        "CREATE TABLE old_notes () INHERITS (notes);"
        "INSERT INTO old_notes SELECT n, 'x' FROM generate_series(1, 300) n; ANALYZE notes",
        {"table:notes:inherited_by", "table:old_notes:exists"},
    ),
    Alteration(
        "beside another key",
        f"{ANOTHER_KEY}{NOTES} ALTER TABLE notes ALTER id RESTART",
        {"primary_key:notes:columns"},
    ),
)

INVALID = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{}'::regclass"
INDEXES = (
    Alteration(
        "left half-built",
        "CREATE INDEX by_name ON instruments (name);" + INVALID.format("by_name"),
        {"index-invalid:instruments.by_name:valid"},
    ),
    Alteration(
        "a whole one that nobody declared",
        "CREATE INDEX by_name ON instruments (name)",
        {"index:instruments.by_name:exists"},
    ),
    Alteration(
        "a declared one",
        INVALID.format("signals_signal_date_idx"),
        {"index:signals.signals_signal_date_idx:valid"},
    ),
    Alteration(
        "of a table that nobody declared",
        "CREATE TABLE attic (x int); CREATE INDEX by_x ON attic (x);" + INVALID.format("by_x"),
        {"table:attic:exists"},
    ),
)


TOTALS = MaterializedView("SELECT count(*) AS n FROM instruments", name="totals")
MADE = "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM instruments"


@pytest.mark.parametrize(
    ("sql", "empty"),
    [
        (MADE, False),
        (f"{MADE} WITH NO DATA", True),
        (f"{MADE} WITH NO DATA; REFRESH MATERIALIZED VIEW totals", False),
    ],
)
def test_a_materialized_view_is_filled(database, sql, empty):
    metadata = database.requiring(TOTALS)
    database.execute(sql)
    database.expect({"view-empty:totals:populated"} if empty else (), metadata, living=True)
    database.expect((), metadata)


@community
@parametrize(RUNS)
def test_runs(database, case):
    database.alter(case)
    database.expect(case.findings, living=True)


@community
def test_how_often_it_fails_and_why(database):
    database.execute(
        FAILING
        + _said(CURVES, "an older error", "1 day")
        + _said(CURVES, "the last\\nerror.", "0 s")
    )
    (finding,) = database.compare(living=True).findings.values()
    assert finding.message == (
        "policy curves.compression: the last run failed; 3 of 4 runs failed, the last of these"
        ' with "the last error"'
    )


@community
@parametrize(CHUNKS)
def test_chunks(database, case):
    database.alter(case)
    database.expect(case.findings, living=True)


@community
def test_what_is_late_is_counted(database):
    database.execute(ROWS + OLD.format("30 days"))
    found = database.compare(living=True).findings.values()
    message = next(item.message for item in found if item.object == "market_data.compression")
    assert message == (
        "policy market_data.compression: 5 chunks should have been compressed, the oldest of them"
        " 30 days ago; it has never run"
    )


@community
def test_a_policy_that_was_just_made_is_not_late(bare_database):
    """Its chunks are years old, and it was made a moment ago."""
    bare_database.execute(
        "SET LOCAL client_min_messages = error; CREATE TABLE ticks (at timestamptz NOT NULL);"
        "SELECT create_hypertable('ticks', 'at'); INSERT INTO ticks VALUES ('2020-01-01');"
        + OLD.format("1 year")
        # A transaction of its own writes it later than the chunk.
        + "SAVEPOINT later; SELECT add_retention_policy('ticks', '7 days'::interval)"
    )
    late = "chunks-late:ticks.retention:chunks"
    assert late not in {key.id for key in bare_database.compare(living=True).consequences}
    ticks = "(SELECT max(job_id) FROM timescaledb_information.jobs)"
    bare_database.execute(_ran(ticks, failed=0, total=1, succeeds=True))
    assert late not in {key.id for key in bare_database.compare(living=True).consequences}
    bare_database.execute(
        "UPDATE _timescaledb_internal.bgw_job_stat SET last_start = now() - INTERVAL '3 days'"
    )
    assert late in {key.id for key in bare_database.compare(living=True).consequences}


def test_an_index_that_is_being_built(conformance_engine, bare):
    """CREATE INDEX CONCURRENTLY waits for an older transaction, and is no half-built index."""
    if not conformance_engine.capabilities.concurrent_sessions:
        pytest.skip("needs several sessions at once")
    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer), Index("ix_notes_id", "id"))
    with conformance_engine.database(bare) as url:
        sessions = create_engine(url, isolation_level="AUTOCOMMIT")
        with sessions.connect() as one, sessions.connect() as holder, sessions.connect() as reader:
            one.exec_driver_sql("CREATE TABLE notes (id int)")
            holder.exec_driver_sql("BEGIN; INSERT INTO notes VALUES (1)")
            build = "CREATE INDEX CONCURRENTLY ix_notes_id ON notes (id)"
            with ThreadPoolExecutor() as threads:
                building = threads.submit(one.exec_driver_sql, build)
                try:
                    while not reader.exec_driver_sql(
                        "SELECT 1 FROM pg_stat_progress_create_index WHERE index_relid > 0"
                    ).all():
                        assert not building.done()
                    database = Database(reader, conformance_engine.capabilities, metadata)
                    declared = database.compare(living=True)
                    metadata.tables["notes"].indexes.clear()
                    undeclared = database.compare(living=True)
                finally:
                    holder.exec_driver_sql("ROLLBACK")
                building.result()
        sessions.dispose()
    for compared in (declared, undeclared):
        assert not compared.findings
        assert "being built" in {item.kind: item.reason for item in compared.seen}["index"]


@community
def test_retention_that_is_late(bare_database):
    bare_database.execute(
        "SET LOCAL client_min_messages = error; CREATE TABLE ticks (at timestamptz NOT NULL);"
        "SELECT create_hypertable('ticks', 'at'); SELECT add_retention_policy('ticks', '7 days'::"
        "interval); INSERT INTO ticks VALUES ('2020-01-01'), ('2020-02-01'), (now());"
        + OLD.format("1 year")
    )
    found = bare_database.compare(living=True)
    # Nobody declares the table, which is the finding; here it is asked what the rule sees.
    assert "chunks-late:ticks.retention:chunks" in {key.id for key in found.consequences}


@parametrize(SEQUENCES)
def test_sequence(database, case):
    database.alter(case)
    database.expect(case.findings, living=True)


@parametrize(NUMBERS)
def test_sequence_beside_rows(bare_database, case):
    """What the last ANALYZE has seen: an audit reads no rows."""
    metadata = MetaData()
    Table(
        "notes",
        metadata,
        Column("id", Integer, Identity(), nullable=False),
        Column("text", Text, nullable=False),
        PrimaryKeyConstraint("id", name="pk_notes"),
    )
    metadata.create_all(bare_database.connection)
    bare_database.execute(case.sql)
    bare_database.expect(case.findings, metadata, living=True)


@parametrize(INDEXES)
def test_index(database, case):
    database.alter(case)
    database.expect(case.findings, living=True)


def test_a_check_does_not_ask(database):
    """A database that was just migrated has no runs to look at."""
    database.execute(f"{ANEW}SELECT setval('instruments_id_seq', {INT_MAX})")
    database.expect(())


def test_a_sequence_that_may_not_be_read_is_not_checked(database):
    if not database.capabilities.concurrent_sessions:
        pytest.skip("roles of the only session cannot be taken back where it fails")
    database.execute("CREATE ROLE reader_of_a_test; SET LOCAL ROLE reader_of_a_test")
    left_out = {item.id: item.reason for item in database.compare(living=True).not_checked.values()}
    reason = "this role may not read the sequence"
    assert left_out["sequence-near-end:instruments_id_seq:last_value"] == reason


def test_as_many_statements_however_much_there_is(database):
    """And few of them, which a database in use hardly notices."""
    database.execute("SET LOCAL client_min_messages = error")
    database.execute(_hypertable(0))
    few = _statements(database)
    for n in range(1, 6):
        database.execute(_hypertable(n))
    assert _statements(database) == few


def _hypertable(n: int) -> str:
    """One with a chunk and a sequence."""
    return (
        f"CREATE TABLE t{n} (id int GENERATED ALWAYS AS IDENTITY, at bigint NOT NULL);"
        f"SELECT create_hypertable('t{n}', 'at', chunk_time_interval => 1000);"
        f"INSERT INTO t{n} (at) VALUES (1);"
    )


def _statements(database) -> int:
    seen: list[str] = []

    def count(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(database.connection, "before_cursor_execute", count)
    database.compare(living=True)
    event.remove(database.connection, "before_cursor_execute", count)
    return len(seen)
