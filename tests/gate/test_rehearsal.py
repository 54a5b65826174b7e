"""What a rehearsal sees, and what it does with projects that go their own way."""

from __future__ import annotations

import textwrap

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    create_engine,
    func,
    make_url,
    pool,
    text,
)
from sqlalchemy.exc import OperationalError, ProgrammingError

from conformance.declarations import MaterializedView
from conformance.errors import EngineUnavailable
from conformance.gate.rehearse import rehearse
from conformance.gate.rehearsing import rehearsal
from conformance.gate.rehearsing.relations import observe
from conformance.gate.revisions.new import new_since_revision
from conformance.gate.rules import locks as lock_rules
from conformance.project.configuration import Configuration
from conformance.project.confinement import only_to
from conformance.project.flask_app import PROJECT
from conformance.project.scripts import alembic_config

from .projects import BASE, ENV, Project, models, sql

pytestmark = pytest.mark.slow

ADD = sql("ALTER TABLE places ADD COLUMN area integer")
DROP = sql("ALTER TABLE places DROP COLUMN area")

OWN_ENGINE = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.execute("SET LOCAL lock_timeout = '5s'")
        context.run_migrations()
else:
    with create_engine(ADDRESS, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.execute("SET LOCAL lock_timeout = '5s'")
            context.run_migrations()
"""


#: As `alembic init -t async` writes it, which knows of no connection that is given.
ASYNCHRONOUS = """
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.execute("SET LOCAL lock_timeout = '5s'")
        context.run_migrations()


async def connect_and_migrate():
    engine = create_async_engine(ADDRESS, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.execute("SET LOCAL lock_timeout = '5s'")
        context.run_migrations()
else:
    asyncio.run(connect_and_migrate())
"""


def with_area():
    metadata = models()
    metadata.tables["places"].append_column(Column("area", Integer))
    return metadata


def own(report, number=0):
    return [item for item in report.revisions[number].statements if not item.by_alembic]


def test_the_statement_of_an_error_is_known_without_a_listener():
    """An env.py may unlock and roll back, through a connection of its own, before it ends."""
    refused = ProgrammingError("UPDATE t SET v = f(v)", {}, Exception("no"))

    def run():
        raise refused

    failure = rehearsal.attempt(run)
    assert (failure.reason, failure.sql) == ("Exception: no", "UPDATE t SET v = f(v)")


def test_what_is_seen_of_statements(session, project):
    file = project.revision(
        "op.execute('CREATE TABLE boxes (id integer)')\n"
        "op.execute('ALTER TABLE readings ADD COLUMN area integer')\n"
        "op.execute('SELECT count(*) FROM places')",
        sql("DROP TABLE boxes", "ALTER TABLE readings DROP COLUMN area"),
    )
    metadata = models()
    metadata.tables["readings"].append_column(Column("area", Integer))
    Table("boxes", metadata, Column("id", Integer))
    report = project.rehearse(session, metadata)
    create, alter, count = own(report)
    assert {(lock.relation, lock.existed) for lock in create.locks} == {("boxes", False)}
    (lock,) = [lock for lock in alter.locks if lock.mode == "ACCESS EXCLUSIVE"]
    assert (lock.relation, lock.existed, lock.itself, lock.chunks) == ("readings", True, True, 4)
    assert str(lock) == "readings and 4 chunks"
    assert alter.held_seconds >= alter.seconds
    (work,) = count.rows
    assert (work.relation, work.read > 0, work.written) == ("places", True, 0)
    assert {item.transaction for item in (create, alter, count)} == {1}
    assert alter.lock_timeout == "5s"
    assert alter.sql == "ALTER TABLE readings ADD COLUMN area integer"
    assert [item.sql for item in report.revisions[0].statements if item.by_alembic][-1].startswith(
        "UPDATE alembic_version"
    )
    lines = file.read_text(encoding="utf-8").splitlines()
    for statement in (create, alter, count):
        assert statement.sql in lines[statement.line - 1]
    assert {item.line for item in report.revisions[0].statements if item.by_alembic} == {None}


VIEW = 'STATEMENTS += ("CREATE MATERIALIZED VIEW sizes AS SELECT id, size FROM places",'
VIEW += ' "CREATE UNIQUE INDEX ON sizes (id)")\nCOMPRESSION'


@pytest.mark.parametrize("way", ["CONCURRENTLY ", ""])
def test_nobody_writes_to_a_materialized_view(session, tmp_path, monkeypatch, way):
    """The lock of CONCURRENTLY makes other refreshes wait, and no reader."""
    monkeypatch.setattr("tests.gate.projects.BASE", BASE.replace("COMPRESSION", VIEW, 1))
    project = Project.made_in(tmp_path)
    project.revision(sql(f"REFRESH MATERIALIZED VIEW {way}sizes"), "pass")
    metadata = models()
    MaterializedView(
        "SELECT id, size FROM places", Index("sizes_id_idx", text("id"), unique=True), name="sizes"
    ).require(metadata)
    found = project.rehearse(session, metadata).findings
    assert [finding.code for finding in found] == ([] if way else ["rewrite"])


def test_another_statement_of_a_block_reads_the_rows(session, project):
    alter = "ALTER TABLE places ADD COLUMN area integer"
    block = f"DO $$ BEGIN {alter}; PERFORM count(*) FROM readings; END $$"
    project.revision(sql(block), DROP)
    (found,) = project.rehearse(session, with_area()).findings
    assert (found.code, found.subject) == ("lock-scan", "places")
    assert found.message == (
        "Statement 4 processes rows of readings under an ACCESS EXCLUSIVE lock on places, which "
        "blocks reads and writes."
    )


def test_a_table_that_moves_into_a_new_schema_keeps_its_rows(session, project):
    project.revision(
        sql("CREATE SCHEMA shelf", "ALTER TABLE places SET SCHEMA shelf"),
        sql("ALTER TABLE shelf.places SET SCHEMA public", "DROP SCHEMA shelf"),
    )
    report = project.rehearse(session, models())
    # The models stay, so the last one is their own; squawk warns of a move since 2.68.
    assert {finding.code.partition(":")[0] for finding in report.findings} - {"squawk"} == {"drift"}
    assert {
        "downgrade restores the previous state",
        "offline SQL has the same effect",
    } <= {*report.revisions[0].checks}


@pytest.mark.parametrize("zone", [None, "SET LOCAL timezone = 'UTC'"], ids=["unsaid", "said"])
def test_a_change_of_type_that_depends_on_the_time_zone(session, tmp_path, monkeypatch, zone):
    made = BASE.replace("name text NOT NULL", "name text NOT NULL, noted timestamp")
    monkeypatch.setattr("tests.gate.projects.BASE", made)
    change = "ALTER TABLE places ALTER COLUMN noted TYPE {}"
    set_zone = [zone] if zone else []
    project = Project.made_in(tmp_path)
    project.revision(
        sql(*set_zone, change.format("timestamptz")),
        sql(*set_zone, change.format("timestamp")),
    )
    metadata = models()
    metadata.tables["places"].append_column(Column("noted", DateTime(timezone=True)))
    found = project.rehearse(session, metadata).findings
    # With another zone than UTC the rewrite itself is seen. The values have a zone now.
    assert {finding.code for finding in found} == {"data-changed", *(() if zone else ["rewrite"])}


@pytest.mark.parametrize("lock_first", [True, False], ids=["under the lock", "before it"])
def test_a_migration_that_keeps_the_server_waiting(session, project, monkeypatch, lock_first):
    monkeypatch.setattr(lock_rules, "IDLE_SECONDS", 0.25)
    steps = [ADD, "__import__('time').sleep(0.3)"]
    project.revision("\n".join(steps if lock_first else reversed(steps)), DROP)
    report = project.rehearse(session, with_area())
    assert [finding.code for finding in report.findings] == ["lock-held"] * lock_first
    if lock_first:
        assert "sends nothing for" in report.findings[0].message
        assert own(report)[0].idle_seconds >= 0.3


def test_several_revisions_one_upon_the_other(session, project):
    project.revision(ADD, DROP)
    project.revision(
        sql("ALTER TABLE places ALTER COLUMN area TYPE bigint"),
        sql("ALTER TABLE places ALTER COLUMN area TYPE integer"),
        revision="0003",
        parent="0002",
    )
    report = project.rehearse(session, with_area())
    assert [revision.revision for revision in report.revisions] == ["0002", "0003"]
    assert {(finding.revision, finding.code) for finding in report.findings} == {
        ("0003", "rewrite"),
        ("0003", "drift"),
    }


def test_rows_of_an_earlier_revision_may_have_the_time_of_its_run(session, project):
    """Whatever recreates the state before: a downgrade or an interruption that leaves a change."""
    project.revision(
        sql(
            "CREATE TABLE seeds (id integer, at timestamptz DEFAULT now())",
            "INSERT INTO seeds VALUES (1)",
        ),
        sql("DROP TABLE seeds"),
    )
    project.revision(
        "with op.get_context().autocommit_block():\n"
        "    op.execute('CREATE TABLE IF NOT EXISTS boxes (id integer)')\n"
        + sql("SET LOCAL lock_timeout = '5s'", "ALTER TABLE seeds ADD COLUMN kind integer"),
        sql("ALTER TABLE seeds DROP COLUMN kind"),
        revision="0003",
        parent="0002",
    )
    metadata = models()
    Table(
        "seeds",
        metadata,
        Column("id", Integer),
        Column("at", DateTime(timezone=True), server_default=func.now()),
        Column("kind", Integer),
    )
    Table("boxes", metadata, Column("id", Integer))
    report = project.rehearse(session, metadata)
    assert {(finding.code, finding.message) for finding in report.findings} == {
        (
            "downgrade",
            "The downgrade does not restore the previous state: table boxes is new.",
        )
    }


def with_tags():
    """The models, with a table whose numbers come from a sequence."""
    metadata = models()
    Table(
        "tags",
        metadata,
        Column("id", SmallInteger, primary_key=True),
        Column("name", Text, unique=True),
    )
    return metadata


def test_a_sequence_goes_on_after_the_generated_rows(session, project):
    """As in production, where the rows have their numbers from it."""
    project.revision(
        sql("CREATE TABLE tags (id smallserial PRIMARY KEY, name text UNIQUE)"),
        sql("DROP TABLE tags"),
    )
    project.revision(
        sql("INSERT INTO tags (name) SELECT 'tag ' || i FROM generate_series(1, 9000) i"),
        sql("DELETE FROM tags WHERE name LIKE 'tag %'"),
        revision="0003",
        parent="0002",
    )
    report = project.rehearse(session, with_tags(), since="0002")
    assert [(item.code, item.revision) for item in report.findings] == [("data-changed", "0003")]


def test_numbers_given_by_hand_where_generated_rows_have_some(session, project):
    project.revision(
        sql("CREATE TABLE tags (id smallserial PRIMARY KEY, name text UNIQUE)"),
        sql("DROP TABLE tags"),
    )
    project.revision(
        sql("INSERT INTO tags SELECT max(id) + 1, 'last' FROM tags"),
        sql("DELETE FROM tags WHERE name = 'last'"),
        revision="0003",
        parent="0002",
    )
    report = project.rehearse(session, with_tags(), since="0002")
    assert {item.code for item in report.findings} == {"data-changed", "sequence-behind"}


@pytest.mark.parametrize("more", [False, True], ids=["alone", "and another"])
def test_a_first_migration(session, project, more):
    """The offline SQL begins with Alembic's table, which a downgrade to base has left."""
    if more:
        project.revision(ADD, DROP)
    report = project.rehearse(session, with_area() if more else models(), since="base")
    assert [revision.revision for revision in report.revisions] == ["0001", "0002"][: 1 + more]
    assert report.findings == ()
    assert report.revisions[0].checks[0] == "upgrade, where no table had rows before"
    for revision in report.revisions:
        assert "offline SQL has the same effect" in revision.checks


def test_privileges_on_the_version_table_are_not_the_revisions(session, project):
    """Default privileges give them, when Alembic creates the table in the first upgrade."""
    config = alembic_config(project.ini)
    grant = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor"
    config.attributes[PROJECT] = Configuration(prepare=(grant,))
    report = rehearse(session, config, new_since_revision(config, "base"), models())
    assert report.findings == ()
    assert "downgrade restores the previous state" in report.revisions[0].checks


def test_branches_and_their_merge(session, project):
    project.revision(ADD, DROP)
    project.revision(sql("SELECT 1"), revision="0003")
    merge = project.revision("pass", revision="0004")
    merge.write_text(merge.read_text().replace("= '0001'", "= ('0002', '0003')"))
    report = project.rehearse(session, with_area())
    assert {revision.revision for revision in report.revisions} == {"0002", "0003", "0004"}
    assert report.findings == ()
    assert {item.id for item in report.not_checked} == {
        f"{what}:{revision}"
        for what in ("downgrade", "offline", "squawk")
        for revision in ("0002", "0003", "0004")
    }


def test_the_statement_whose_error_is_caught_is_named(session, project):
    caught = "try:\n    op.execute('SELECT 1 FROM gone')\nexcept Exception:\n    pass"
    project.revision(caught)
    (found,) = project.rehearse(session, models()).findings
    assert found.message.startswith("The upgrade fails at SELECT 1 FROM gone: UndefinedTable")


def test_what_follows_a_failure_is_not_checked(session, project):
    project.revision(sql("ALTER TABLE places ADD COLUMN area integer NOT NULL"), DROP)
    project.revision("pass", revision="0003", parent="0002")
    report = project.rehearse(session, with_area())
    assert [finding.code for finding in report.findings] == ["upgrade-failed"]
    assert {(item.id, item.reason.partition(":")[0]) for item in report.not_checked} == {
        ("0002", "the upgrade fails"),
        ("0003", "the earlier revision 0002 fails"),
        ("drift", "the last revision was not reached"),
    }
    assert report.verdict == "fails"


def test_many_statements_are_interrupted_at_some(session, project, monkeypatch):
    monkeypatch.setattr(rehearsal, "MOST_INTERRUPTIONS", 3)
    project.revision("\n".join([ADD, *["op.execute('SELECT 1')"] * 5]), DROP)
    report = project.rehearse(session, with_area())
    assert [item.id for item in report.not_checked] == ["interruptions:0002"]
    assert "interrupted at 3 statements" in report.revisions[0].checks


UNMET = (
    "UPDATE places SET size = 1 WHERE name = 'nowhere else'",
    "/* tidy */ DELETE FROM ONLY public.places WHERE name = 'nowhere else'",
    "WITH lost AS (SELECT 'nowhere else' AS name) UPDATE \"places\" p SET size = 1 FROM lost"
    " WHERE lost.name = p.name",
    "MERGE INTO places USING (VALUES ('nowhere else')) AS v (name) ON v.name = places.name"
    " WHEN MATCHED THEN DELETE",
    "SELECT drop_chunks('readings', '1990-01-01'::timestamptz)",
    "SELECT drop_chunks(relation => 'public.readings', older_than => '1990-01-01'::timestamptz)",
)
MET = (
    "UPDATE places SET size = size",
    "DELETE FROM readings WHERE id = (SELECT min(id) FROM readings)",
    "SELECT drop_chunks('readings', '2999-01-01'::timestamptz)",
    "UPDATE alembic_version SET version_num = '' WHERE version_num = 'nowhere else'",
    "CREATE TABLE boxes (id integer)",
    "UPDATE boxes SET id = 1",
    "SELECT 'UPDATE places SET size = 1'",
    "INSERT INTO places (name) SELECT name FROM places WHERE name = 'nowhere else'",
)


def test_a_statement_that_finds_no_generated_row_is_named(session, project):
    project.revision(sql(*UNMET), "pass")
    report = project.rehearse(session, models())
    assert report.findings == ()
    assert len(own(report)) == len(UNMET)
    numbers = [item.number for item in own(report)]
    assert [item.id for item in report.not_checked] == [f"rows:0002:statement {n}" for n in numbers]
    for item in report.not_checked:
        assert item.reason.startswith(
            "the statement finds no generated row, and its effect was not seen: "
        )


@pytest.mark.parametrize(("name", "named"), [("nowhere else", True), (None, False)])
def test_a_statement_outside_of_a_transaction_that_finds_no_row(session, project, name, named):
    condition = f" WHERE name = '{name}'" if name else ""
    project.revision(
        "with op.get_context().autocommit_block():\n"
        f'    op.execute("UPDATE places SET size = 12345{condition}")',
        "pass",
    )
    report = project.rehearse(session, models())
    assert ["statement" in item.id for item in report.not_checked] == [True] * named


def test_a_statement_that_finds_rows_or_has_none_to_find_is_not_named(session, project):
    project.revision(sql(*MET), "pass")
    report = project.rehearse(session, models())
    assert len(own(report)) == len(MET)
    assert not [item for item in report.not_checked if "statement" in item.id]


def test_a_table_without_rows_is_named(session, project):
    odd = '"CREATE TABLE odd (n integer NOT NULL CHECK (n * n = -1))",'
    base = BASE.replace('"SELECT create_hyper', f'{odd}\n    "SELECT create_hyper')
    (project.folder / "alembic/versions/0001_base.py").write_text(base)
    project.revision(
        sql("ALTER TABLE odd ADD COLUMN k integer"), sql("ALTER TABLE odd DROP COLUMN k")
    )
    report = project.rehearse(session, models())
    reasons = {item.id: item.reason for item in report.not_checked}
    assert reasons["rows:0002:odd"].startswith("no sample rows can be made: check odd_n_check")
    # The others have theirs.
    assert report.revisions[0].checks[0] == "upgrade on 40 generated rows in 2 tables"


EXOTIC = '"CREATE TABLE hits (id integer PRIMARY KEY, shown {}, country text)",'


@pytest.fixture(params=["tsquery", "inet"])
def exotic(request, project):
    """The type of one column of `hits`: one that is not known, and one that is."""
    hits = f'{EXOTIC.format(request.param)}\n    "SELECT create_hyper'
    path = project.folder / "alembic/versions/0001_base.py"
    path.write_text(BASE.replace('"SELECT create_hyper', hits))
    return request.param


@pytest.mark.usefixtures("exotic")
def test_a_type_that_is_not_known_leaves_the_other_columns_their_values(session, project):
    project.revision(sql("ALTER TABLE hits ALTER COLUMN country SET NOT NULL"))
    report = project.rehearse(session, models())
    assert [finding.code for finding in report.findings] == ["upgrade-failed"]


def test_a_type_that_is_not_known_is_named(session, project, exotic):
    project.revision(
        sql("ALTER TABLE hits ADD COLUMN n integer"), sql("ALTER TABLE hits DROP COLUMN n")
    )
    report = project.rehearse(session, models())
    # SQLAlchemy 2.0.29 knows the type, but does not reflect it.
    thin = {
        item.id: item.reason.replace("TSQUERY", "tsquery")
        for item in report.not_checked
        if item.id.startswith("rows:")
    }
    unknown = (
        "plain rows only: the column is NULL in every row: cannot generate values of type tsquery"
    )
    assert thin == ({"rows:0002:hits.shown": unknown} if exotic == "tsquery" else {})


def test_a_table_that_is_new_itself_has_no_rows(session, project):
    project.revision(sql("CREATE TABLE boxes (id integer)"), sql("DROP TABLE boxes"))
    project.revision(
        sql("ALTER TABLE boxes ADD COLUMN area integer"),
        sql("ALTER TABLE boxes DROP COLUMN area"),
        revision="0003",
        parent="0002",
    )
    report = project.rehearse(session, models())
    reasons = {item.id: item.reason for item in report.not_checked}
    assert reasons["rows:0003:boxes"].startswith("a new revision created the table")


def test_an_env_py_that_goes_by_the_url(session, tmp_path):
    project = Project.made_in(tmp_path, OWN_ENGINE.replace("ADDRESS", 'os.environ["DATABASE_URL"]'))
    project.revision(ADD, DROP)
    report = project.rehearse(session, with_area())
    assert report.findings == ()
    assert [item.sql for item in own(report)] == ["ALTER TABLE places ADD COLUMN area integer"]


def test_an_env_py_that_takes_what_it_is_given_for_an_engine(session, tmp_path):
    given = 'attributes["connection"])'
    assert ENV.count(given) == 1
    env = ENV.replace(given, 'attributes["connection"].connect())')
    project = Project.made_in(tmp_path, env)
    project.revision(ADD, DROP)
    assert project.rehearse(session, with_area()).findings == ()


ELSEWHERE = "://user:secret@db.example.com/production"


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_an_env_py_that_goes_elsewhere_is_led(session, tmp_path, driver):
    address = repr(f"postgresql+{driver}{ELSEWHERE}")
    project = Project.made_in(tmp_path, OWN_ENGINE.replace("ADDRESS", address))
    project.revision(ADD, DROP)
    report = project.rehearse(session, with_area())
    assert report.findings == ()
    assert [item.sql for item in own(report)] == ["ALTER TABLE places ADD COLUMN area integer"]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_an_asynchronous_env_py_is_watched_as_any_other(session, tmp_path, driver):
    address = repr(f"postgresql+{driver}{ELSEWHERE}")
    project = Project.made_in(tmp_path, ASYNCHRONOUS.replace("ADDRESS", address))
    project.revision(
        sql("DO $$ BEGIN RAISE WARNING 'beware'; END $$", "ALTER TABLE places ADD COLUMN area int"),
        DROP,
    )
    report = project.rehearse(session, with_area())
    assert [item.code for item in report.findings] == ["warning"]
    assert "beware" in report.findings[0].message
    statement = own(report)[-1]
    assert statement.sql == "ALTER TABLE places ADD COLUMN area int"
    assert [lock.mode for lock in statement.locks] == ["ACCESS EXCLUSIVE"]
    assert statement.lock_timeout == "5s"
    assert "downgrade restores the previous state" in report.revisions[0].checks


def test_what_a_revision_of_an_asynchronous_project_breaks(session, tmp_path):
    address = repr(f"postgresql+asyncpg{ELSEWHERE}")
    project = Project.made_in(tmp_path, ASYNCHRONOUS.replace("ADDRESS", address))
    project.revision(sql("ALTER TABLE readings ALTER COLUMN value SET NOT NULL"))
    report = project.rehearse(session, models())
    assert [item.code for item in report.findings][:1] == ["upgrade-failed"]


def test_timescaledb_in_a_schema_of_its_own(session, project):
    """The rows are in chunks as elsewhere, and NULLs are among them."""
    made = BASE.replace('"CREATE EXTENSION IF NOT EXISTS timescaledb"', ELSEWHERE_MADE).replace(
        "SELECT create_hyper", "SELECT engine_room.create_hyper"
    )
    (project.folder / "alembic/versions/0001_base.py").write_text(made)
    project.revision(sql("ALTER TABLE readings ALTER COLUMN value SET NOT NULL"))
    report = project.rehearse(session, models())
    assert [finding.code for finding in report.findings] == ["upgrade-failed"]
    assert not [item for item in report.not_checked if item.id.startswith("rows:")]


ELSEWHERE_MADE = '"CREATE SCHEMA engine_room", "CREATE EXTENSION timescaledb SCHEMA engine_room"'


def test_a_base_that_depends_on_the_environment_is_made_anew(session, project, monkeypatch):
    """A kept base is that of the variables that its revisions read."""
    made = BASE.replace("name text NOT NULL", "\" + __import__('os').environ['KIND'] + \"")
    (project.folder / "alembic/versions/0001_base.py").write_text(made)
    project.revision(sql("ALTER TABLE places ALTER COLUMN name SET NOT NULL"))
    found = {}
    for kind in ("name text", "name text NOT NULL", "name text"):
        monkeypatch.setenv("KIND", kind)
        codes = [finding.code for finding in project.rehearse(session, models()).findings]
        found.setdefault(kind, []).append("upgrade-failed" in codes)
    assert found == {"name text": [True, True], "name text NOT NULL": [False]}


GOES = (
    f"with sa.create_engine('postgresql+psycopg2{ELSEWHERE}').connect() as there:\n"
    "    assert there.scalar(sa.text('SELECT count(*) FROM places'))"
)


@pytest.mark.needs("concurrent_sessions")
def test_a_revision_that_goes_elsewhere_is_led(session, project):
    """Online; offline it asks, because there is nowhere to go."""
    project.revision("if not context.is_offline_mode():\n" + textwrap.indent(GOES, "    "))
    assert project.rehearse(session, models()).findings == ()


@pytest.mark.needs("concurrent_sessions")
def test_a_revision_that_connects_offline_is_a_finding(session, project):
    """Not the end of the run: its upgrade and its downgrade are judged."""
    project.revision(GOES)
    report = project.rehearse(session, models())
    (finding,) = report.findings
    assert finding.code == "offline-differs"
    assert "a revision connects to a database in offline mode" in finding.message
    assert "context.is_offline_mode()" in finding.hint
    assert "downgrade restores the previous state" in report.revisions[0].checks


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg2:///d?host=/nowhere",
        "postgresql+psycopg2://u@/d?host=/nowhere&port=5432",
    ],
)
def test_a_place_may_be_told_in_several_ways(address):
    """Where nothing listens at it, as is said."""
    url = make_url("postgresql+psycopg2://u@/d?host=/nowhere")
    with only_to(url), pytest.raises(OperationalError):
        create_engine(address, poolclass=pool.NullPool).connect()


def test_an_env_py_may_leave_a_setting_behind(session, tmp_path):
    """Where all connections share a session it must not reach the next run."""
    project = Project.made_in(tmp_path, ENV.replace("SET LOCAL lock", "SET lock"))
    project.revision(f"op.execute('SET lock_timeout = 0')\n{ADD}", DROP)
    report = project.rehearse(session, with_area())
    assert [finding.code for finding in report.findings] == ["no-lock-timeout"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY ix_x ON places (size)",
        "CREATE INDEX ix_x ON readings (value) WITH (timescaledb.transaction_per_chunk)",
    ],
    ids=["concurrently", "chunk-by-chunk"],
)
def test_what_the_engine_cannot_run_is_no_finding(session, project, statement):
    block = ["SET lock_timeout = '5s'", "DROP INDEX IF EXISTS ix_x", statement]
    project.revision(
        f"with op.get_context().autocommit_block():\n{textwrap.indent(sql(*block), '    ')}",
        sql("DROP INDEX ix_x"),
        head='accepted = {"drift": "the models are not the point"}',
    )
    if not session.engine.capabilities.concurrent_sessions:
        with pytest.raises(EngineUnavailable, match="uses several transactions: CREATE INDEX"):
            project.rehearse(session, models())
    else:
        report = project.rehearse(session, models())
        assert report.verdict == "passes", report.findings


PAST_SQLALCHEMY = """
cursor = op.get_bind().connection.cursor()
cursor.execute("ALTER TABLE places ADD COLUMN area integer")
cursor.executemany("UPDATE places SET size = %s WHERE id = %s", [(1, 1), (2, 2)])
cursor.execute(b"SELECT count(*) FROM readings")
"""


def test_statements_past_sqlalchemy_are_seen(session, project):
    project.revision(PAST_SQLALCHEMY.strip(), DROP)
    report = project.rehearse(session, with_area())
    first, second, third = own(report)
    assert first.sql == "ALTER TABLE places ADD COLUMN area integer"
    assert [str(lock) for lock in first.locks] == ["places"]
    assert [(item.relation, item.written) for item in second.rows] == [("places", 2)]
    assert third.sql == "SELECT count(*) FROM readings"
    found = {finding.code: finding for finding in report.findings}
    assert found.keys() == {"lock-held", "data-overwritten", "offline-differs"}
    assert "op.execute()" in found["offline-differs"].hint
    assert any("interrupted at 4 statements" in check for check in report.revisions[0].checks)


def test_psycopg2_s_own_helpers_are_seen_too(session, project):
    project.revision(
        "from psycopg2.extras import execute_values\n"
        "cursor = op.get_bind().connection.cursor()\n"
        "execute_values(cursor, 'INSERT INTO places (name) VALUES %s', [('a',), ('b',)])",
        sql("DELETE FROM places WHERE name IN ('a', 'b')"),
    )
    report = project.rehearse(session, models())
    (statement,) = own(report)
    assert statement.sql == "INSERT INTO places (name) VALUES ('a'),('b')"
    assert {finding.code for finding in report.findings} == {"data-changed", "offline-differs"}


def test_a_savepoint_that_is_rolled_back(session, project):
    project.revision(
        "try:\n"
        "    with op.get_bind().begin_nested():\n"
        "        op.execute('ALTER TABLE nothing ADD COLUMN area integer')\n"
        "except sa.exc.ProgrammingError:\n"
        "    op.execute('ALTER TABLE places ADD COLUMN area integer')",
        DROP,
    )
    report = project.rehearse(session, with_area())
    assert {finding.code for finding in report.findings} == {"offline-differs"}


@pytest.mark.parametrize(
    ("last", "held"), [("SELECT 1 / 0", []), ("SELECT 1", ["places"])], ids=["back", "released"]
)
def test_a_savepoint_and_the_locks_since(session, project, last, held):
    project.revision(
        "try:\n"
        "    with op.get_bind().begin_nested():\n"
        "        op.execute('ALTER TABLE places ADD COLUMN area integer')\n"
        f"        op.execute('{last}')\n"
        "except sa.exc.DataError:\n"
        "    pass\n"
        "op.execute('SELECT count(*), pg_sleep(0.2) FROM readings')",
        DROP,
    )
    report = project.rehearse(session, models())
    assert [item.subject for item in report.findings if item.code == "lock-held"] == held
    alter = next(item for item in own(report) if item.sql.startswith("ALTER"))
    assert (alter.held_seconds > 0.2) == bool(held)


def test_the_lock_of_a_table_that_is_renamed_is_held_on(session, project):
    project.revision(
        sql(
            "ALTER TABLE places ADD COLUMN area integer",
            "ALTER TABLE places RENAME TO sites",
            "SELECT pg_sleep(0.2)",
        ),
        sql("ALTER TABLE sites RENAME TO places", "ALTER TABLE places DROP COLUMN area"),
    )
    report = project.rehearse(session, models())
    added = next(item for item in own(report) if "ADD COLUMN" in item.sql)
    assert added.held_seconds > 0.2


def test_a_version_table_of_another_name(session, tmp_path):
    env = ENV
    for option in ("literal_binds=True", 'attributes["connection"]'):
        env = env.replace(f"{option})", f'{option}, version_table="db_version")')
    project = Project.made_in(tmp_path, env)
    project.revision(ADD, DROP)
    assert project.rehearse(session, with_area()).findings == ()


def test_a_history_of_its_own(session, project):
    project.revision("pass")
    project.revision(
        sql("CREATE TABLE boxes (id integer)"), sql("DROP TABLE boxes"),
        revision="0003", parent=None,
    )  # fmt: skip
    project.revision("pass", revision="0004", parent=("0002", "0003"))
    metadata = models()
    Table("boxes", metadata, Column("id", Integer))
    report = project.rehearse(session, metadata)
    assert report.findings == ()
    assert "the revision starts a history of its own" in {
        item.reason for item in report.not_checked
    }


def test_a_revision_that_ends_the_process(session, project):
    project.revision("import sys\nsys.exit('enough')")
    (finding,) = project.rehearse(session, models()).findings
    assert finding.code == "upgrade-failed"
    assert "SystemExit: enough" in finding.message


def test_what_a_serializable_transaction_reads_is_not_locked(session):
    with (
        session.engine.database() as url,
        create_engine(
            url, isolation_level="SERIALIZABLE", poolclass=pool.NullPool
        ).connect() as connection,
    ):
        connection.exec_driver_sql("CREATE TABLE t (a integer)")
        connection.commit()
        connection.exec_driver_sql("SELECT * FROM t")
        with connection.connection.cursor() as cursor:
            found = observe(cursor)
        assert {mode for _, mode in found.locks} == {"ACCESS SHARE"}
