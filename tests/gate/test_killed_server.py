"""The embedded engine's process is killed in the middle of the gate: no verdict, one sentence."""

from __future__ import annotations

import os
import signal

import pytest

from conformance.cli import main
from conformance.engines.embedded.engine import EmbeddedEngine
from conformance.gate.rehearsing.bench import Bench
from tests.click_runner import CliRunner

from .projects import sql


@pytest.fixture
def kill_all(monkeypatch):
    """Kills all node processes that the engines of this test have used."""
    used = []
    launch = EmbeddedEngine._launch

    def note(engine, snapshot):
        used.append(launch(engine, snapshot))
        return used[-1]

    def kill():
        assert used
        for server in used:
            os.kill(server.pid, signal.SIGKILL)
            server._process.wait()

    monkeypatch.setattr(EmbeddedEngine, "_launch", note)
    return kill


def test_between_two_statements(project, monkeypatch, kill_all):
    """A new connection is refused, an open one is lost: neither is a defect of this program."""
    monkeypatch.chdir(project.folder)
    project.revision(sql("ALTER TABLE places ADD COLUMN area integer"), sql("SELECT 1"))
    renew = Bench.renew

    def renew_and_kill(bench, *arguments):
        renew(bench, *arguments)
        kill_all()

    monkeypatch.setattr(Bench, "renew", renew_and_kill)
    arguments = ["--models", "models:Base.metadata", "--from-revision", "0001"]
    done = CliRunner().invoke(main, ["gate", "--engine", "embedded", *arguments])
    assert done.exit_code == 2
    assert done.stderr.count("conformance: ") == 1
    assert "Read the log of the server, and run this again." in done.stderr
    assert "defect" not in done.stderr
