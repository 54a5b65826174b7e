"""The process that runs the suite, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from conformance.checking.choices import Choices
from conformance.checking.process import SuiteProcess
from conformance.errors import ConformanceError
from conformance.process.progress import unwatched
from conformance.process.standard_library import command
from conformance.project.configuration import Configuration


def test_ctrl_c_in_a_terminal_reaches_the_caller_alone():
    with SuiteProcess() as process:
        process.order(Choices(Configuration()), ())
        child = process._process
        assert os.getpgid(child.pid) != os.getpgrp()
    assert child.returncode is not None


def test_ctrl_c_while_it_starts_leaves_nothing_running(monkeypatch):
    started = SuiteProcess()

    class Interrupted:
        def __init__(self, **_):
            raise KeyboardInterrupt

    monkeypatch.setattr("conformance.checking.process.threading.Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        started.__enter__()
    assert started._process.returncode is not None


@pytest.mark.parametrize("order", ["", "{", "{}\n"])
def test_a_caller_that_has_ended_gets_no_traceback(order):
    process = subprocess.Popen(
        command("conformance.checking.process"), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdout.close()
    process.stdin.write(order)
    process.stdin.close()
    said = process.stderr.read()
    process.stderr.close()
    assert said == ""
    # The process ends itself when its caller has ended, which may come first.
    assert process.wait(60) in (2, -signal.SIGTERM)


def test_models_that_cannot_be_imported_are_named_as_by_a_check():
    choices = Choices(Configuration(models=("nothing_like_it:Base.metadata",)))
    with SuiteProcess() as process:
        process.order(choices, ())
        with pytest.raises(ConformanceError) as caught:
            process.verdict(unwatched)
    assert str(caught.value).startswith("There is no module 'nothing_like_it'")
