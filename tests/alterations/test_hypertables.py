"""Hypertables: whether a table is one, its time column, its chunk interval, its dimensions."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Integer,
    MetaData,
    NullPool,
    Table,
    create_engine,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

from conformance.comparing.facts import FactKey
from conformance.declarations import HashPartition, Hypertable
from conformance.mending.plan import plan_for

from .cases import Alteration, Database, ModelEdit, parametrize

PLAIN_CURVES = """
DROP TABLE curves;
CREATE TABLE curves (
    id bigint GENERATED ALWAYS AS IDENTITY, curve_date date NOT NULL, curve_id text NOT NULL,
    tenor_days integer NOT NULL, tenor_label text, rate double precision NOT NULL,
    curve_type text, source text,
    CONSTRAINT pk_curves PRIMARY KEY (id, curve_date),
    CONSTRAINT uq_curves_natural_key UNIQUE (curve_id, curve_date, tenor_days),
    CONSTRAINT ck_curves_tenor_days CHECK (tenor_days >= 0),
    CONSTRAINT ck_curves_curve_type CHECK (curve_type IN
        ('sovereign', 'swap', 'real', 'breakeven', 'credit', 'basis')));
"""
INTERVAL = "hypertable:market_data:chunk_interval"

ALTERATIONS = (
    Alteration(
        "restored without TimescaleDB's catalog",
        PLAIN_CURVES + "CREATE TABLE _timescaledb_internal._hyper_9_9_chunk () INHERITS (curves)",
        {"hypertable:curves:exists"},
    ),
    Alteration(
        "chunk interval",
        "SELECT set_chunk_time_interval('market_data', INTERVAL '7 days')",
        {INTERVAL},
    ),
    Alteration(
        "chunk interval a microsecond longer",
        "SELECT set_chunk_time_interval('market_data', 2592000000001)",
        {INTERVAL},
    ),
    Alteration(
        "chunk interval of 31 days",
        "SELECT set_chunk_time_interval('market_data', INTERVAL '31 days')",
        {INTERVAL},
    ),
    Alteration(
        "chunk intervals of two",
        "SELECT set_chunk_time_interval(t, INTERVAL '30 days')"
        " FROM unnest(ARRAY['curves', 'signals']::regclass[]) t",
        {"hypertable:curves:chunk_interval", "hypertable:signals:chunk_interval"},
    ),
    Alteration(
        "chunks of a size",
        "SELECT set_adaptive_chunking('curves', '64MB')",
        {"hypertable:curves:chunk_target_size"},
        before=(2, 28),
    ),
    Alteration(
        "chunks of a size no longer",
        "SELECT set_adaptive_chunking('curves', '64MB'), set_adaptive_chunking('curves', 'off')",
        before=(2, 28),
    ),
    Alteration(
        "chunks of a size, of which 2.28 takes no notice",
        "UPDATE _timescaledb_catalog.hypertable SET chunk_target_size = 67108864"
        " WHERE table_name = 'curves'; DO $$ DECLARE f text; BEGIN"
        " FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE proname = 'set_adaptive_chunking'"
        " LOOP EXECUTE 'ALTER EXTENSION timescaledb DROP FUNCTION ' || f;"
        " EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $$",
    ),
    Alteration("not a hypertable", PLAIN_CURVES, {"hypertable:curves:exists"}),
    Alteration(
        "another time column",
        "DROP TABLE curves; CREATE TABLE curves (id bigint GENERATED ALWAYS AS IDENTITY,"
        " curve_date date NOT NULL, curve_id text NOT NULL, tenor_days integer NOT NULL,"
        " tenor_label text, rate double precision NOT NULL, curve_type text, source text);"
        "SELECT create_hypertable('curves', 'tenor_days', chunk_time_interval => 100)",
        {
            "primary_key:curves:exists",
            "unique:curves.uq_curves_natural_key:exists",
            "check:curves.ck_curves_tenor_days:exists",
            "check:curves.ck_curves_curve_type:exists",
            "hypertable:curves:time_column",
            "hypertable:curves:time_type",
            "hypertable:curves:chunk_interval",
            "index:curves.curves_curve_date_idx:exists",
            "index:curves.curves_tenor_days_idx:exists",
            "compression:curves:exists",
        },
        community=True,
    ),
)

EDITS = (
    ModelEdit(
        "another chunk interval",
        "market_data.py",
        'chunk_interval="1 month"',
        'chunk_interval="2 months"',
        {INTERVAL},
    ),
    ModelEdit(
        "another type of the time",
        "curves.py",
        "curve_date: Mapped[date]",
        "curve_date: Mapped[datetime]",
        {"column:curves.curve_date:type"},
        imports="from datetime import datetime",
    ),
    ModelEdit(
        "a year of 365 days",
        "signals.py",
        'chunk_interval="1 year"',
        'chunk_interval="365 days"',
        {"hypertable:signals:chunk_interval"},
    ),
    ModelEdit(
        "no hypertable",
        "signals.py",
        """        Hypertable("signal_date", chunk_interval="1 year"),
        Compression(
            segment_by="signal_type",
            order_by="signal_date DESC, instrument_id, series_id, id",
            after="90 days",
        ),
""",
        "",
        {"hypertable:signals:exists"},
    ),
    ModelEdit(
        "a hypertable more",
        "data_sources.py",
        "class DataSource(Base):",
        "class Event(Base):\n"
        '    __tablename__ = "events"\n'
        '    __table_args__ = (Hypertable("day", chunk_interval="1 day"),)\n'
        "    day: Mapped[date] = mapped_column(primary_key=True)\n\n\n"
        "class DataSource(Base):",
        {"table:events:exists"},
        imports="from datetime import date\n\nfrom conformance.declarations import Hypertable",
    ),
)


@parametrize(ALTERATIONS)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))


ROOT = "hypertable:curves:root_table_rows"
#: As a restore that goes wrong writes them: into the table of the hypertable, and into no chunk.
INTO_THE_ROOT = """
SET timescaledb.restoring = on;
DROP TRIGGER IF EXISTS ts_insert_blocker ON curves;
INSERT INTO curves (curve_date, curve_id, tenor_days, rate)
    SELECT '2020-01-01'::date + n, 'DI', n, n FROM generate_series(1, 9) n;
DO $$ BEGIN IF EXISTS (SELECT FROM pg_proc WHERE proname = 'insert_blocker') THEN
    CREATE TRIGGER ts_insert_blocker BEFORE INSERT ON curves FOR EACH ROW
        EXECUTE FUNCTION _timescaledb_functions.insert_blocker(); END IF; END $$;
SET timescaledb.restoring = off;
"""
#: As the finding says.
RESCUED = """
SET timescaledb.restoring = on;
DROP TABLE IF EXISTS rescued;
CREATE TEMPORARY TABLE rescued AS SELECT * FROM ONLY curves;
RESET timescaledb.restoring;
"""
INTO_CHUNKS = "INSERT INTO curves OVERRIDING SYSTEM VALUE SELECT * FROM rescued;"
OUT_OF_THE_ROOT = """
SET timescaledb.restoring = on;
DELETE FROM ONLY curves;
RESET timescaledb.restoring;
"""


@pytest.fixture
def committing(conformance_engine, migrated):
    """A database of its own: what is counted of rows knows nothing of a rollback."""
    with (
        conformance_engine.database(migrated) as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        yield Database(connection, conformance_engine.capabilities)


@pytest.mark.parametrize("counted", ["ANALYZE curves", "SELECT pg_stat_force_next_flush()"])
def test_rows_in_the_root_table(committing, counted):
    if "flush" in counted and not committing.capabilities.concurrent_sessions:
        pytest.skip("the embedded server keeps no statistics of rows that are written")

    def expect(findings, *statements):
        for sql in (*statements, counted):
            committing.execute(sql)
            committing.connection.commit()
        committing.expect(findings)

    with committing.connection.begin_nested() as savepoint:
        committing.execute(INTO_THE_ROOT)
        savepoint.rollback()
    expect(())
    expect({ROOT}, INTO_THE_ROOT)
    (finding,) = committing.compare().findings.values()
    assert "rows in the root table are about 9, the models declare none" in finding.message
    (unmended,) = plan_for(committing.compare()).unmended
    assert unmended.reason.startswith("nobody knows whether copies of these rows are in chunks")
    # They are found where copies of them are in chunks, and no longer when they are gone.
    expect({ROOT}, RESCUED, INTO_CHUNKS)
    assert committing.value("SELECT count(*) FROM curves") == 9
    expect((), OUT_OF_THE_ROOT)
    expect({ROOT}, INTO_THE_ROOT.replace("'DI'", "'DJ'"))
    expect((), "SET timescaledb.restoring = on; TRUNCATE ONLY curves; RESET timescaledb.restoring")
    assert committing.value("SELECT count(*) FROM curves") == 9


def test_rows_that_were_in_chunks_or_there_before_are_none_of_the_root_table(committing):
    for sql in (
        INTO_CHUNKS.replace("SELECT * FROM rescued", "VALUES (1, '2020-01-01', 'DI', 1, '', 1)"),
        "CREATE TABLE old AS SELECT * FROM curves",
        "ALTER TABLE old ALTER curve_date SET NOT NULL; ANALYZE old",
        "SELECT create_hypertable('old', 'curve_date', migrate_data => true)",
        "SELECT pg_stat_force_next_flush(); ANALYZE",
    ):
        committing.execute(sql)
        committing.connection.commit()
    _, observed = committing.compare().sides
    found = {
        key.table: rows for key, rows in observed.items() if key.attribute == "root_table_rows"
    }
    assert found.items() >= {"old": None, "curves": None}.items()


@pytest.fixture
def blocking(database):
    """The database, if its TimescaleDB refuses rows in the root table by a trigger."""
    if not database.value("SELECT count(*) FROM pg_trigger WHERE tgname = 'ts_insert_blocker'"):
        pytest.skip("2.23 has dropped the trigger")
    database.execute("SET LOCAL timescaledb.restoring = on")
    return database


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        ("DROP TRIGGER ts_insert_blocker ON curves", "missing"),
        ("ALTER TABLE curves DISABLE TRIGGER ts_insert_blocker", "disabled"),
        ("ALTER TABLE curves DISABLE TRIGGER USER", "disabled"),
        ("ALTER TABLE curves ENABLE REPLICA TRIGGER ts_insert_blocker", "on replicas only"),
    ],
)
def test_a_root_table_that_no_longer_refuses_rows_is_named(blocking, sql, state):
    blocking.execute(sql + "; SET LOCAL timescaledb.restoring = off")
    compared = blocking.compare()
    assert not compared.findings
    assert [(entry.kind, entry.object, entry.reason) for entry in compared.seen] == [
        ("hypertable", "curves", f"insert blocker is {state}, which no model declares")
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE curves ENABLE ALWAYS TRIGGER ts_insert_blocker",
        "ALTER TABLE curves DISABLE TRIGGER USER; ALTER TABLE curves ENABLE TRIGGER USER",
        # As the update to 2.23 does.
        "DO $$ DECLARE f text; BEGIN"
        " FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE proname = 'insert_blocker'"
        " LOOP EXECUTE 'ALTER EXTENSION timescaledb DROP FUNCTION ' || f;"
        " EXECUTE 'DROP FUNCTION ' || f || ' CASCADE'; END LOOP; END $$",
    ],
    ids=["always", "enabled again", "of a version without it"],
)
def test_a_root_table_that_refuses_rows_is_not_named(blocking, sql):
    blocking.execute(sql + "; SET LOCAL timescaledb.restoring = off")
    compared = blocking.compare()
    assert not compared.findings
    assert not compared.seen


def _ticks(time: Column, interval: str | int = "7 days", **declared) -> MetaData:
    """One small hypertable, as declared."""
    metadata = MetaData()
    Table(
        "ticks",
        metadata,
        time,
        Column("venue", Integer),
        Hypertable(time.name, chunk_interval=interval, **declared),
    )
    return metadata


def _day() -> Column:
    return Column("t", Date, nullable=False)


FOUR_VENUES = {"partitions": [HashPartition("venue", 4)]}
NUMBERS = _ticks(Column("t", BigInteger, nullable=False), 1000)
BY_DAY = "CREATE TABLE ticks (t date NOT NULL, venue integer);"
BY_NUMBER = "CREATE TABLE ticks (t bigint NOT NULL, venue integer);"


@pytest.mark.parametrize(
    ("metadata", "sql", "findings"),
    [
        pytest.param(
            _ticks(_day(), **FOUR_VENUES),
            BY_DAY + "SELECT create_hypertable('ticks', 't', 'venue', 4)",
            set(),
            id="hash dimension",
        ),
        pytest.param(
            _ticks(_day(), partitions=[HashPartition("venue", 4, time_index=False)]),
            BY_DAY + "SELECT create_hypertable('ticks', 't');"
            "SELECT add_dimension('ticks', by_hash('venue', 4))",
            set(),
            id="hash dimension by add_dimension",
        ),
        pytest.param(
            _ticks(_day(), **FOUR_VENUES),
            BY_DAY + "SELECT create_hypertable('ticks', 't');"
            "SELECT add_dimension('ticks', by_hash('venue', 4))",
            {"index:ticks.ticks_venue_t_idx:exists"},
            id="hash dimension without its index",
        ),
        pytest.param(
            _ticks(_day()),
            BY_DAY + "SELECT create_hypertable('ticks', 't');"
            "SELECT add_dimension('ticks', by_hash('venue', 4))",
            {"hypertable:ticks:partitions"},
            id="a hash dimension more",
        ),
        pytest.param(
            _ticks(_day()),
            BY_DAY + "SELECT create_hypertable('ticks', 't');"
            "SELECT add_dimension('ticks', by_range('venue', 10))",
            {"hypertable:ticks:partitions", "column:ticks.venue:nullable"},
            id="a range dimension more",
        ),
        pytest.param(
            _ticks(_day(), **FOUR_VENUES),
            BY_DAY + "SELECT create_hypertable('ticks', 't', 'venue', 2)",
            {"hypertable:ticks:partitions"},
            id="fewer partitions",
        ),
        pytest.param(
            _ticks(_day(), **FOUR_VENUES),
            BY_DAY + "SELECT create_hypertable('ticks', 't')",
            {"hypertable:ticks:partitions", "index:ticks.ticks_venue_t_idx:exists"},
            id="no dimension",
        ),
        pytest.param(
            NUMBERS,
            BY_NUMBER + "SELECT create_hypertable('ticks', 't', chunk_time_interval => 1000)",
            set(),
            id="integer time",
        ),
        pytest.param(
            NUMBERS,
            BY_NUMBER + "SELECT create_hypertable('ticks', 't', chunk_time_interval => 10000)",
            {"hypertable:ticks:chunk_interval"},
            id="integer time with another interval",
        ),
        pytest.param(
            NUMBERS,
            BY_DAY + "SELECT create_hypertable('ticks', 't')",
            {"column:ticks.t:type", "hypertable:ticks:chunk_interval"},
            id="dates for integers",
        ),
        pytest.param(
            _ticks(_day(), time_index=False),
            BY_DAY + "SELECT create_hypertable('ticks', 't', create_default_indexes => false)",
            set(),
            id="no time index",
        ),
        pytest.param(
            _ticks(_day()),
            BY_DAY + "SELECT create_hypertable('ticks', 't', create_default_indexes => false)",
            {"index:ticks.ticks_t_idx:exists"},
            id="time index left out",
        ),
    ],
)
def test_small_hypertable(bare_database, metadata, sql, findings):
    bare_database.execute(sql)
    bare_database.expect(findings, metadata)


@pytest.mark.usefixtures("community_edition")
def test_no_function_for_the_time_of_a_column_that_is_no_integer(bare_database):
    """A time column of another type has no such function: one cause, one finding."""
    bare_database.execute(BY_DAY + "SELECT create_hypertable('ticks', 't')")
    compared = bare_database.compare(NUMBERS)
    column = compared.findings[FactKey("column", "ticks", "t", "type")]
    for attribute in ("time_type", "integer_now"):
        assert compared.consequences[FactKey("hypertable", "ticks", "", attribute)] == column


@pytest.mark.parametrize("type_", [TIMESTAMP(precision=3), TIMESTAMP(timezone=True, precision=0)])
def test_a_time_column_with_a_precision(bare_database, type_):
    metadata = MetaData()
    Table("t", metadata, Column("at", type_, nullable=False),
          Hypertable("at", chunk_interval="1 day"))  # fmt: skip
    metadata.create_all(bare_database.connection)
    bare_database.execute("SELECT create_hypertable('t', by_range('at', INTERVAL '1 day'))")
    assert [*bare_database.compare(metadata).findings.values()] == []
