"""The guard ends its command when the process that started the guard is gone."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parents[2] / ".ci" / "guard.py"


def guarded(parent, *command):
    return [sys.executable, "-I", str(GUARD), str(parent), *command]


@pytest.fixture
def gone():
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_the_exit_code_is_the_commands():
    assert subprocess.run(guarded(os.getpid(), "sh", "-c", "exit 3"), check=False).returncode == 3


def test_nothing_is_started_for_somebody_who_is_gone_already(gone, tmp_path):
    done = subprocess.run(guarded(gone, "touch", tmp_path / "started"), check=False)
    assert done.returncode == 1
    assert not (tmp_path / "started").exists()


def test_a_wrapper_may_stand_between():
    command = guarded(os.getpid(), "true")
    wrapped = ["sh", "-c", '"$@"; exit $?', "sh", *command]
    assert subprocess.run(wrapped, check=False).returncode == 0


def test_it_ends_with_whoever_started_it():
    """The guard holds a pipe, which is closed when it has ended."""
    read, write = os.pipe()
    # The shell's own number is not known before it runs.
    shell = f'{sys.executable} -I "{GUARD}" $$ sh -c "echo started; exec sleep 60" & wait'
    with subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, pass_fds=[write]) as process:
        os.close(write)
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        process.kill()
    readable, _, _ = select.select([read], [], [], 20)
    assert readable == [read]
    assert os.read(read, 1) == b""
    os.close(read)
