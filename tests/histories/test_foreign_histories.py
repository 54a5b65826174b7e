"""Histories of another project's table: quoted names, json, a schema of its own, no write path."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Column,
    Computed,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    NullPool,
    Table,
    Text,
    create_engine,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.exc import OperationalError

from conformance.declarations import Compression, Hypertable, Trigger, View
from conformance.engines.base import Template
from conformance.engines.embedded.engine import EmbeddedEngine
from conformance.histories.avoidance import AVOID_NOTHING, avoidance_of
from conformance.histories.machine import history_of, rules_not_played
from conformance.histories.player import Disagreement, Player
from conformance.histories.script import render_script, script_of
from conformance.histories.stage import Stage, histories_template
from conformance.histories.subject import Subject, compressing_job
from conformance.histories.twin import Twins, ancestors

METADATA = MetaData(schema="Shop floor")
EVENTS = Table(
    "Events",
    METADATA,
    Column("At", BigInteger, primary_key=True, autoincrement=False),
    Column("machine no", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, primary_key=True, server_default="100%"),
    Column("details", JSON),
    Hypertable("At", chunk_interval=1_000),
    Compression(segment_by=["machine no"], order_by='"At" DESC, state', after=None),
    Trigger("keep rows", timing="before", events="update", function="refuse()"),
)
#: Rows are only appended, which is no difference between a hypertable and a plain table.
TRIGGER = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'rows are final'; END $$;
CREATE TRIGGER "keep rows" BEFORE UPDATE ON "Shop floor"."Events"
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION give(moment bigint) RETURNS void LANGUAGE sql
    AS $$ INSERT INTO "Shop floor"."Events" VALUES (moment, 2, 'on') $$;
"""


def prepare(url):
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("CREATE EXTENSION timescaledb"))
        connection.execute(text('CREATE SCHEMA "Shop floor"'))
        connection.execute(text(
            'CREATE TABLE "Shop floor"."Events" ("At" bigint NOT NULL, "machine no" integer'
            " NOT NULL, state text NOT NULL DEFAULT '100%', details json,"
            ' PRIMARY KEY ("At", "machine no", state))'
        ))  # fmt: skip
        name = '\'"Shop floor"."Events"\''
        connection.execute(text(f"SELECT create_hypertable({name}, 'At',"
                                " chunk_time_interval => 1000)"))  # fmt: skip
        connection.exec_driver_sql(
            'ALTER TABLE "Shop floor"."Events" SET (timescaledb.compress,'
            " timescaledb.compress_segmentby = '\"machine no\"',"
            " timescaledb.compress_orderby = '\"At\" DESC, state')"
        )
        connection.exec_driver_sql(TRIGGER)


@pytest.fixture(scope="module")
def stage():
    engine = EmbeddedEngine()
    engine.start()
    schema = Template("foreign", "foreign histories 4", prepare)
    try:
        template = histories_template(schema, METADATA, community=True)
        with Stage(engine, template, histories_per_database=3) as stage:
            yield stage
    finally:
        engine.stop()


@pytest.fixture
def subject(stage):
    job = compressing_job(stage.connections.plain, EVENTS)
    return Subject(EVENTS, {}, compresses=True, job=job)


def row(**given):
    return {"At": 5, "machine no": 1, "state": "100%", "details": None, **given}


def test_histories_of_it_agree(stage, subject):
    before = stage.histories
    run_state_machine_as_test(
        history_of(subject, stage),
        settings=settings(max_examples=8, stateful_step_count=8, derandomize=True, database=None,
                          deadline=None, phases=[Phase.generate],
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip
    assert stage.histories >= before + 8


def test_everything_else_is_played(stage, subject):
    subject = replace(subject, insert_new=written, upsert=written, restartable=True, job=1)
    assert rules_not_played(subject).keys() == {"triggers"}
    rules = {name for name in vars(history_of(subject, stage)) if not name.startswith("_")}
    assert rules - {"subject", "stage", "begin"} == {
        *("insert_new", "insert_new_again", "upsert", "upsert_again", "abandon_upsert"),
        *("insert", "insert_again", "delete", "update", "update_key"),
        *("put_prepared", "read_latest", "change_chunk", "run_policy", "drop_old_chunks"),
        "restart",
    }


def test_a_write_path_has_two_functions(subject):
    for half in (replace(subject, insert_new=written), replace(subject, upsert=written)):
        assert "insert_new" in rules_not_played(half)


def test_what_cannot_be_played_is_named(subject):
    left_out = rules_not_played(subject)
    assert left_out["upsert"] == (
        "no write path is named: the module with the project's own functions insert_new and upsert,"
        " as docs/rows.md describes them"
    )
    assert left_out["run_policy"] == "the table has no policy that compresses old chunks"
    assert left_out["triggers"] == "histories run without the trigger keep rows"
    assert "restart" in left_out
    assert "change_chunk" not in left_out


def test_a_hypertable_that_is_not_to_be_compressed():
    plain = Table(
        "plain",
        MetaData(),
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Hypertable("at", chunk_interval=1_000),
    )
    left_out = rules_not_played(Subject(plain, {}, compresses=True))
    for word in ("change_chunk", "run_policy"):
        assert left_out[word] == "the models do not declare compression of the table"
    assert avoidance_of(plain, "2.23.0") == AVOID_NOTHING


def test_a_hypertable_that_a_foreign_key_refers_to():
    """No chunk of it can be compressed, and from TimescaleDB 2.28 on none be dropped."""
    metadata = MetaData()
    events = Table(
        "events",
        metadata,
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Hypertable("at", chunk_interval=1_000),
        Compression(order_by="at", after=1_000),
    )
    subject = Subject(events, {}, compresses=True, job=1)
    assert not {"change_chunk", "run_policy", "drop_old_chunks"} & rules_not_played(subject).keys()
    Table("notes", metadata, Column("event", ForeignKey("events.at")))
    left_out = rules_not_played(subject)
    assert {left_out[word] for word in ("change_chunk", "run_policy", "drop_old_chunks")} == {
        "TimescaleDB neither compresses nor drops chunks that a foreign key refers to, as one of "
        "notes does"
    }


def test_what_is_changed_and_left_out(subject):
    """The time column moves rows; a default that is computed may differ between the tables."""
    assert (subject.updatable, subject.updatable_key) == (["details"], ["machine no", "state"])
    assert subject.defaulted == ["state"]
    defaults = Table(
        "defaults",
        MetaData(),
        Column("at", BigInteger, primary_key=True, server_default=text("now_as_number()")),
        Column("unit", Text, server_default="mm"),
        Column("none", Text),
        Hypertable("at", chunk_interval=1_000),
    )
    assert Subject(defaults, {}).defaulted == ["unit"]


def test_rows_that_meet_a_gap(subject):
    avoiding = replace(subject, avoidance=replace(AVOID_NOTHING, never_null=frozenset({"details"})))
    assert subject.avoids_gaps(row())
    assert not avoiding.avoids_gaps(row())
    assert avoiding.avoids_gaps(row(details={}))


@pytest.mark.parametrize("compresses", [True, False])
@pytest.mark.parametrize(
    ("version", "read"), [("2.29.2", True), ("2.30.0", False), ("2.30.1", True)]
)
def test_prepared_reads_are_left_out_where_they_are_wrong(
    stage, subject, version, read, compresses
):
    avoidance = avoidance_of(subject.table, version, compresses=compresses)
    avoiding = replace(subject, avoidance=avoidance)
    assert hasattr(history_of(avoiding, stage), "read_latest") is read
    assert hasattr(history_of(avoiding, stage), "put_prepared")
    assert ("timescaledb#10584" in str(rules_not_played(avoiding))) is not read


@pytest.mark.parametrize("schema", [None, "floor"])
def test_a_twin_has_the_enums_of_its_hypertable(schema):
    metadata = MetaData(schema=schema)
    sides = Enum("B", "S", name="side", metadata=metadata)
    traded = Table(
        "traded",
        metadata,
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("side", sides),
        Column("sides", ARRAY(sides)),
        Hypertable("at", chunk_interval=1_000),
    )
    created = next(sql for sql in Twins(traded).statements() if sql.startswith("CREATE TABLE"))
    own = "floor.side" if schema else "side"
    assert f"side {own}," in created
    assert f"sides {own}[]," in created


@pytest.mark.parametrize("schema", [None, "floor"])
def test_a_twin_refers_to_the_tables_of_its_hypertable(schema):
    """A reference without a schema means the schema of the metadata."""
    metadata = MetaData(schema=schema)
    Table("channels", metadata, Column("id", Integer, primary_key=True))
    readings = Table(
        "readings",
        metadata,
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("channel", ForeignKey("channels.id")),
        Hypertable("at", chunk_interval=1_000),
    )
    created = next(sql for sql in Twins(readings).statements() if sql.startswith("CREATE TABLE"))
    parent = "floor.channels" if schema else "channels"
    assert f"FOREIGN KEY(channel) REFERENCES {parent} (id)" in created


def test_a_twin_stores_generated_columns_where_the_models_leave_it_open():
    """SQLAlchemy 2.1 writes nothing then, which PostgreSQL before 18 does not know."""
    readings = Table(
        "readings",
        MetaData(),
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("doubled", BigInteger, Computed("at * 2"), nullable=False),
        Column("tripled", BigInteger, Computed("at * 3", persisted=True)),
        Hypertable("at", chunk_interval=10),
    )
    created = next(sql for sql in Twins(readings).statements() if sql.startswith("CREATE TABLE"))
    assert "(at * 2) STORED NOT NULL" in created
    assert "(at * 3) STORED" in created
    assert readings.c.doubled.computed.persisted is None


def test_a_twin_has_the_unique_indexes_alone():
    readings = Table(
        "readings",
        MetaData(),
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("channel", Integer),
        Index("ix_unique", "at", "channel", unique=True),
        Index("ix_plain", "channel"),
    )
    indexes = [sql for sql in Twins(readings).statements() if "INDEX" in sql]
    assert indexes == ["CREATE UNIQUE INDEX ix_unique ON twin.readings (at, channel)"]


def test_the_parents_of_a_script_are_in_order():
    """Without the table itself; a view that is referred to has no rows of its own."""
    metadata = MetaData()

    def made(name, *references):
        columns = [Column(f"to_{table}", ForeignKey(f"{table}.id")) for table in references]
        return Table(name, metadata, Column("id", Integer, primary_key=True), *columns)

    made("sites")
    Table("active", metadata, Column("id", Integer, primary_key=True), View("SELECT 1 AS id"))
    made("lines", "sites", "active")
    made("machines", "sites", "lines")
    parts = made("parts", "machines", "lines", "parts")
    assert [table.name for table in ancestors(parts)] == ["sites", "lines", "machines"]


def test_updates_meet_no_declared_trigger(stage, subject):
    player = Player(subject, stage)
    player.insert([row()])
    player.update(row(), subject.key, row(details={"rate": "5%"}), "details")
    player.finish()
    assert 'DROP TRIGGER IF EXISTS "keep rows" ON "Shop floor"."Events"' in script_of(
        subject, stage
    )


def test_a_document_that_differs_is_found_and_scripted(stage, subject):
    player = Player(subject, stage)
    player.insert([row(details={"rate": "5%"})])
    with stage.recorder.step("behind its back"):
        stage.connections.plain.exec_driver_sql(
            """UPDATE "Shop floor"."Events" SET details = '{"rate": "6%%"}' WHERE "At" = %s""", (5,)
        )
    with pytest.raises(Disagreement, match=r'only in .*Shop floor"\."Events"'):
        player.compare()
    script = script_of(subject, stage)
    assert "-- behind its back" in script
    assert any('"rate": "6%"' in line for line in script)
    assert render_script(script).endswith(";")


def written(connection, table, rows):
    """The `upsert` of a write path; of rows without NULL as a document."""
    for given in rows:
        values = {name: value for name, value in given.items() if value is not None}
        statement = insert_or(table).values(values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=table.primary_key, set_=values)
        )


#: What a history does, by the method of the player; run_policy ends as change_chunk does.
STEPS = {
    "insert_new": [[row()]],
    "upsert": [[row()]],
    "roll_back_upsert": [[row()]],
    "insert": [[row()]],
    "delete": [row(), ["state"]],
    "update": [row(), ["state"], row(details={}), "details"],
    "update_key": [row(), row(state="off"), "state"],
    "change_chunk": [0, "compress"],
    "drop_before": [1],
    "restart": [],
    "put_prepared": [[row()], 1],
    "read_latest": [1],
    "finish": [],
}


@pytest.mark.parametrize(("step", "given"), STEPS.items(), ids=STEPS)
def test_each_step_sees_a_row_that_only_one_table_has(stage, subject, monkeypatch, step, given):
    monkeypatch.setattr(stage, "restart", lambda: None)
    subject = replace(subject, insert_new=written, upsert=written)
    player = Player(subject, stage)
    # Later than the rest, and of another chunk than that which the step drops.
    in_the_twin(stage, subject, At=9_999, state="alone")
    with pytest.raises(Disagreement, match=r'only in "twin_Shop floor"|the twin has'):
        getattr(player, step)(*given)


def in_the_twin(stage, subject, **given):
    """Give the twin alone a row."""
    stage.connections.plain.execute(insert(subject.twins.twin).values(row(**given)))


def test_an_upsert_keeps_the_last_row(stage, subject):
    player = Player(replace(subject, upsert=written), stage)
    player.upsert([row(details={"rate": "5%"})])
    player.upsert([row(details={"rate": "6%"})])
    player.finish()


def test_statements_that_end_otherwise_are_found(stage, subject):
    """Although both tables have the same rows in the end."""
    player = Player(subject, stage)
    player.insert([row()])
    in_the_twin(stage, subject, At=6)
    with pytest.raises(Disagreement, match=r"delete: 1 row in .*, 2 rows in its twin"):
        player.delete(row(), ["state"])


def test_counts_that_a_server_has_wrong_are_not_compared(stage, subject):
    avoiding = replace(AVOID_NOTHING, counts_deleted=False)
    player = Player(replace(subject, avoidance=avoiding), stage)
    player.insert([row()])
    in_the_twin(stage, subject, At=6)
    player.delete(row(), ["state"])


@pytest.mark.parametrize("free_keys_only", [False, True])
def test_a_key_is_changed_to_one_that_is_taken(stage, subject, free_keys_only):
    """Unless the server is known to do it wrong; the twin says what is taken."""
    avoiding = replace(AVOID_NOTHING, free_keys_only=free_keys_only)
    player = Player(replace(subject, avoidance=avoiding), stage)
    player.insert([row()])
    player.update_key(row(), row(state="on"), "state")
    in_the_twin(stage, subject, state="off")
    words = r"update of the key: 1 row in .*, unique_violation in its twin"
    with nullcontext() if free_keys_only else pytest.raises(Disagreement, match=words):
        player.update_key(row(state="on"), row(state="off"), "state")


def test_what_the_server_does_not_support(stage, subject, monkeypatch):
    """A key may not be changed in some chunks; all other statements must be supported."""
    player = Player(subject, stage)
    outcomes = iter(["feature_not_supported"] * 2 + ["1 row"])
    monkeypatch.setattr(player, "_outcome", lambda *_: next(outcomes))
    player.update_key(row(), row(state="off"), "state")
    with pytest.raises(Disagreement, match=r"insert: feature_not_supported in .*, 1 row in its"):
        player.insert([row()])


def test_a_lost_connection_is_no_outcome(stage, subject, monkeypatch):
    def lost(_statement):
        raise OperationalError("INSERT", None, Exception("server closed the connection"))

    player = Player(subject, stage)
    connections = SimpleNamespace(plain=SimpleNamespace(execute=lost))
    monkeypatch.setattr(stage, "connections", connections)
    with pytest.raises(OperationalError, match="server closed the connection"):
        player.insert([row()])


@pytest.mark.parametrize("compresses", [True, False])
def test_a_history_ends_with_rebuilt_indexes_and_without_compression(stage, subject, compresses):
    player = Player(replace(subject, compresses=compresses), stage)
    player.insert([row()])
    player.finish()
    titles = ["decompress all"] * compresses + ["rebuild the indexes"]
    assert [step.title for step in stage.recorder.steps] == ["insert", *titles]


def test_maintenance_that_fails_is_found(stage, subject):
    player = Player(replace(subject, job=987_654), stage)
    with pytest.raises(Disagreement, match="compression policy fails: job 987654 not found"):
        player.run_policy()


def test_a_read_that_finds_other_rows_is_found(stage, subject):
    player = Player(subject, stage)
    player.insert([row()])
    in_the_twin(stage, subject, At=6)
    with pytest.raises(
        Disagreement, match=r"prepared read: execution 1 finds \(5\), the twin has \(6, 5\)"
    ):
        player.read_latest(2)


def looks_first(connection, table, rows):
    connection.execute(text("SELECT 1"))
    written(connection, table, rows)


def gives(connection, _table, rows):
    connection.execute(text("SELECT public.give(:at)"), {"at": rows[0]["At"]})


def first_words(script):
    return [line.partition(" ")[0] for line in script]


def test_a_script_has_the_transactions_of_the_write_path(stage, subject):
    """One statement needs none. What only reads is left out."""
    player = Player(replace(subject, upsert=looks_first), stage)
    player.upsert([row(state="on")])
    player.roll_back_upsert([row(At=6)])
    player.upsert([row(At=7), row(At=8)])
    in_the_twin(stage, subject, At=9)
    stage.recorder.steps[-1].statements.append('DELETE FROM "Shop floor"."Events" WHERE "At" = 7')
    script = script_of(subject, stage)
    of_steps = script[
        script.index("-- upsert") : script.index("-- returns no row if the two tables are the same")
    ]
    assert first_words(of_steps) == [
        *("--", "INSERT", "--", "INSERT"),
        *("--", "BEGIN", "INSERT", "ROLLBACK"),
        *("--", "BEGIN", "INSERT", "INSERT", "COMMIT", "--", "INSERT", "INSERT", "DELETE"),
    ]  # fmt: skip


def test_a_script_has_the_reads_without_which_the_tables_are_the_same(stage, subject):
    player = Player(replace(subject, insert_new=gives), stage)
    player.insert([row()])
    with pytest.raises(Disagreement, match="only in"):
        # The function gives a row of another machine.
        player.insert_new([row(At=6)])
    stage.recorder.steps[-1].statements.clear()
    assert [line for line in script_of(subject, stage) if line.startswith("SELECT public.give(6)")]


def test_a_restarted_database_is_empty_and_the_recorder_forgets(stage, subject):
    for _ in range(4):  # More than a database is used for here.
        player = Player(subject, stage)
        assert stage.recorder.steps == []
        player.insert([row()])
        player.finish()
    assert stage.histories > 4
