"""The guard ends its command when the process that started the guard is gone."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

GUARD = Path(__file__).parents[2] / ".ci" / "guard.py"


def guarded(parent, *command):
    return [sys.executable, "-I", "-S", str(GUARD), str(parent), *command]


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
    shell = f'{sys.executable} -I -S "{GUARD}" $$ sh -c "echo started; exec sleep 60" & wait'
    with subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, pass_fds=[write]) as process:
        os.close(write)
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        process.kill()
    readable, _, _ = select.select([read], [], [], 20)
    assert readable == [read]
    assert os.read(read, 1) == b""
    os.close(read)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("before", ["watcher = _watcher()", 'os.write(watcher, b"%d'])
def test_a_signal_while_it_starts_ends_its_command(before, number):
    """Otherwise the command would go on, without a guard."""
    script = GUARD.read_text().replace(before, f"os.kill(os.getpid(), {int(number)}); {before}", 1)
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", script, str(os.getpid()), "sleep", "60"],
        stdout=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        # The command, the guard and its watcher have standard output.
        readable, _, _ = select.select([process.stdout], [], [], 20)
        assert readable
        assert process.wait() == 128 + number


@pytest.mark.parametrize("stubborn", [False, True])
def test_its_command_ends_if_the_guard_is_killed_with_its_process_group(stubborn):
    """As a CI runner ends a job: `make` and the guard are gone at once, the command is not."""
    # A command that ignores SIGINT is killed after the grace period.
    ignore = "trap '' INT; " if stubborn else ""
    script = GUARD.read_text().replace("_GRACE_SECONDS = 6.0", "_GRACE_SECONDS = 0.5")
    # The shell's own number is not known before it runs.
    shell = f'"$0" -I -S -c "$1" $$ sh -c "{ignore}echo started; exec sleep 60" & wait'
    with subprocess.Popen(
        ["sh", "-c", shell, sys.executable, script],
        stdout=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        # The guard tells its watcher which process it has started.
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)
        # The command, the guard and its watcher have standard output.
        readable, _, _ = select.select([process.stdout], [], [], 20)
        assert readable
        assert process.stdout.read() == b""
