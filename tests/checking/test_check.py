"""If `conformance check` cannot run: one sentence, exit code 2, and no process left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import forked_commands
from tests.project.projects import migrations_in
from tests.suite.projects import CONFIGURATION, REVISION, Edit, copied_project

PROJECT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "conformance", "check", "--engine", "embedded"]


def check(*arguments, cwd=PROJECT):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return forked_commands.run(["check", "--engine", "embedded", *arguments], cwd, environment)


def sentences(done):
    """What is left of standard error without blank lines and without progress."""
    return [line for line in done.stderr.splitlines() if line.startswith("conformance: ")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engine", "nonsense"], "There is no engine 'nonsense'"),
        (["--engine", "postgresql://u:secret@127.0.0.1:1/d"], "Nothing listens at 127.0.0.1:1"),
        (["--models", "nowhere:metadata"], "There is no module 'nowhere'"),
        (["-k", "no_such_check"], "No check matches"),
        (["--no-such-option"], "pytest does not accept the arguments"),
    ],
)
def test_wrong_input(tmp_path, arguments, words):
    done = check(*arguments, "--reports", tmp_path)
    assert done.returncode == 2
    assert [words in line for line in sentences(done)] == [True], done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stdout + done.stderr
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert verdict["verdict"] == "could_not_run"
    assert words in verdict["message"]
    assert "secret" not in json.dumps(verdict)


def test_where_the_time_goes(tmp_path):
    done = check(
        "-k", "test_single_head_revision", "--timings", "--reports", tmp_path,
        "--format", "sarif", "--output", tmp_path / "check.sarif",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (run,) = json.loads((tmp_path / "check.sarif").read_text())["runs"]
    assert (run["results"], run["invocations"]) == (
        [],
        [{"executionSuccessful": True, "exitCode": 0}],
    )
    stages = json.loads((tmp_path / "verdict.json").read_text())["stages"]
    assert stages.keys() >= {"engine", "collection", "migrations", "migrations: preparation"}
    shown = [line.split(" s   ")[1] for line in done.stdout.splitlines() if " s   " in line]
    assert shown == sorted(stages, key=stages.get, reverse=True)


def test_annotations_alone_on_standard_output(tmp_path):
    done = check("--engine", "nonsense", "--reports", tmp_path, "--format", "gitlab")
    assert done.returncode == 2
    (issue,) = json.loads(done.stdout)
    assert (issue["check_name"], issue["severity"]) == ("could-not-run", "blocker")
    assert len(sentences(done)) == 1


HOSTILE = """
[tool.pytest.ini_options]
addopts = "--cov=app"
asyncio_mode = "auto"
filterwarnings = ["error"]
python_files = ["*_spec.py"]
python_functions = ["spec_*"]
required_plugins = ["pytest-asyncio"]
log_cli = true
"""
#: A fixture of the project's own, which takes the place of the suite's.
OVERRIDE = """
import pytest
from conformance.errors import MigrationFailed

@pytest.fixture(scope="session")
def schema_template():
    raise MigrationFailed("The override was taken.")
"""


#: A schema without Alembic: the models as SQLAlchemy creates them.
FROM_SQL = """
import pytest
from sqlalchemy import create_engine
from conformance.engines.base import Template

@pytest.fixture(scope="session")
def schema_template():
    def prepare(url):
        with create_engine(url).begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION timescaledb")
            connection.exec_driver_sql("CREATE TABLE doors (id int PRIMARY KEY, colour text)")
            connection.exec_driver_sql("CREATE TABLE rooms (at timestamptz NOT NULL, heat int)")
            connection.exec_driver_sql("SELECT create_hypertable('rooms', 'at', "
                                       "chunk_time_interval => INTERVAL '1 day')")
    return Template("by hand", "1", prepare)
"""
ROOMS = """
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text
from conformance import Hypertable

metadata = MetaData()
Table("doors", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
      Column("colour", Text))
Table("rooms", metadata, Column("at", DateTime(timezone=True), nullable=False),
      Column("heat", Integer), Hypertable("at", chunk_interval="1 day"))
"""


#: What keeps the project's own tests from being collected where the schema is checked.
OWN_CONFTEST = "import the_web_framework_of_the_project"


def test_the_projects_settings_of_pytest_are_for_its_own_tests(tmp_path, monkeypatch):
    copied_project(tmp_path)
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION + HOSTILE)
    (tmp_path / "tests").mkdir()
    for folder in (tmp_path, tmp_path / "tests"):
        (folder / "conftest.py").write_text(OWN_CONFTEST)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--cov=app")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_cov")
    done = check("-k", "test_facts", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    verdict = json.loads((tmp_path / "build/conformance/verdict.json").read_text())
    assert verdict["counts"]["facts"] > 1000


def test_fixtures_that_are_named_take_the_place_of_the_suites(tmp_path):
    copied_project(tmp_path)
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION + 'fixtures = "schema.ours"\n')
    done = check("-k", "test_facts", cwd=tmp_path)
    assert "There is no module 'schema' (from fixtures schema.ours)." in sentences(done)[0]
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema/ours.py").write_text(OVERRIDE)
    done = check("-k", "test_facts", cwd=tmp_path)
    assert done.returncode == 2
    assert ["The override was taken." in line for line in sentences(done)] == [True], done.stderr


def test_a_project_without_migrations_gives_its_schema_by_a_fixture(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.conformance]\nmodels = "house:metadata"\nfixtures = "by_hand"\n'
    )
    (tmp_path / "house.py").write_text(ROOMS)
    (tmp_path / "by_hand.py").write_text(FROM_SQL)
    done = check("-k", "test_facts or test_migrations or every_table", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    verdict = json.loads((tmp_path / "build/conformance/verdict.json").read_text())
    assert verdict["counts"]["facts"] > 10
    reason = "the project has no migrations: there is no alembic.ini"
    unseen = [item["id"] for item in verdict["not_checked"] if item["reason"] == reason]
    assert "check:test_single_head_revision" in unseen
    assert not [name for name in unseen if "test_migrations" not in name and "check:" not in name]
    done = check("--alembic-ini", "none", "-k", "single_head", cwd=tmp_path)
    assert 'the project has no migrations: alembic_ini is "none"' in done.stdout
    (tmp_path / "by_hand.py").write_text(FROM_SQL.replace("CREATE TABLE", "CREATE A TABLE"))
    done = check("-k", "test_facts", cwd=tmp_path)
    assert done.returncode == 2
    assert sentences(done)[0].startswith("conformance: The fixtures of a check fail: ")
    assert sentences(done)[0].endswith(" (by_hand.py, line 11).")
    (tmp_path / "by_hand.py").write_text(FROM_SQL)
    (tmp_path / "house.py").write_text(ROOMS.replace('"1 day"', '"7 days"'))
    done = check("-k", "test_facts", cwd=tmp_path)
    assert done.returncode == 1
    assert "chunk interval is 1 day, the models declare 7 days" in done.stdout
    assert "conformance fix URL --sql prints the SQL that mends this finding." in done.stdout


def test_a_project_without_migrations_gives_its_schema_by_sql_files(tmp_path):
    """A percent sign is no parameter, and each statement has a transaction of its own."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.conformance]\nmodels = "house:metadata"\nalembic_ini = "none"\n'
        'prepare = ["sql/1.sql", "sql/2.sql"]\n[tool.alembic]\nscript_location = "steps"\n'
    )
    (tmp_path / "house.py").write_text(ROOMS)
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/1.sql").write_text(
        "CREATE EXTENSION timescaledb;\n"
        "CREATE TABLE doors (id int PRIMARY KEY, colour text);\n"
        "CREATE TABLE rooms (at timestamptz NOT NULL, heat int);\n"
    )
    (tmp_path / "sql/2.sql").write_text(
        "SELECT create_hypertable('rooms', 'at', chunk_time_interval => INTERVAL '1 day')"
        " WHERE 'rooms' LIKE 'r%';\n"
        "CREATE INDEX CONCURRENTLY passing ON pg_temp.nothing (at);\n"
    )
    done = check("-k", "test_facts or test_migrations or every_table", cwd=tmp_path)
    assert done.returncode == 2
    assert "A statement of prepare in pyproject.toml fails: " in sentences(done)[0]
    written = (tmp_path / "sql/2.sql").read_text()
    (tmp_path / "sql/2.sql").write_text(written.partition("CREATE INDEX")[0])
    done = check("-k", "test_facts or test_migrations or every_table", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'the project has no migrations: alembic_ini is "none"' in done.stdout
    (tmp_path / "sql/2.sql").write_text("SELECT 1;")
    done = check("-k", "test_facts", cwd=tmp_path)
    assert done.returncode == 1
    assert "hypertable rooms: is missing, the models declare it" in done.stdout


FROM_MODELS = """
import pytest
from sqlalchemy import create_engine
from conformance.engines.base import Template
from house import metadata

@pytest.fixture(scope="session")
def schema_template():
    def prepare(url):
        with create_engine(url).begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION timescaledb")
            metadata.create_all(connection)
            connection.exec_driver_sql("SELECT create_hypertable('rooms', 'at', "
                                       "chunk_time_interval => INTERVAL '1 day')")
    return Template("schema", "1", prepare)
"""


def test_a_schema_by_create_all_follows_the_models(tmp_path):
    """Whatever key the fixture gives: engines keep the database from run to run."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.conformance]\nmodels = "house:metadata"\nfixtures = "made"\nalembic_ini = "none"\n'
    )
    (tmp_path / "made.py").write_text(FROM_MODELS)
    for heat in ("heat", "warmth"):
        (tmp_path / "house.py").write_text(ROOMS.replace('"heat"', f'"{heat}"'))
        done = check("-k", "test_facts", cwd=tmp_path)
        assert done.returncode == 0, done.stdout


#: Generated rows often have the same day: the key is nothing else.
DAYS = """
from sqlalchemy import CheckConstraint, Column, Date, Integer, MetaData, PrimaryKeyConstraint, Table
from conformance import Compression, Hypertable

metadata = MetaData()
Table("days", metadata, Column("day", Date), Column("heat", Integer, nullable=False),
      PrimaryKeyConstraint("day", name="pk_days"),
      CheckConstraint("heat >= 0", name="ck_days_heat"),
      Hypertable("day", chunk_interval="3 days"),
      Compression(segment_by=(), order_by="day DESC", after=None))
"""


def test_a_key_that_is_there_already_hides_no_check(tmp_path):
    """TimescaleDB finds the key in compressed rows before it looks at the check."""
    upgrade = """
        op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        op.execute("CREATE TABLE days (day date CONSTRAINT pk_days PRIMARY KEY,"
                   " heat integer NOT NULL CONSTRAINT ck_days_heat CHECK (heat >= 0))")
        op.execute("SELECT create_hypertable('days', 'day', chunk_time_interval => interval '3d')")
        op.execute("ALTER TABLE days SET (timescaledb.compress,"
                   " timescaledb.compress_segmentby = '',"
                   " timescaledb.compress_orderby = 'day DESC')")
    """
    migrations_in(tmp_path, upgrade)
    (tmp_path / "house.py").write_text(DAYS)
    (tmp_path / "pyproject.toml").write_text('[tool.conformance]\nmodels = "house:metadata"\n')
    done = check("-k", "checks_refuse", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    revision = tmp_path / "steps/versions/0001_step.py"
    weaker = revision.read_text().replace("CHECK (heat >= 0)", "CHECK (heat >= -2000000000)")
    revision.write_text(weaker)
    done = check("-k", "checks_refuse", cwd=tmp_path)
    assert done.returncode == 1
    assert "ck_days_heat does not refuse the row" in done.stdout


def test_a_downgrade_that_fails_is_told_with_its_statement(tmp_path):
    upgrade = """
        op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        op.execute("CREATE TABLE doors (id integer PRIMARY KEY)")
        op.execute("CREATE TABLE rooms (at timestamptz NOT NULL)")
    """
    migrations_in(tmp_path, upgrade, downgrade='op.execute("DROP TABLE lofts")')
    (tmp_path / "house.py").write_text(ROOMS)
    (tmp_path / "pyproject.toml").write_text('[tool.conformance]\nmodels = "house:metadata"\n')
    done = check("-k", "test_up_down_consistency", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    verdict = json.loads((tmp_path / "build/conformance/verdict.json").read_text())
    (finding,) = verdict["findings"]
    assert finding["message"].endswith(
        'line 18) fails: UndefinedTable: table "lofts" does not exist. The statement is: DROP TABLE'
        " lofts."
    )
    assert finding["hint"] == (
        "Correct the name, or create the object in an earlier revision. If the changes cannot be"
        " undone, let downgrade() raise NotImplementedError."
    )


def test_an_index_that_is_built_concurrently_is_named_as_not_checked(tmp_path):
    upgrade = """
        op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        op.execute("CREATE TABLE doors (id integer PRIMARY KEY, colour text)")
        op.execute("CREATE TABLE rooms (at timestamptz NOT NULL, heat integer)")
        op.execute("SELECT create_hypertable('rooms', 'at', chunk_time_interval => interval '1d')")
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY ix_doors_colour ON doors (colour)")
    """
    migrations_in(tmp_path, upgrade)
    indexed = ROOMS.replace('Column("colour", Text)', 'Column("colour", Text, index=True)')
    (tmp_path / "house.py").write_text(indexed)
    (tmp_path / "pyproject.toml").write_text('[tool.conformance]\nmodels = "house:metadata"\n')
    done = check("-k", "test_facts or as_written or offline", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads((tmp_path / "build/conformance/verdict.json").read_text())
    assert verdict["not_checked"] == [
        {
            "id": "check:test_every_statement_runs_as_written",
            "reason": "this engine cannot run a statement that uses several transactions, and ran "
            "CREATE INDEX CONCURRENTLY ix_doors_colour ON doors (colour) in one: use --engine "
            "local, --engine container, or the URL of a server",
        }
    ]


@pytest.mark.parametrize("command", ["check", "gate"])
def test_an_object_that_the_migrations_damage_is_named(tmp_path, command):
    upgrade = """
        op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        op.execute("CREATE FUNCTION one() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'")
        op.execute("CREATE VIEW of_one AS SELECT one() AS x")
        op.execute("SET LOCAL allow_system_table_mods = on")
        op.execute("DELETE FROM pg_proc WHERE proname = 'one'")
    """
    migrations_in(tmp_path, upgrade)
    (tmp_path / "house.py").write_text(ROOMS)
    (tmp_path / "pyproject.toml").write_text('[tool.conformance]\nmodels = "house:metadata"\n')
    more = {"check": ["-k", "test_facts"], "gate": ["--from-revision", "base"]}[command]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = forked_commands.run([command, "--engine", "embedded", *more], tmp_path, environment)
    assert done.returncode == 2
    (sentence,) = sentences(done)
    assert (
        "Reading the catalog failed at view of_one: cache lookup failed for function " in sentence
    )
    assert sentence.endswith("create it again, or restore a backup.")


def test_migrations_of_tables_that_something_else_makes(tmp_path):
    """What create_all() makes has the last revision's state, and no revision makes it."""
    migrations_in(tmp_path, "op.execute('ALTER TABLE doors ADD colour text')")
    (tmp_path / "house.py").write_text(ROOMS)
    (tmp_path / "by_hand.py").write_text(FROM_SQL)
    configuration = '[tool.conformance]\nmodels = "house:metadata"\n'
    told = "Revision 0001 (steps/versions/0001_step.py, line 10) fails: UndefinedTable"
    for fixtures in ("", 'fixtures = "by_hand"\n'):
        (tmp_path / "pyproject.toml").write_text(configuration + fixtures)
        done = check("-k", "test_facts or test_migrations", cwd=tmp_path)
        assert done.returncode == 2
        (sentence,) = sentences(done)
        assert told in sentence
        assert 'in a fixture schema_template, with alembic_ini = "none"' in sentence
    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write('alembic_ini = "none"\n')
    done = check("-k", "test_facts or test_migrations", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [COMMAND, [Path(sys.executable).with_name("conformance")]])
def test_a_folder_may_be_called_as_a_module_of_others(tmp_path, command):
    """pytest imports `pdb`, and that `cmd`; a folder of migrations is often called `alembic`."""
    copied_project(tmp_path)
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    for name in ("cmd", "code", "tests", "statistics"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('of the project')")
    # As `alembic init --package` writes it.
    (tmp_path / "alembic/__init__.py").touch()
    arguments = [*command, "check", "--engine", "embedded"] if len(command) == 1 else command
    done = subprocess.run(
        [*arguments, "-k", "test_facts", "-n", "1"], cwd=tmp_path, capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": str(PROJECT)}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


#: Python drops what a callback of its garbage collector raises, and Hypothesis has such a callback.
DROPPED = """
import gc
import signal

def interrupt(phase, info):
    gc.callbacks.remove(interrupt)
    signal.raise_signal(signal.SIGINT)

def pytest_collection_finish():
    gc.callbacks.append(interrupt)
    gc.collect()
"""


def test_ctrl_c_is_heeded_where_python_drops_it(tmp_path):
    copied_project(tmp_path)
    (tmp_path / "dropping.py").write_text(DROPPED)
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION + 'fixtures = "dropping"\n')
    done = subprocess.run(
        [*COMMAND, "-k", "test_facts"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)}, timeout=120,
        preexec_fn=not_ignoring_ctrl_c,
    )  # fmt: skip
    assert (done.returncode, sentences(done)) == (2, ["conformance: Interrupted."]), done.stderr


def test_a_folder_without_migrations(tmp_path):
    done = check("--models", "models:Base.metadata", cwd=tmp_path)
    assert done.returncode == 2
    assert "There is no alembic.ini" in sentences(done)[0]


def test_reports_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    done = check("--reports", tmp_path / "file")
    assert done.returncode == 2
    assert "cannot be written" in sentences(done)[0]
    assert "Traceback" not in done.stderr


def running(marker):
    """Processes whose environment has the marker: whatever a run started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name
)
@pytest.mark.parametrize("command", [COMMAND, ["make", "conform", "ENGINE=embedded"]],
                         ids=["conformance", "make"])  # fmt: skip
def test_nothing_is_left_running(tmp_path, command, number):
    if command[0] == "make" and not (PROJECT / ".venv/bin/conformance").exists():
        pytest.skip("needs the environment that make creates")
    marker = f"CONFORMANCE_TEST_RUN={tmp_path}"
    environment = dict([*os.environ.items(), marker.split("=", 1)], PYTHONPATH=str(PROJECT))
    with started_as_from_a_terminal(command, environment) as process:
        # Until a server runs, so that there is something to leave behind.
        deadline = time.monotonic() + 60
        while len(running(marker)) < 2 + (command[0] == "make") and time.monotonic() < deadline:
            time.sleep(0.1)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        deadline = time.monotonic() + 30
        while running(marker) and time.monotonic() < deadline:
            process.poll()
            time.sleep(0.1)
        assert running(marker) == []


#: A statement that takes as long as it likes, and the file that says that it has begun.
ENDLESS = """\
    __import__("pathlib").Path("begun").touch()
    op.execute("SELECT pg_sleep(300)")
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_statement_without_end_is_ended(tmp_path, number):
    """While psycopg2 waits for the server no handler of Python's runs."""
    line = "    create_hypertables()\n"
    copied_project(tmp_path, Edit(REVISION, line, line + ENDLESS))
    marker = f"CONFORMANCE_TEST_RUN={tmp_path}"
    environment = dict([*os.environ.items(), marker.split("=", 1)], PYTHONPATH=str(PROJECT))
    with started_as_from_a_terminal(COMMAND, environment, cwd=tmp_path) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        process.wait(timeout=20)
    assert process.returncode == 2
    verdict = json.loads((tmp_path / "build/conformance/verdict.json").read_text())
    assert verdict["message"] == "Interrupted."
    assert running(marker) == []


def not_ignoring_ctrl_c():
    """What a shell starts in the background ignores it, and so would the command."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started_as_from_a_terminal(command, environment, cwd=PROJECT):
    """In a process group of its own, all of which Ctrl-C reaches; killed if it goes on."""
    process = subprocess.Popen(
        command, cwd=cwd, env=environment, process_group=0,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=not_ignoring_ctrl_c,  # noqa: PLW1509
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
