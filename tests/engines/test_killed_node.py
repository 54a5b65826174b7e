"""The embedded engine's process is killed in a stage of a check: no verdict, one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gate.projects import Project

PROJECT = Path(__file__).parents[2]

#: Runs the command, and kills all node processes at the first call of a function.
KILLING = """
import importlib, os, signal, sys

from conformance.engines.embedded.node_server import NodeServer

when, where, name, *sys.argv[1:] = sys.argv[1:]
begun, start = [], NodeServer.__init__

def note(server, *arguments, **options):
    start(server, *arguments, **options)
    begun.append(server)

def kill():
    while begun:
        os.kill((server := begun.pop()).pid, signal.SIGKILL)
        server._process.wait()

NodeServer.__init__ = note
module, _, holder = where.partition(":")
owner = importlib.import_module(module)
owner = getattr(owner, holder) if holder else owner
function = getattr(owner, name)

def killing(*arguments, **options):
    if when == "before":
        kill()
    result = function(*arguments, **options)
    kill()
    return result

setattr(owner, name, killing)
from conformance.cli import main
main()
"""
MODELS = "from tests.gate.projects import models\nmetadata = models()\n"
ENDED = "was ended by signal 9."
LOST = "The server ended the connection during "

#: When a process is killed, at which function, and what is said; and which checks run.
STAGES = {
    "boot": (
        ("before", "conformance.engines.embedded.node_server:NodeServer", "wait_ready"),
        ENDED, "test_facts",
    ),
    "migration": (
        ("before", "conformance.project.migrations:Migrations", "upgrade"),
        f"{LOST}the migration to 0001", "test_facts",
    ),
    "facts": (
        ("before", "conformance.pipeline", "check_database"),
        LOST, "test_facts",
    ),
    "first rows": (
        ("before", "conformance.population.filling", "fill_every_state"),
        LOST, "test_rows",
    ),
    "a history": (
        ("before", "conformance.histories.stage:Stage", "clear"),
        LOST, "test_histories and curves",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("point", "sentence", "checks"), STAGES.values(), ids=list(STAGES))
def test_it_is_no_verdict(tmp_path, point, sentence, checks):
    project = PROJECT
    if point[-1] == "upgrade":
        # The state after the project's own migration is kept from an earlier run.
        project = Project.made_in(tmp_path).folder
        (project / "models.py").write_text("from tests.gate.projects import *\nBase = models()")
    done = subprocess.run(
        [sys.executable, "-c", KILLING, *point, "check", "--engine", "embedded",
         "--models", "models:Base", "--reports", tmp_path / "reports", "-k", checks],
        cwd=project, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("conformance: "))
    assert sentence in line
    assert "Traceback" not in done.stderr
    verdict = json.loads((tmp_path / "reports" / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["findings"]) == ("could_not_run", [])
