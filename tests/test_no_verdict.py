"""If a project's code raises or exits, the command ends with one sentence and exit code 2."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests import forked_commands

PROJECT = Path(__file__).parents[1]
NOWHERE = "postgresql://u:secret@127.0.0.1:1/d"

AUDIT = ["audit", NOWHERE, "--json", "reports/verdict.json"]
CHECK = ["check", "--engine", "embedded", "--reports", "reports"]
GATE = ["gate", "--engine", "embedded", "--from-revision", "base", "--reports", "reports"]
UPGRADE = ["upgrade", "--from", "2.17.2", "--to", "2.28.3", "--engine", NOWHERE]
UPGRADE += ["--reports", "reports"]
COMMANDS = {"audit": AUDIT, "check": CHECK, "gate": GATE, "upgrade": UPGRADE}

#: What the module does when it is imported, and what is said of it.
RAISES = {
    "raise RuntimeError('no', 'way')": "RuntimeError: ('no', 'way') (those.py, line 1)",
    "{}['key']": "KeyError: 'key' (those.py, line 1)",
    "import json\nassert json.loads('x')": "JSONDecodeError",
    "raise ValueError('two\\nlines')": "ValueError: two lines (those.py, line 1)",
    "def f(): f()\nf()": "RecursionError",
}


@pytest.fixture
def run(tmp_path):
    """Runs a command in a project of its own, of which some files are other ones."""
    (tmp_path / "alembic").symlink_to(PROJECT / "alembic")
    (tmp_path / "alembic.ini").symlink_to(PROJECT / "alembic.ini")

    def run(command, *arguments, module="conformance"):
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        return forked_commands.run([*command, *arguments], tmp_path, environment, module)

    return run


def said(done):
    """The one sentence, of a run that came to no verdict."""
    assert done.returncode == 2, done
    assert "Traceback" not in done.stdout + done.stderr
    assert "secret" not in done.stdout + done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("conformance: "))
    return line


@pytest.mark.parametrize(("source", "words"), RAISES.items(), ids=list(RAISES.values()))
def test_models_that_cannot_be_imported(run, tmp_path, source, words):
    (tmp_path / "those.py").write_text(source)
    sentence = said(run(AUDIT, "--models", "those:metadata"))
    assert sentence.startswith("conformance: those cannot be imported: ")
    assert words in sentence


@pytest.mark.parametrize("command", COMMANDS)
def test_models_that_exit(run, tmp_path, command):
    """`sys.exit(0)` in somebody's module is no success, and the reports say so."""
    (tmp_path / "those.py").write_text("raise SystemExit(0)")
    sentence = said(run(COMMANDS[command], "--models", "those:metadata"))
    assert "those cannot be imported: SystemExit: 0" in sentence
    (file,) = (tmp_path / "reports").glob("*.json")
    report = json.loads(file.read_text())
    assert report["verdict"] == "could_not_run"
    assert report["message"] == sentence.removeprefix("conformance: ")


@pytest.mark.parametrize(
    "command",
    [["audit", NOWHERE], ["gate", "--engine", NOWHERE, "--from-revision", "base"]],
    ids=["audit", "gate"],
)
def test_models_that_print(run, tmp_path, command):
    """What is on standard output is JSON, and nothing but JSON."""
    source = "from sqlalchemy import *\nprint('loading')\nmetadata = MetaData()\n"
    (tmp_path / "those.py").write_text(source + "Table('t', metadata, Column('id', Integer))")
    done = run(command, "--models", "those:metadata", "--json", "-")
    assert "loading" in done.stderr
    assert json.loads(done.stdout)["verdict"] == "could_not_run"


@pytest.mark.parametrize("reference", ["", ":", ":metadata", ".models:metadata"])
def test_models_that_name_no_module(run, reference):
    assert "does not name a module" in said(run(AUDIT, "--models", reference))


def test_pytest_says_the_same(run, tmp_path):
    (tmp_path / "those.py").write_text("raise SystemExit(0)")
    suite = ["-p", "conformance.pytest_plugin", "--pyargs", "conformance.suite"]
    done = run(
        suite,
        "--conformance-engine=embedded",
        "--conformance-models=those:metadata",
        module="pytest",
    )
    assert done.returncode == 2
    assert "those cannot be imported: SystemExit: 0" in done.stdout + done.stderr


BROKEN_INI = {
    "garbage": "File contains no section headers",
    "[alembic]": "No 'script_location' key found",
    "[alembic]\nscript_location = nowhere": "Path doesn't exist: ",
}


@pytest.mark.parametrize("command", ["check", "gate", "upgrade"])
@pytest.mark.parametrize(("ini", "words"), BROKEN_INI.items(), ids=list(BROKEN_INI.values()))
def test_an_ini_file_without_migrations(run, tmp_path, command, ini, words):
    (tmp_path / "other.ini").write_text(ini)
    done = run(COMMANDS[command], "--alembic-ini", "other.ini", "--models", "models:Base")
    assert words in (sentence := said(done))
    assert "Run 'alembic history'" in sentence


@pytest.mark.parametrize("command", ["check", "gate", "upgrade"])
def test_no_revision_yet(run, tmp_path, command):
    (tmp_path / "empty" / "versions").mkdir(parents=True)
    (tmp_path / "other.ini").write_text("[alembic]\nscript_location = %(here)s/empty\n")
    done = run(COMMANDS[command], "--alembic-ini", "other.ini", "--models", "models:Base")
    assert "There is no revision in" in said(done)


@pytest.mark.parametrize("command", ["check", "gate"])
def test_an_env_file_that_exits(run, tmp_path, command):
    """`sys.exit(0)` in somebody's env.py is no success."""
    (tmp_path / "other" / "versions").mkdir(parents=True)
    (tmp_path / "other" / "env.py").write_text("raise SystemExit(0)")
    revision = "revision, down_revision = '1', None\ndef upgrade(): ...\ndef downgrade(): ..."
    (tmp_path / "other" / "versions" / "1.py").write_text(revision)
    (tmp_path / "other.ini").write_text("[alembic]\nscript_location = %(here)s/other\n")
    done = run(COMMANDS[command], "--alembic-ini", "other.ini", "--models", "models:Base")
    assert "SystemExit: 0" in said(done)
