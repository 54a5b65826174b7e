"""`conformance fix` from the outside: what it writes, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from alembic.config import Config
from sqlalchemy import create_engine, text

from conformance.audit import audit
from conformance.errors import ConformanceError
from conformance.mending.plan import Plan
from conformance.mending.verdicts import written_in
from conformance.mending.writing import printed_revision, write_revision
from models import Base
from tests import forked_commands

PROJECT = Path(__file__).parents[2]
NOWHERE = "postgresql://u:secret@127.0.0.1:1/d"
CHECKED = {"verdict": "differs", "generated": {"profile": "quick", "seed": 1}, "findings": []}

AUDITED = {
    "verdict": "differs",
    "engine": {"description": "database desk at db:5432"},
    "generated": None,
    "findings": [],
    "against": None,
}


@pytest.mark.parametrize("write", [write_revision, printed_revision])
@pytest.mark.parametrize(
    ("template", "way"),
    [
        (None, "Copy script.py.mako from a folder that 'alembic init' makes, or print"),
        ("${", "Correct script.py.mako, or print"),
    ],
)
def test_a_template_that_is_missing_or_wrong(tmp_path, write, template, way):
    shutil.copytree(PROJECT / "alembic", tmp_path / "alembic")
    file = tmp_path / "alembic" / "script.py.mako"
    file.unlink()
    if template is not None:
        file.write_text(template)
    config = Config()
    config.set_main_option("script_location", str(tmp_path / "alembic"))
    with pytest.raises(ConformanceError, match=r"Alembic cannot write the revision: .*mako'") as it:
        write(config, Plan((), ()))
    assert it.value.hint == f"{way} the statements with --sql."


@pytest.fixture
def run(tmp_path):
    """Runs the command in a copy of this project."""
    shutil.copytree(PROJECT / "alembic", tmp_path / "alembic")
    shutil.copytree(PROJECT / "models", tmp_path / "models")
    shutil.copy(PROJECT / "alembic.ini", tmp_path)

    def run(*arguments):
        return forked_commands.run(
            ["fix", *arguments, "--models", "models:Base.metadata"],
            tmp_path,
            {**os.environ, "PYTHONPATH": str(PROJECT)},
        )

    return run


def written(tmp_path):
    return sorted(path.name for path in (tmp_path / "alembic" / "versions").glob("*.py"))


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (None, "There is no verdict at verdict.json. Run conformance check first"),
        ("[]", "verdict.json is not a verdict of conformance check or conformance audit."),
        (json.dumps(AUDITED), "Give the URL of the database desk at db:5432 as well"),
        (json.dumps({"databases": [AUDITED, AUDITED]}), "has the verdicts on 2 databases"),
        (json.dumps({**AUDITED, "against": "database b at db:5432"}), "not with the models"),
        (json.dumps({**CHECKED, "verdict": "could_not_run"}), "Run conformance check again."),
    ],
    ids=["missing", "another file", "of an audit", "of audits", "of two databases", "none"],
)
def test_a_verdict_that_cannot_be_mended(run, tmp_path, verdict, words):
    if verdict is not None:
        (tmp_path / "verdict.json").write_text(verdict)
    done = run("verdict.json")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert written(tmp_path) == ["0001_initial_schema.py"]


def test_a_database_that_does_not_answer(run):
    done = run(NOWHERE)
    assert done.returncode == 2
    assert "127.0.0.1:1" in done.stderr
    assert "secret" not in done.stderr + done.stdout


@pytest.fixture
def drifted(conformance_engine, schema_template):
    """A database whose chunk interval and index somebody changed."""
    with conformance_engine.database(schema_template) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("SELECT set_chunk_time_interval('curves', INTERVAL '7 days')"))
            connection.execute(text("CREATE INDEX extra ON curves (rate)"))
        engine.dispose()
        yield url.render_as_string(hide_password=False)


def test_a_database_in_use(run, tmp_path, drifted):
    done = run(drifted, "--print")
    assert done.returncode == 0, done.stderr
    assert "op.execute(\"SELECT set_chunk_time_interval('curves', INTERVAL '90 days')\")" in (
        done.stdout
    )
    assert 'op.execute("DROP INDEX IF EXISTS extra")' in done.stdout
    assert "gate         not run: nothing was written" in done.stderr
    assert written(tmp_path) == ["0001_initial_schema.py"]
    compile(done.stdout, "revision", "exec")
    sql = run(drifted, "--sql").stdout
    assert "SELECT set_chunk_time_interval('curves', INTERVAL '90 days');\n" in sql
    done = run(drifted, "--no-gate", "--rev-id", "0002", "--json", "-")
    report = json.loads(done.stdout)
    assert report["file"] == "alembic/versions/0002_mend_2_findings.py"
    assert sorted(report["mended"]) == [
        "hypertable:curves:chunk_interval",
        "index:curves.extra:exists",
    ]
    assert written(tmp_path) == ["0001_initial_schema.py", "0002_mend_2_findings.py"]


def test_a_database_that_has_not_run_all_revisions(run, tmp_path, drifted):
    """The revision would come after them, and bring once more what they bring."""
    file = tmp_path / "alembic/versions/0002_later.py"
    file.write_text("revision = '0002'\ndown_revision = '0001'\ndef upgrade(): ...\n")
    for arguments in ((), ("--print",), ("--sql",)):
        done = run(drifted, *arguments)
        assert done.returncode == 2
        assert (
            "has not run the revision 0002, which may bring what the database lacks." in done.stderr
        )
        assert "alembic upgrade heads" in done.stderr
    assert written(tmp_path) == ["0001_initial_schema.py", "0002_later.py"]


def test_the_sql_for_a_database_of_a_project_without_migrations(run, tmp_path, drifted):
    shutil.rmtree(tmp_path / "alembic")
    (tmp_path / "alembic.ini").unlink()
    done = run(drifted, "--sql")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("DROP INDEX IF EXISTS extra;\n")
    assert "SELECT set_chunk_time_interval('curves', INTERVAL '90 days');\n" in done.stdout
    audited(tmp_path, drifted)
    assert "DROP INDEX" in run("audit.json", drifted, "--sql").stdout
    for others in ((drifted, "--print"), (drifted,)):
        done = run(*others)
        assert done.returncode == 2
        assert "There is no alembic.ini" in done.stderr
        assert "conformance fix URL --sql prints statements" in done.stderr


@pytest.mark.parametrize("migrations", [True, False])
def test_the_sql_finds_tables_of_a_schema_that_only_the_configuration_names(
    run, tmp_path, conformance_engine, migrations
):
    """The search path of psql is not that of env.py."""
    if not migrations:
        shutil.rmtree(tmp_path / "alembic")
        (tmp_path / "alembic.ini").unlink()
    (tmp_path / "chained.py").write_text(
        "from sqlalchemy import Column, Integer, MetaData, Table\n"
        "metadata = MetaData()\n"
        "Table('blocks', metadata, Column('id', Integer, primary_key=True), Column('gas', Integer))"
    )
    options = ("--models", "chained:metadata", "--schemas", "chain", "--sql")
    with conformance_engine.database() as url:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in (
                "CREATE EXTENSION IF NOT EXISTS timescaledb",
                "CREATE SCHEMA chain",
                "CREATE TABLE chain.blocks (id serial PRIMARY KEY, gas_used integer)",
            ):
                connection.execute(text(statement))
        address = url.render_as_string(hide_password=False)
        done = run(address, *options)
        assert done.returncode == 0, done.stderr
        assert "RENAME COLUMN gas_used TO gas" in done.stdout
        with engine.connect() as connection:
            for statement in re.split(r";\n(?! )", done.stdout.strip().removesuffix(";")):
                connection.execute(text(statement))
            assert connection.scalar(text("SHOW search_path")) == '"$user", public'
        engine.dispose()
        assert run(address, *options).stdout == ""


def test_a_revision_waits_for_no_lock_where_env_py_leaves_it_open(run, tmp_path, drifted):
    """As the gate asks of every revision."""
    assert "lock_timeout" not in run(drifted, "--print").stdout
    env = tmp_path / "alembic/env.py"
    env.write_text(re.sub(r"(?m)^.*lock_timeout.*$", "", env.read_text()))
    printed = run(drifted, "--print").stdout
    for function in ("upgrade", "downgrade"):
        body = printed.partition(f"def {function}() -> None:\n")[2]
        first = re.search(r"op\.execute\(.*", body)[0]
        assert first == "op.execute(\"SET LOCAL lock_timeout = '5s'\")"
    assert "lock_timeout" not in run(drifted, "--sql").stdout


def audited(tmp_path, url):
    """The verdict of an audit of the database, and its file."""
    verdict = audit(url, Base.metadata)
    file = tmp_path / "audit.json"
    file.write_text(json.dumps(verdict.as_data()))
    return verdict, file


def test_the_verdict_of_an_audit(run, tmp_path, drifted):
    """Of the findings of the database only those of the verdict are mended."""
    verdict, file = audited(tmp_path, drifted)
    assert verdict.mendable == len(verdict.findings) == 2
    data = json.loads(file.read_text())
    data["findings"] = [item for item in data["findings"] if item["kind"] == "index"] + [
        {"id": "index:curves.mended_since:exists"}
    ]
    file.write_text(json.dumps(data))
    done = run("audit.json", drifted, "--sql")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "DROP INDEX IF EXISTS extra;\n"
    assert f"findings of  audit.json, {verdict.engine.description}" in done.stderr
    assert "gone         1:" in done.stderr
    assert "index:curves.mended_since:exists" in done.stderr
    # The version table is not read again.
    data["findings"].append({"id": "migration:alembic:version_table"})
    file.write_text(json.dumps(data))
    done = run("audit.json", drifted, "--sql")
    assert (done.returncode, done.stdout) == (1, "DROP INDEX IF EXISTS extra;\n")
    assert "gone         1:" in done.stderr
    assert "not mended   1:\n               migration:alembic:version_table\n" in done.stderr
    # What is printed is SQL alone, also if there is none.
    data["findings"] = data["findings"][-2:-1]
    file.write_text(json.dumps(data))
    done = run("audit.json", drifted, "--sql")
    assert (done.returncode, done.stdout) == (0, "")
    assert "there is nothing to mend" in done.stderr
    # Of the verdicts on several databases that of the database.
    file.write_text(json.dumps({"databases": [AUDITED, data]}))
    assert len(written_in(file, drifted).ids) == 1
    file.write_text(json.dumps({"databases": [AUDITED, AUDITED]}))
    with pytest.raises(ConformanceError, match="no verdict on the database"):
        written_in(file, drifted)


def test_two_sources_that_do_not_belong_together(run, tmp_path):
    (tmp_path / "verdict.json").write_text(json.dumps(CHECKED))
    assert "the verdict of a check" in run("verdict.json", NOWHERE).stderr


@pytest.mark.slow
def test_the_verdict_of_a_check(run, tmp_path, conformance_engine):
    """The models want another interval: the revision passes the gate."""
    model = tmp_path / "models" / "market_data.py"
    model.write_text(model.read_text("utf-8").replace('"1 month"', '"2 months"'))
    finding = {"id": "hypertable:market_data:chunk_interval"}
    verdict = tmp_path / "build" / "conformance" / "verdict.json"
    verdict.parent.mkdir(parents=True)
    verdict.write_text(json.dumps({**CHECKED, "findings": [finding]}))
    engine = conformance_engine.server_url or conformance_engine.name
    done = run("--engine", engine, "--rev-id", "0002")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Gate: passes" in done.stdout
    assert done.stdout.endswith("Fix: conforms\n")
    of_a_test = {"id": "check:test_upgrade"}
    verdict.write_text(json.dumps({**CHECKED, "findings": [finding, of_a_test]}))
    again = run("--engine", engine)
    assert "gone         1:" in again.stdout
    assert "not mended   1:\n               check:test_upgrade\n" in again.stdout
    assert "no statement mends anything" in again.stdout
