"""Every check on migrations can fail: projects whose migrations are broken, one way each."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
REVISION = "alembic/versions/0001_initial_schema.py"


@dataclass(frozen=True)
class Broken:
    """One edit of the project, and what `conformance check` must say of it."""

    file: str
    old: str
    new: str
    selected: str
    findings: frozenset[str]


BROKEN = {
    "a table is left behind": Broken(
        REVISION,
        '("series_metadata", "instruments", "data_sources"):\n        op.execute',
        '("series_metadata", "instruments"):\n        op.execute',
        "test_downgrade_leaves_no_trace",
        frozenset({"migration:alembic:downgrade_leaves_no_trace"}),
    ),
    "a job is left behind": Broken(
        REVISION,
        "    create_quote_tables()\n",
        "    create_quote_tables()\n    op.execute(\"CREATE TYPE left_behind AS ENUM ('a')\")\n",
        "test_downgrade_leaves_no_trace",
        frozenset({"migration:alembic:downgrade_leaves_no_trace"}),
    ),
    "a statement warns": Broken(
        REVISION,
        "    create_hypertables()\n",
        "    create_hypertables()\n"
        "    op.execute(\"DO $$ BEGIN RAISE WARNING 'kept the old one'; END $$\")\n",
        "test_no_warning_is_raised",
        frozenset({"migration:alembic:no_warning"}),
    ),
    "offline leaves something out": Broken(
        REVISION,
        "    create_hypertables()\n",
        "    create_hypertables()\n"
        "    if not context.is_offline_mode():\n"
        '        op.execute("CREATE INDEX ix_online ON signals (value)")\n',
        "test_offline_sql_gives_the_same_facts",
        frozenset({"migration:alembic:offline_sql"}),
    ),
    "every run changes something": Broken(
        "alembic/env.py",
        "        context.run_migrations()\n",
        "        context.run_migrations()\n"
        '        context.execute("DO $$ BEGIN EXECUTE format("\n'
        "            \"'ALTER TABLE flow_data ALTER unit SET DEFAULT %L', clock_timestamp()\"\n"
        '            "); END $$")\n',
        "test_a_second_run_changes_nothing",
        frozenset({"migration:alembic:second_run"}),
    ),
    "a model without its migration": Broken(
        "models/signals.py",
        '        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),\n',
        '        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),\n'
        '        Index(None, "value"),\n',
        "test_alembic_check_is_quiet or test_model_definitions_match_ddl",
        frozenset({"migration:alembic:alembic_check", "check:test_model_definitions_match_ddl"}),
    ),
    "env.py hides every index": Broken(
        "alembic/env.py",
        "        compare_type=True,\n",
        "        compare_type=True,\n"
        '        include_object=lambda _object, _name, kind, *_rest: kind != "index",\n',
        "test_alembic_check",
        frozenset({"migration:alembic:alembic_check_sees"}),
    ),
    "a downgrade that fails": Broken(
        REVISION,
        "    for table, _, _ in reversed(HYPERTABLES):\n",
        '    op.execute("DROP TABLE no_such_table")\n'
        "    for table, _, _ in reversed(HYPERTABLES):\n",
        "test_up_down_consistency",
        frozenset({"check:test_up_down_consistency"}),
    ),
    "another chunk interval": Broken(
        REVISION,
        '("market_data", "timestamp", "1 month")',
        '("market_data", "timestamp", "7 days")',
        "test_fact and market_data",
        frozenset({"hypertable:market_data:chunk_interval"}),
    ),
}


@pytest.fixture
def project(tmp_path):
    """A copy of what a project has of its own: models and migrations."""
    for name in ("alembic", "models"):
        shutil.copytree(
            PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(PROJECT / "alembic.ini", tmp_path)
    return tmp_path


def edit(project, file, old, new):
    path = project / file
    source = path.read_text()
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {file}"
    path.write_text(source.replace(old, new))


def check(project, *arguments):
    """Exit code, verdict and standard error of `conformance check` in the project."""
    done = subprocess.run(
        [sys.executable, "-c", "from conformance.cli import main; main()",
         "check", "--engine", "embedded", *arguments],
        cwd=project, env=environment(project), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (
        done.returncode,
        json.loads((project / "build/conformance/verdict.json").read_text()),
        (done.stderr),
    )


def environment(project):
    import os

    return {**os.environ, "PYTHONPATH": f"{project}{os.pathsep}{PROJECT}"}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_it_is_found(project, broken):
    edit(project, broken.file, broken.old, broken.new)
    if broken.file.startswith("models"):
        edit(project, broken.file, "import CheckConstraint,", "import CheckConstraint, Index,")
    code, verdict, _ = check(project, "-k", broken.selected)
    assert {finding["id"] for finding in verdict["findings"]} == broken.findings
    assert (code, verdict["verdict"]) == (1, "differs")
    assert all(finding["message"] for finding in verdict["findings"])


def test_the_project_as_it_is(project):
    code, verdict, err = check(project)
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", []), err
    assert verdict["counts"]["facts"] > 1000


def test_two_heads(project):
    second = project / "alembic/versions/0002_other.py"
    source = (project / REVISION).read_text()
    second.write_text(source.replace('revision: str = "0001"', 'revision: str = "0002"'))
    code, verdict, err = check(project)
    assert (code, verdict["verdict"]) == (2, "could_not_run")
    assert "2 heads (0001, 0002)" in verdict["message"]
    assert "Traceback" not in err


def test_a_migration_that_does_not_run(project):
    edit(project, REVISION, "    create_hypertables()\n", '    op.execute("SELECT 1/0")\n')
    code, verdict, err = check(project)
    assert (code, verdict["verdict"]) == (2, "could_not_run")
    assert "division by zero" in verdict["message"]
    assert "Traceback" not in err


def test_a_model_with_a_wrong_declaration(project):
    edit(project, "models/signals.py", 'segment_by="signal_type"', 'segment_by="signal"')
    code, verdict, err = check(project)
    assert (code, verdict["verdict"]) == (2, "could_not_run")
    assert "Signal (signals): segment by 'signal' is not a column" in verdict["message"]
    assert "Traceback" not in err
