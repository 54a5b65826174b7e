"""`conformance audit`: its findings, what it never changes, and how it says that it cannot run."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, func, pool, select, text

from conformance import audit as audit_module
from conformance.cli import main
from conformance.declarations import Job, hypertable_of
from conformance.engines.base import Template
from conformance.errors import EngineUnavailable
from conformance.population.filling import fill_every_state
from models import Base
from tests.click_runner import CliRunner

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def database(conformance_engine, schema_template):
    """A migrated database of the test's own."""
    with conformance_engine.database(schema_template) as url:
        yield url


def run(*arguments):
    """The command's exit code, standard output and standard error."""
    result = CliRunner().invoke(main, ["audit", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def address(url):
    return url.render_as_string(hide_password=False)


def alter(url, sql):
    with create_engine(url, poolclass=pool.NullPool).begin() as connection:
        connection.execute(text(sql))


def test_a_conforming_database(database):
    code, out, err = run(address(database))
    assert (code, err) == (0, "")
    assert "Verdict: conforms" in out
    assert "TimescaleDB" in out


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        (
            "SELECT set_chunk_time_interval('market_data', INTERVAL '7 days')",
            "hypertable:market_data:chunk_interval",
        ),
        (
            "ALTER TABLE signals DROP CONSTRAINT uq_signals_natural_key",
            "unique:signals.uq_signals_natural_key:exists",
        ),
        ("ALTER TABLE curves ADD COLUMN spread text", "column:curves.spread:exists"),
    ],
)
def test_an_altered_database(database, tmp_path, sql, finding):
    alter(database, sql)
    file = tmp_path / "verdict.json"
    code, out, _ = run(address(database), "--json", file)
    assert code == 1
    assert finding in out
    verdict = json.loads(file.read_text())
    assert verdict["verdict"] == "differs"
    assert [item["id"] for item in verdict["findings"]] == [finding]
    assert set(verdict["findings"][0]) >= {
        "id", "kind", "object", "attribute", "expected", "observed", "message", "hint",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("migrated", "said"),
    [
        (True, "conformance fix writes a revision that mends this finding."),
        (False, "conformance fix URL --sql prints the SQL that mends this finding."),
    ],
)
def test_what_fix_does_in_the_project(database, tmp_path, migrated, said):
    alter(database, "ALTER TABLE curves ADD COLUMN spread text")
    ini = PROJECT / "alembic.ini" if migrated else tmp_path / "alembic.ini"
    assert said in run(address(database), "--alembic-ini", ini)[1]


def test_a_policy_removed(database, conformance_engine):
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("the Apache edition has no policies")
    alter(database, "SELECT remove_compression_policy('curves')")
    code, out, _ = run(address(database))
    assert code == 1
    assert "policy:curves.compression:exists" in out


def test_a_page(database, tmp_path):
    alter(database, "SELECT set_chunk_time_interval('market_data', INTERVAL '7 days')")
    code, _, err = run(address(database), "--reports", tmp_path)
    assert (code, err) == (1, "")
    page = (tmp_path / "audit.html").read_text("utf-8")
    assert "<h1>The schema differs</h1>" in page
    assert 'href="#relation-' in page
    assert "A chunk holds 7 days." in page


def test_json_alone_on_standard_output(database):
    code, out, err = run(address(database), "--json", "-")
    assert code == 0
    assert json.loads(out)["verdict"] == "conforms"
    assert "Verdict: conforms" in err


def test_it_reads_only_and_takes_no_lock_that_others_wait_for(database, monkeypatch):
    """Looked at from inside its own transaction, after everything was read."""
    seen = {}
    original = audit_module.check_database

    def check_and_look(connection, *arguments, **options):
        comparison = original(connection, *arguments, **options)
        seen["modes"] = set(
            connection.scalars(
                text(
                    # The embedded engine shows its only session's locks without a pid.
                    "SELECT mode FROM pg_locks WHERE locktype <> 'virtualxid'"
                    " AND (pid = pg_backend_pid() OR pg_backend_pid() = 0)"
                )
            )
        )
        seen["read_only"] = connection.scalar(text("SHOW transaction_read_only"))
        seen["timeout"] = connection.scalar(text("SHOW statement_timeout"))
        seen["writes"] = connection.scalar(text("SELECT pg_current_xact_id_if_assigned()"))
        return comparison

    monkeypatch.setattr(audit_module, "check_database", check_and_look)
    verdict = audit_module.audit(address(database), Base.metadata)
    assert verdict.verdict == "conforms"
    assert seen == {
        "modes": {"AccessShareLock"}, "read_only": "on", "timeout": "1min", "writes": None,
    }  # fmt: skip


FAILING_JOB = """
CREATE EXTENSION timescaledb;
CREATE PROCEDURE tidy(job_id int, config jsonb) LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the attic is locked'; END $$;
SELECT add_job('tidy', INTERVAL '1 hour');
"""


def test_a_job_that_fails(server_engine):
    """A background worker runs it, and the audit says how often it failed, and why."""
    if not server_engine.capabilities.community_edition:
        pytest.skip("the Apache edition has no jobs of users")
    metadata = MetaData()
    Job("tidy", schedule_interval="1 hour").require(metadata)
    with server_engine.database(Template("failing job", "failing job", lambda _: None)) as url:
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            connection.exec_driver_sql("SET LOCAL client_min_messages = error")
            connection.exec_driver_sql(FAILING_JOB)
        wait_for_a_failure(url)
        verdict = audit_module.audit(address(url), metadata)
        (finding,) = verdict.findings
    assert finding.id == "job-fails:public.tidy:last_run"
    assert re.search(r"(\d+) of \1 runs failed", finding.message)
    assert "the attic is locked" in finding.message
    assert verdict.verdict == "differs"


def wait_for_a_failure(url):
    failures = text("SELECT sum(total_failures) FROM timescaledb_information.job_stats")
    deadline = time.monotonic() + 60
    with create_engine(url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT").connect() as one:
        while not one.scalar(failures):
            assert time.monotonic() < deadline, "no background worker ran the job"
            time.sleep(0.2)


def test_a_database_that_does_not_say_which_revisions_it_has(database):
    for sql, said in (
        ("DELETE FROM alembic_version", "the version table is empty"),
        ("DROP TABLE alembic_version", "the database has no version table"),
    ):
        alter(database, sql)
        code, out, _ = run(address(database))
        assert (code, "Verdict: conforms" in out) == (0, True)
        assert f"! migration alembic: {said}, so that Alembic takes the database for new" in out
        assert "migration:alembic:version_table" in out


SWALLOW = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"


@pytest.mark.parametrize(
    ("sql", "attribute", "said"),
    [
        (
            "CREATE ROLE version_owner_of_a_test; ALTER TABLE alembic_version OWNER TO"
            " version_owner_of_a_test",
            "owner",
            "belongs to version_owner_of_a_test, most tables to ",
        ),
        (
            "ALTER TABLE alembic_version DROP CONSTRAINT alembic_version_pkc",
            "alterations",
            "has no primary key",
        ),
        ("ALTER TABLE alembic_version SET UNLOGGED", "alterations", "is unlogged"),
        (
            "ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY",
            "alterations",
            "has row security",
        ),
        (
            SWALLOW + "CREATE TRIGGER s BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE"
            " FUNCTION swallow()",
            "alterations",
            "has trigger s",
        ),
        (
            "CREATE RULE r AS ON INSERT TO alembic_version DO INSTEAD NOTHING",
            "alterations",
            "has rule r",
        ),
        (
            "INSERT INTO alembic_version VALUES ('0000')",
            "revisions",
            "has 0000, 0001, but the project has no revision 0000",
        ),
        (
            "UPDATE alembic_version SET version_num = '0009'",
            "revisions",
            "has 0009, but the project has no revision 0009",
        ),
    ],
)
def test_a_version_table_that_somebody_altered(database, sql, attribute, said):
    alter(database, sql)
    try:
        code, out, _ = run(address(database))
    finally:
        if "CREATE ROLE" in sql:
            alter(database, "DROP OWNED BY version_owner_of_a_test; DROP ROLE IF EXISTS"
                  " version_owner_of_a_test")  # fmt: skip
    assert (code, "Verdict: conforms" in out) == (0, True)
    assert f"! migration alembic: the version table public.alembic_version {said}" in out
    assert f"migration:alembic:{attribute}" in out
    assert "1 finding (1 warning)" in out


def test_revisions_that_have_not_run_explain_the_findings(database):
    example = "examples.migrations.add_nullable_column.models_after:metadata"
    ini = "examples/migrations/add_nullable_column/alembic.ini"
    code, out, _ = run(address(database), "--models", example, "--alembic-ini", ini)
    assert code == 1
    assert "column market_data.vwap: is missing" in out
    assert "has 0001, and the next alembic upgrade runs 0002" in out
    assert "migration:alembic:pending" in out
    assert "2 findings (1 warning)" in out
    assert "alembic upgrade heads runs the pending revisions, which may mend findings." in out
    assert "conformance fix" not in out


def test_a_revision_and_the_one_before_it(database, tmp_path):
    """Alembic refuses to upgrade a database with both; two of separate branches are usual."""
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = {tmp_path / 'scripts'}\n")
    versions = tmp_path / "scripts" / "versions"
    versions.mkdir(parents=True)
    for revision, down in (("0001", None), ("0002", "0001"), ("0003", "0001")):
        text = f"revision = {revision!r}\ndown_revision = {down!r}\n"
        (versions / f"{revision}.py").write_text(text)
    alter(database, "INSERT INTO alembic_version VALUES ('0002')")
    out = run(address(database), "--alembic-ini", tmp_path / "alembic.ini")[1]
    assert "has 0001, 0002, but 0002 comes after 0001" in out
    alter(database, "UPDATE alembic_version SET version_num = '0003' WHERE version_num = '0001'")
    assert "migration:alembic" not in run(address(database), "--alembic-ini",
                                          tmp_path / "alembic.ini")[1]  # fmt: skip


def test_version_tables_of_several_projects(database):
    """It is not known which one is this project's."""
    alter(
        database,
        "CREATE TABLE other_version (version_num varchar(32) NOT NULL, CONSTRAINT"
        " other_version_pkc PRIMARY KEY (version_num)); INSERT INTO other_version VALUES"
        " ('a1'), ('b2')",
    )
    assert "migration:alembic" not in run(address(database))[1]


def test_a_version_table_of_another_name_says_them(database):
    alter(database, "ALTER TABLE alembic_version RENAME TO revisions_of_the_desk")
    assert "version_table" not in run(address(database))[1]


def test_a_warning_conforms(database):
    """It is shown, and fails nothing."""
    alter(
        database,
        "ALTER SEQUENCE instruments_id_seq RESTART WITH 2147483000",
    )
    code, out, _ = run(address(database))
    assert code == 0
    assert "! sequence instruments_id_seq of instruments.id: 648 of 2147483647 numbers" in out
    assert "1 finding (1 warning)" in out
    assert "Verdict: conforms" in out


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def one_sentence_about(error, *words):
    assert error.startswith("conformance: ")
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
    for word in words:
        assert word in error


def test_a_closed_port():
    code, _, err = run(f"postgresql://desk:secret@127.0.0.1:{closed_port()}/desk")
    assert code == 2
    one_sentence_about(err, "Nothing listens at 127.0.0.1")
    assert "secret" not in err


def test_a_role_that_may_not_read_what_it_needs(database):
    refused_to = "SET LOCAL ROLE pg_monitor; SELECT FROM pg_catalog.pg_authid"
    with pytest.raises(EngineUnavailable) as refused, audit_module.reading(database) as connection:
        connection.exec_driver_sql(refused_to)
    assert "permission denied for table pg_authid" in str(refused.value)
    assert "Grant the role USAGE on every schema" in refused.value.hint


def test_a_database_without_timescaledb(empty_database):
    code, _, err = run(address(empty_database))
    assert code == 2
    one_sentence_about(err, "does not have the extension timescaledb")


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://u:secret@h/d",
        "postgresql://u:se@cret@h:1/d",
        "postgresql://u:secret%00@127.0.0.1:1/d",
        "postgresql://u:secret@127.0.0.1:1/d%00",
    ],
)
def test_a_wrong_url(url):
    code, _, err = run(url)
    assert code == 2
    one_sentence_about(err)
    assert "secret" not in err
    assert "cret@" not in err


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("nowhere:metadata", "no module 'nowhere'"),
        ("models:missing", "no 'missing'"),
        ("models:MarketData.__tablename__", "not a MetaData of SQLAlchemy"),
        ("sqlalchemy:MetaData()", "no 'MetaData()'"),
    ],
)
def test_wrong_models(reference, words):
    code, _, err = run("postgresql://u@127.0.0.1/d", "--models", reference)
    assert code == 2
    one_sentence_about(err, words)


def test_a_report_that_cannot_be_written(database, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    code, _, err = run(address(database), "--json", blocked / "verdict.json")
    assert code == 2
    one_sentence_about(err, "cannot be written")


def test_the_command_as_it_is_installed(database):
    """Through the interpreter, from the project's folder, as a person runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "audit", address(database)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_name_of_a_table_that_was_never_analyzed_may_have_a_percent_sign(database, tmp_path):
    with create_engine(database, poolclass=pool.NullPool).begin() as connection:
        connection.execute(text('CREATE TABLE "100%s" AS SELECT generate_series(1, 3000) AS n'))
    run(address(database), "--sizes", str(tmp_path / "sizes.json"))
    found = json.loads((tmp_path / "sizes.json").read_text("utf-8"))
    assert found["100%s"]["rows"] > 1000


def test_sizes_of_tables_are_written_and_nothing_else(database, tmp_path, conformance_engine):
    """Rows, bytes, chunks and batches, by the table's name, and the limits of the server."""
    compress = conformance_engine.capabilities.community_edition
    server = create_engine(database, poolclass=pool.NullPool)
    with server.begin() as connection:
        fill_every_state(connection, Base.metadata, compress=compress)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        counts = {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }
    run(address(database), "--sizes", str(tmp_path / "sizes.json"))
    found = json.loads((tmp_path / "sizes.json").read_text("utf-8"))
    limits = found.pop("(server)")
    assert limits.keys() - {"max_tuples_decompressed"} == {
        "max_connections", "max_locks_per_transaction", "max_prepared_transactions",
    }  # fmt: skip
    assert found.keys() == counts.keys()
    for name, size in found.items():
        assert size.keys() == {"rows", "bytes", "chunks", "batches"}
        hypertable = hypertable_of(Base.metadata.tables[name]) is not None
        assert size["chunks"] == (4 if hypertable else 0)
        assert bool(size["batches"]) == (hypertable and compress)
        assert size["bytes"] > 0
        # What was taken out of a compressed chunk is counted as compressed still.
        assert size["rows"] == pytest.approx(counts[name], abs=2)
