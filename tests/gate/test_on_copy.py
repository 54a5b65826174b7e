"""The gate on a copy of a real database: it is measured, left as asked, and its data stay there."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from conformance.cli import main
from conformance.engines.connecting import connect
from conformance.engines.server import answering
from conformance.errors import EngineUnavailable
from conformance.gate.evidence.amounts import in_bytes
from conformance.gate.on_copy.admission import CopyRefused
from conformance.gate.on_copy.choices import OnCopy
from conformance.gate.on_copy.found import look
from conformance.gate.on_copy.mark import MARK, unfinished
from conformance.gate.on_copy.measuring import peak_of
from conformance.gate.on_copy.rehearse import rehearse_on_copy
from conformance.gate.revisions.new import new_since_revision
from conformance.process.progress import unwatched
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config
from tests.click_runner import CliRunner
from tests.engines import faulty_proxy

from .projects import Project, sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.engines.base import Engine

PROJECT = Path(__file__).parents[2]
SCHEMA = json.loads((PROJECT / "docs/gate.schema.json").read_text("utf-8"))
ROWS = (
    "INSERT INTO places (name) SELECT 'place ' || i FROM generate_series(1, 100) i",
    "INSERT INTO readings (at, place_id, value) SELECT timestamptz '2024-01-01' + i * interval"
    " '1 hour', 1 + i % 100, i FROM generate_series(1, 2000) i",
)
REWRITTEN = ("ALTER TABLE readings ALTER COLUMN value TYPE numeric",)
REWRITE = sql(*REWRITTEN)
AUTOCOMMIT = """
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY ix_places_size ON places (size)")
"""
#: A commit that the file does not show.
HIDDEN_COMMIT = sql("INSERT INTO places (name) VALUES ('one more')") + (
    '\nop.execute("SELECT \'COMMIT\'; COM" + "MIT")'
)


@contextmanager
def made(engine: Engine, folder: Project) -> Iterator[URL]:
    """A marked copy at revision 0001, with rows."""
    with engine.database() as url:
        migrations = Migrations(alembic_config(folder.ini), engine.server.edition)
        with connect(url) as connection:
            migrations.upgrade(connection, "0001")
            for statement in ROWS:
                connection.execute(text(statement))
            connection.commit()
        comment(url, f"{MARK} of production, restored by a test")
        yield url


def comment(url: URL, words: str) -> None:
    with connect(url, autocommit=True) as connection:
        connection.execute(text(f"COMMENT ON DATABASE \"{url.database}\" IS '{words}'"))


def comment_of(url: URL) -> str | None:
    with connect(url) as connection:
        return connection.scalar(
            text(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                " WHERE datname = current_database()"
            )
        )


@pytest.fixture(scope="module")
def copy(server_engine: Engine, tmp_path_factory) -> Iterator[URL]:
    """For tests that leave it as they find it."""
    with made(server_engine, Project.made_in(tmp_path_factory.mktemp("base"))) as url:
        yield url


@pytest.fixture
def own_copy(server_engine: Engine, project: Project) -> Iterator[URL]:
    """For a test that changes it."""
    with made(server_engine, project) as url:
        yield url


def rehearsed(project, url, *, since="0001", progress=unwatched, **choices):
    on = OnCopy(url.render_as_string(hide_password=False), **choices)
    config = alembic_config(project.ini)
    return rehearse_on_copy(on, config, new_since_revision(config, since), progress)


def refused(project, url, **choices) -> str:
    """The sentence, after which the copy is as it was."""
    before = look(url, "alembic_version")
    with pytest.raises(CopyRefused) as caught:
        rehearsed(project, url, **choices)
    # Autovacuum may change the bytes meanwhile.
    assert replace(look(url, "alembic_version"), bytes=before.bytes) == before
    return str(caught.value)


def databases(url: URL) -> set[str]:
    with connect(url) as connection:
        return set(connection.scalars(text("SELECT datname FROM pg_database")))


def own_statement(report, words):
    statements = [item for revision in report.revisions for item in revision.statements]
    return next(item for item in statements if words in item.sql)


def test_what_a_revision_takes_is_measured_and_rolled_back(project, copy):
    project.revision(REWRITE)
    before = look(copy, "alembic_version")
    report = rehearsed(project, copy)
    after = look(copy, "alembic_version")
    assert (after.objects, after.revisions, after.sequences) == (
        before.objects, before.revisions, before.sequences,
    )  # fmt: skip
    statement = own_statement(report, "TYPE numeric")
    assert [(lock.mode, lock.relation, lock.chunks > 1) for lock in statement.locks] == [
        ("ACCESS EXCLUSIVE", "readings", True)
    ]
    assert [item.relation for item in statement.rewrites] == ["readings"]
    assert 0 < statement.seconds <= statement.held_seconds
    assert statement.wal_bytes > 50_000
    assert statement.grown_bytes > 50_000
    assert statement.peak_bytes >= statement.grown_bytes
    assert report.copy.way == "In one transaction, which was rolled back."
    assert report.copy.left.startswith("As found: its catalogs and sequences are as before.")
    assert report.copy.peak_bytes >= report.copy.bytes_before + statement.grown_bytes
    assert report.verdict == "fails"
    assert "rewrite:0002:readings" in [finding.id for finding in report.findings]


def test_sequences_are_set_back(project, copy):
    project.revision(sql("INSERT INTO places (name) VALUES ('one more')"))
    before = look(copy, "alembic_version").sequences
    report = rehearsed(project, copy)
    assert own_statement(report, "INSERT").rows[0].written == 1
    assert look(copy, "alembic_version").sequences == before


def test_what_compression_forbids_is_called_so(project, copy, server_engine):
    if not server_engine.capabilities.community_edition:
        pytest.skip("the Apache edition has no compression")
    project.revision(sql("ALTER TABLE readings ADD COLUMN unit text NOT NULL"))
    (failed,) = (finding for finding in rehearsed(project, copy).findings if finding.fails)
    assert failed.code == "compression-forbids"
    assert failed.hint.startswith("Add the column nullable or with a constant default")


def test_a_deferred_constraint_is_checked_as_at_a_commit(project, copy):
    project.revision(
        sql(
            "ALTER TABLE places ADD UNIQUE (name) DEFERRABLE INITIALLY DEFERRED",
            "INSERT INTO places (name) VALUES ('place 1')",
        )
    )
    report = rehearsed(project, copy)
    assert next(finding.code for finding in report.findings if finding.fails) == "upgrade-failed"


ENGINE_OF_ITS_OWN = """
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_the_commits_of_an_engine_of_env_py_are_held_back_too(project, copy):
    (project.folder / "alembic/env.py").write_text(ENGINE_OF_ITS_OWN)
    project.revision(sql("ALTER TABLE places ADD COLUMN area integer"))
    project.revision(sql("ALTER TABLE places DROP COLUMN area"), revision="0003", parent="0002")
    before = look(copy, "alembic_version")
    report = rehearsed(project, copy)
    assert [item.revision for item in report.revisions] == ["0002", "0003"]
    assert "itself commits 2 times" in report.copy.way
    assert own_statement(report, "DROP COLUMN").transaction > 1
    assert look(copy, "alembic_version").objects == before.objects


OTHER_DRIVER = """
from alembic import context
from sqlalchemy import create_engine, make_url

url = make_url(context.config.get_main_option("sqlalchemy.url"))
with create_engine(url.set(drivername="postgresql+psycopg")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_commits_of_another_driver_need_a_second_copy(project, copy):
    pytest.importorskip("psycopg")
    (project.folder / "alembic/env.py").write_text(OTHER_DRIVER)
    project.revision(REWRITE)
    assert "env.py connects with psycopg, whose commits cannot be held back" in refused(
        project, copy
    )
    report = rehearsed(project, copy, room=10**9)
    assert own_statement(report, "TYPE numeric").wal_bytes > 50_000
    assert look(copy, "alembic_version").revisions == ("0001",)


# The command


def _gate(project, monkeypatch, *arguments):
    monkeypatch.chdir(project.folder)
    done = CliRunner().invoke(
        main, ["gate", "--from-revision", "0001", *arguments], catch_exceptions=False
    )
    return done.exit_code, done.stdout, done.stderr


def test_every_report_has_the_copy(project, copy, monkeypatch):
    project.revision(REWRITE)
    address = copy.render_as_string(hide_password=False)
    code, output, _ = _gate(project, monkeypatch, "--on", address)
    assert code == 1
    reports = project.folder / "build/conformance"
    data = json.loads((reports / "gate.json").read_text())
    Draft202012Validator(SCHEMA).validate(data)
    assert data["copy"]["database"] == copy.database
    assert data["engine"]["description"] == f"database {copy.database} at {copy.host}:{copy.port}"
    said = ("In one transaction, which was rolled back.", "of WAL", "of disk")
    for told in (output, *((reports / f"gate.{kind}").read_text() for kind in ("md", "html"))):
        assert [words for words in said if words not in told] == []
    for told in (output, *(file.read_text() for file in reports.iterdir())):
        assert address not in told


def test_a_refusal_is_one_sentence(project, own_copy, monkeypatch):
    project.revision(REWRITE)
    comment(own_copy, "")
    own_copy = own_copy.update_query_dict({"password": "geheim"} if not own_copy.password else {})
    code, output, errors = _gate(
        project, monkeypatch, "--on", own_copy.render_as_string(hide_password=False)
    )
    assert (code, output) == (2, "")
    assert errors.startswith(f"conformance: Database {own_copy.database} at ")
    assert errors.count("\n") == 1
    report = (project.folder / "build/conformance/gate.json").read_text()
    assert "is not named a copy" in report
    assert "geheim" not in errors + report


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--leave", "dropped"), "are about the copy of --on URL"),
        (("--room", "1GB"), "are about the copy of --on URL"),
        (("--with-others",), "are about the copy of --on URL"),
        (("--on", "x", "--engine", "local"), "Use --on or --engine, not both"),
        (("--on", "x", "--room", "much"), "'much' is not a size such as 500GB"),
        (("--on", "no url"), "The database URL cannot be read"),
    ],
)
def test_options_without_a_meaning_are_refused(project, monkeypatch, arguments, sentence):
    project.revision(REWRITE)
    code, output, errors = _gate(project, monkeypatch, *arguments)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert "Traceback" not in errors


# Refusals


def test_a_database_that_is_not_named_a_copy_is_refused(project, own_copy):
    project.revision(REWRITE)
    for words in ("market data", "conformance: copying is forbidden", "a conformance: copy"):
        comment(own_copy, words)
        sentence = refused(project, own_copy)
        assert "is not named a copy, so nothing was run on it" in sentence
        assert f"COMMENT ON DATABASE {own_copy.database} IS 'conformance: copy'" in sentence


def test_a_copy_that_a_killed_rehearsal_changed_is_refused(project, own_copy):
    project.revision(REWRITE)
    comment(own_copy, unfinished("0002"))
    assert "A rehearsal of 0002 changed database" in refused(project, own_copy)


def test_a_copy_with_other_clients_is_refused_unless_told(project, copy):
    project.revision(sql("ALTER TABLE places ADD COLUMN area integer"))
    other = copy.update_query_dict({"application_name": "somebody"})
    with connect(other):
        assert "has other clients: somebody" in refused(project, copy)
        report = rehearsed(project, copy, others=True)
        assert "other clients were connected" in report.copy.left


@pytest.mark.parametrize(
    ("recorded", "known"), [("'0000'", "at revision 0000"), (None, "at no revision of Alembic")]
)
def test_a_copy_at_another_revision_is_refused(project, own_copy, recorded, known):
    project.revision(REWRITE)
    with connect(own_copy, autocommit=True) as connection:
        connection.execute(text("TRUNCATE alembic_version"))
        if recorded:
            connection.execute(text(f"INSERT INTO alembic_version VALUES ({recorded})"))
    sentence = refused(project, own_copy)
    assert f"is {known}, but the new revisions begin after 0001" in sentence


def test_a_database_without_timescaledb_is_refused(project, server_engine):
    project.revision(REWRITE)
    with server_engine.database() as url:
        comment(url, MARK)
        with pytest.raises(Exception, match="does not have the extension timescaledb"):
            rehearsed(project, url)


def test_a_copy_that_is_being_restored_is_refused(project, own_copy):
    project.revision(REWRITE)
    restoring = own_copy.update_query_dict({"options": "-c timescaledb.restoring=on"})
    with pytest.raises(CopyRefused, match=r"timescaledb\.restoring is on"):
        rehearsed(project, restoring)


def test_a_read_only_role_is_refused(project, copy):
    project.revision(REWRITE)
    reading = copy.update_query_dict({"options": "-c default_transaction_read_only=on"})
    assert "is read-only for role" in refused(project, reading)


@pytest.mark.slow
def test_a_hot_standby_is_refused(project, own_engine):
    project.revision(REWRITE)
    with made(own_engine, project) as url:
        with connect(url) as connection:
            folder = connection.scalar(text("SHOW data_directory"))
            connection.execute(text(f"COPY (SELECT '') TO '{folder}/standby.signal'"))
        own_engine.restart()
        try:
            with pytest.raises(CopyRefused, match="is on a hot standby"):
                rehearsed(project, url)
        finally:
            with connect(url, autocommit=True) as connection:
                connection.execute(text("SELECT pg_promote()"))


@pytest.fixture
def stranger(copy) -> Iterator[URL]:
    """A role that owns nothing, as whom the copy can be reached."""
    with connect(copy, autocommit=True) as connection:
        connection.execute(text("CREATE ROLE copy_stranger LOGIN PASSWORD 'geheim'"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO copy_stranger"))
    try:
        yield copy.set(username="copy_stranger", password="geheim")
    finally:
        with connect(copy, autocommit=True) as connection:
            connection.execute(text("DROP OWNED BY copy_stranger"))
            connection.execute(text("DROP ROLE copy_stranger"))


def test_only_the_owner_may_change_a_copy_for_good(project, copy, stranger):
    project.revision(REWRITE)
    for leave in ("upgraded", "dropped"):
        with pytest.raises(CopyRefused, match=f"cannot be left {leave}"):
            rehearsed(project, stranger, leave=leave)
    assert copy.database in databases(copy)


def test_policies_that_nobody_may_stop_are_refused(project, server_engine, copy, stranger):
    if not server_engine.capabilities.background_workers:
        pytest.skip("no background workers run on this server")
    if not server_engine.capabilities.community_edition:
        pytest.skip("the Apache edition has no policies")
    project.revision(REWRITE)
    with connect(copy, autocommit=True) as connection:
        job = connection.scalar(
            text("SELECT add_retention_policy('readings', INTERVAL '1000 years')")
        )
    try:
        with pytest.raises(CopyRefused) as caught:
            rehearsed(project, stranger)
        assert f"may run policies of the copy during the rehearsal (jobs {job})" in str(
            caught.value
        )
        assert "SELECT public.alter_job(job_id, scheduled => false)" in str(caught.value)
    finally:
        with connect(copy, autocommit=True) as connection:
            connection.execute(text("SELECT remove_retention_policy('readings')"))


_SCHEDULER = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = :name"
    " AND concat_ws(' ', backend_type, application_name) ILIKE '%timescaledb%scheduler%'"
)


def test_no_policy_runs_meanwhile(project, server_engine, copy):
    if not server_engine.capabilities.background_workers:
        pytest.skip("no background workers run on this server")
    project.revision(REWRITE)
    elsewhere = copy.set(database="postgres")
    seen = []

    def look_at_workers(step: str) -> None:
        if "TYPE numeric" in step:
            with connect(elsewhere) as connection:
                seen.append(connection.scalar(_SCHEDULER, {"name": copy.database}))

    def running() -> bool:
        with connect(elsewhere) as connection:
            return bool(connection.scalar(_SCHEDULER, {"name": copy.database}))

    assert _eventually(running)
    report = rehearsed(project, copy, progress=look_at_workers)
    assert seen == [0]
    assert "were stopped meanwhile, and started again" in report.copy.policies
    assert _eventually(running)


def _eventually(condition, seconds=15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# What cannot be rolled back


def test_what_the_file_shows_is_refused_before_anything_is_executed(project, copy):
    lines = project.revision(AUTOCOMMIT).read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if "autocommit_block" in line)
    steps = []
    sentence = refused(project, copy, progress=steps.append)
    assert f"0002_change.py, line {number}, leaves the transaction (autocommit_block)" in sentence
    assert "Nothing was changed. Say --room SIZE" in sentence
    assert "--leave upgraded or --leave dropped" in sentence
    assert not any(step.startswith("on the copy") for step in steps)


def test_what_the_file_hides_is_refused_before_it_is_sent(project, copy):
    project.revision(HIDDEN_COMMIT)
    assert "it sends COMMIT. Nothing was changed." in refused(project, copy)


@pytest.mark.parametrize("upgrade", [AUTOCOMMIT, HIDDEN_COMMIT])
def test_with_room_it_runs_on_a_second_copy(project, copy, upgrade):
    project.revision(upgrade)
    before = look(copy, "alembic_version")
    report = rehearsed(project, copy, room=before.bytes)
    assert report.copy.way.startswith("On a second copy, because ")
    assert report.copy.left == "As found: only a second copy was changed, which was dropped."
    after = look(copy, "alembic_version")
    assert (after.objects, after.revisions) == (before.objects, before.revisions)
    assert not any(name.endswith("_copy") for name in databases(copy))
    assert not any(finding.code == "upgrade-failed" for finding in report.findings)


def test_too_little_room_is_refused(project, copy):
    project.revision(AUTOCOMMIT)
    sentence = refused(project, copy, room=1000)
    assert "but --room allows only 1 kB" in sentence
    assert in_bytes(1000) == "1 kB"


# Left otherwise


def test_a_copy_is_left_upgraded(project, own_copy):
    project.revision(AUTOCOMMIT)
    report = rehearsed(project, own_copy, leave="upgraded")
    assert report.copy.left == "Upgraded to 0002."
    found = look(own_copy, "alembic_version")
    assert found.revisions == ("0002",)
    assert report.copy.bytes_after > 0
    assert comment_of(own_copy).startswith(MARK)
    sentence = refused(project, own_copy)
    assert "at revision 0002, but the new revisions begin after 0001. Restore the copy" in sentence


def test_a_failed_upgrade_takes_the_mark_off_what_it_changed(project, own_copy):
    project.revision(AUTOCOMMIT + '\nop.execute("SELECT 1 / 0")')
    report = rehearsed(project, own_copy, leave="upgraded")
    assert report.copy.left.startswith("Partly upgraded")
    assert "A rehearsal of 0002 changed" in refused(project, own_copy)


def test_a_failed_upgrade_that_changed_nothing_keeps_the_mark(project, own_copy):
    project.revision(sql("SELECT 1 / 0"))
    report = rehearsed(project, own_copy, leave="upgraded")
    assert report.copy.left.startswith("As found")
    assert comment_of(own_copy).startswith(MARK)
    assert look(own_copy, "alembic_version").revisions == ("0001",)


def test_a_copy_is_dropped(project, own_copy, copy):
    project.revision(AUTOCOMMIT)
    report = rehearsed(project, own_copy, leave="dropped")
    assert report.copy.left == "Dropped."
    assert report.copy.bytes_after is None
    assert own_copy.database not in databases(copy)


# Killed in the middle

SLEEP = sql("UPDATE places SET size = 1", "SELECT pg_sleep(60)")
COMMITTED_SLEEP = """
with op.get_context().autocommit_block():
    op.execute("UPDATE places SET size = 1")
    op.execute("SELECT pg_sleep(60)")
"""
_SLEEPING = text(
    "SELECT datname FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%'"
    " AND state = 'active' AND datname LIKE 'conformance%'"
)


def _killed(project, url, number, *arguments) -> tuple[str, str]:
    """The output of a rehearsal that was sent the signal, and the database it slept in."""
    address = url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "gate", "--from-revision", "0001", "--on", address,
         *arguments],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    elsewhere = url.set(database="postgres")
    where = []

    def sleeping() -> bool:
        assert process.poll() is None, process.communicate()[0]
        with connect(elsewhere) as connection:
            where[:] = connection.scalars(_SLEEPING).all()
        return bool(where)

    assert _eventually(sleeping, 60)
    slept_in = where[0]
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert _eventually(lambda: not _connected(elsewhere, slept_in), 20)
    return output, slept_in


def _connected(elsewhere: URL, name: str) -> int:
    with connect(elsewhere) as connection:
        return connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = :name"
                " AND backend_type = 'client backend'"
            ),
            {"name": name},
        )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_remains_of_a_killed_rehearsal(project, copy, number):
    project.revision(SLEEP)
    before = look(copy, "alembic_version")
    output, slept_in = _killed(project, copy, number)
    assert slept_in == copy.database
    assert "Traceback" not in output
    after = look(copy, "alembic_version")
    assert (after.objects, after.revisions) == (before.objects, before.revisions)
    with connect(copy) as connection:
        assert connection.scalar(text("SELECT count(size) FROM places")) == 0


@pytest.mark.slow
def test_the_next_start_drops_the_second_copy_of_a_killed_one(project, copy):
    project.revision(COMMITTED_SLEEP)
    _, slept_in = _killed(project, copy, signal.SIGKILL, "--room", "1GB")
    assert slept_in != copy.database
    assert slept_in in databases(copy)
    project.revision(AUTOCOMMIT)
    rehearsed(project, copy, room=10**9)
    assert slept_in not in databases(copy)


@pytest.mark.slow
def test_the_next_start_names_a_copy_that_a_killed_one_changed(project, own_copy):
    project.revision(COMMITTED_SLEEP)
    _killed(project, own_copy, signal.SIGKILL, "--leave", "upgraded")
    assert "A rehearsal of 0002 changed database" in refused(project, own_copy)


# Data and passwords stay

LEAKING = """
row = op.get_bind().execute(sa.text("SELECT name FROM places WHERE id = 42")).scalar()
op.get_bind().execute(sa.text("UPDATE places SET name = :name WHERE id = 1"), {"name": row})
op.execute(f"UPDATE places SET name = '{row}' WHERE id = 2")
op.execute(f"DO $$BEGIN RAISE WARNING 'seen: {row}'; END$$")
op.execute("CREATE UNIQUE INDEX uq_names ON places (name)")
"""


def test_a_lost_answer_ends_it(project, own_copy, monkeypatch):
    """Something in front of the server forgets the connections; new ones work."""
    monkeypatch.setattr(answering, "GLANCE", 0.1)
    project.revision(sql("SELECT pg_sleep(1)", *REWRITTEN))
    forgets, numbers = Event(), itertools.count()
    opened: dict[int, int] = {}
    forgotten: set[int] = set()

    def change(number, piece):
        # Each connection has a thread of its own, whose number a later one may get.
        if number == 1:
            opened[threading.get_ident()] = next(numbers)
        if forgets.is_set() and opened[threading.get_ident()] in forgotten:
            faulty_proxy.HELD.wait()
        return piece

    def progress(step):
        if "pg_sleep" in step:
            forgotten.update(opened.values())
            forgets.set()

    with faulty_proxy.proxy(own_copy, change) as url, pytest.raises(EngineUnavailable) as caught:
        rehearsed(project, url, progress=progress)
    assert caught.value.problem.startswith("The server ended the connection during a migration")
    assert comment_of(own_copy).startswith(MARK)


@pytest.mark.slow
def test_what_a_parallel_sort_takes_counts(server_engine):
    """Its files lie in a folder of their own until the index is complete."""
    rows = "SELECT md5(i::text) || md5((-i)::text) AS a FROM generate_series(1, 1000000) i"
    with server_engine.database() as url, connect(url, autocommit=True) as connection:
        connection.execute(text(f"CREATE TABLE t WITH (parallel_workers = 1) AS {rows}"))
        connection.execute(text("SET maintenance_work_mem = '64MB'"))
        before = connection.scalar(text("SELECT pg_database_size(current_database())"))
        # Four looks a second may miss the moment.
        for _ in range(8):
            with peak_of(url) as peak:
                connection.execute(text("CREATE INDEX i ON t (a)"))
            index = connection.scalar(text("SELECT pg_relation_size('i')"))
            if peak.ever - before > 1.2 * index:
                return
            connection.execute(text("DROP INDEX i"))
    pytest.fail("what was seen is not more than the index")


def test_a_long_statement_is_reported_as_any_other(project, copy, monkeypatch):
    """Meanwhile a thread asks the server whether it still works for the statement."""
    monkeypatch.setattr(answering, "GLANCE", 0.1)
    project.revision(sql(*REWRITTEN, "SELECT pg_sleep(1)"))
    report = rehearsed(project, copy)
    statements = report.revisions[0].statements
    rewrite, sleep = (item for item in statements if not item.by_alembic)
    assert (rewrite.sql, sleep.sql) == (*REWRITTEN, "SELECT pg_sleep(1)")
    assert rewrite.held_seconds > sleep.seconds > 1
    assert "pg_stat_activity" not in str(statements)
    assert [item.code for item in report.findings] == ["lock-held", "rewrite"]


def test_no_value_of_the_copy_is_reported(project, copy):
    project.revision(LEAKING)
    steps = []
    # Some servers ask for no password, and take any.
    password = copy.password or "geheim"
    report = rehearsed(project, copy.set(password=password), progress=steps.append)
    told = json.dumps([report.as_data(), steps])
    assert "place 42" not in told
    assert f":{password}@" not in told
    assert "geheim" not in told
    failed = next(item for item in report.findings if item.code == "upgrade-failed")
    assert 'could not create unique index "uq_names"' in failed.message
    assert "WHERE id = 2" in own_statement(report, "id = 2").sql


QUOTING = """
op.execute("INSERT INTO places (name) SELECT '{' || chr(34) || name || chr(34) || '}' FROM places")
op.execute("UPDATE places SET size = name::integer WHERE name LIKE '{%%'")
"""


def test_no_part_of_a_value_with_quotes_is_reported(project, copy):
    project.revision(QUOTING)
    report = rehearsed(project, copy)
    (failed,) = (item for item in report.findings if item.code == "upgrade-failed")
    assert 'invalid input syntax for type integer: "…".' in failed.message
    assert "place " not in json.dumps(report.as_data()).replace("places", "")


def test_the_words_of_an_exception_are_not_reported(project, copy):
    project.revision(
        "row = op.get_bind().execute(sa.text('SELECT name FROM places WHERE id = 42')).scalar()\n"
        "raise ValueError(row)"
    )
    report = rehearsed(project, copy)
    assert "place 42" not in json.dumps(report.as_data())
    assert "ValueError" in report.findings[0].message
