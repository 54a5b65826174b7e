"""A run that ends in any way removes its cluster, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.engines.local import engine as local_engine
from conformance.engines.local import folders, removal
from conformance.engines.local.engine import LocalEngine
from conformance.process.identity import this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Holder = Callable[..., AbstractContextManager[subprocess.Popen[str]]]

_NOBODY = 65534
#: A process of a run that lives on for a while after the run, with all that the run had open.
_FORKS = """
import os, sys, time
from conformance.engines.local.engine import LocalEngine
engine = LocalEngine()
engine.start()
child = os.fork()
if not child:
    time.sleep(20)
    os._exit(0)
print("ready", child, flush=True)
time.sleep(60)
"""

pytestmark = pytest.mark.usefixtures("local")


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files of this test alone, in which others may look around."""
    folder = Path(tempfile.mkdtemp(prefix="conformance-test-"))
    folder.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


def folders_in(temporary: Path) -> list[Path]:
    return list(temporary.glob(f"{folders.PREFIX}*"))


def family(folder: Path) -> list[int]:
    """The server in the folder, and all its processes."""
    servers = removal.servers(folder)
    return [one.pid for one in removal.processes() if {one.pid, one.parent} & set(servers)]


def await_end(folder: Path, processes: list[int], seconds: float = 10) -> None:
    """Wait until the folder and the processes are gone."""
    deadline = time.monotonic() + seconds
    while folder.exists() or {one.pid for one in removal.processes()} & set(processes):
        assert time.monotonic() < deadline, (folder.exists(), family(folder))
        time.sleep(0.05)


def watchdog_of(folder: Path) -> int:
    (watchdog,) = [one.pid for one in removal.processes() if f"removal.py {folder} " in one.command]
    return watchdog


def test_a_dying_process_still_runs() -> None:
    """It gives its memory back first, and a next server does not start before that."""
    for _ in range(3):
        held = "held = bytearray(b'x') * 200_000_000; print(flush=True); input()"
        with subprocess.Popen(
            [sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.kill()
            while process.pid in {one.pid for one in removal.processes()}:
                pass
            assert process.poll() is not None


class TestEnd:
    def test_stop_leaves_nothing(self, temporary: Path) -> None:
        engine = LocalEngine()
        engine.start()
        (folder,) = folders_in(temporary)
        processes = [*family(folder), watchdog_of(folder)]
        assert len(processes) > 5
        engine.stop()
        engine.stop()
        await_end(folder, processes, 0.1)
        assert list(temporary.iterdir()) == []

    @pytest.mark.parametrize(
        "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
    )
    def test_a_signal_leaves_nothing(
        self, temporary: Path, holder: Holder, number: signal.Signals
    ) -> None:
        with holder("local") as process:
            (folder,) = folders_in(temporary)
            processes = [*family(folder), watchdog_of(folder)]
            process.send_signal(number)
            process.wait(20)
            await_end(folder, processes)

    def test_of_a_run_whose_children_live_on(self, temporary: Path) -> None:
        command = [sys.executable, "-c", _FORKS]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            child = int(process.stdout.readline().split()[1])
            (folder,) = folders_in(temporary)
            processes = family(folder)
            process.kill()
            try:
                await_end(folder, processes)
            finally:
                os.kill(child, signal.SIGKILL)

    def test_the_end_of_a_fork_is_not_the_runs(self, temporary: Path) -> None:
        engine = LocalEngine()
        engine.start()
        child = os.fork()
        if not child:
            # As at the end of Python, which runs what was registered for it.
            engine._forget_server = None
            os._exit(0)
        os.waitpid(child, 0)
        (folder,) = folders_in(temporary)
        with engine.database():
            assert family(folder)
        engine.stop()

    def test_a_killed_watchdog_is_not_needed(self, temporary: Path) -> None:
        engine = LocalEngine()
        engine.start()
        (folder,) = folders_in(temporary)
        os.kill(watchdog_of(folder), signal.SIGKILL)
        processes = family(folder)
        engine.stop()
        await_end(folder, processes, 0.1)

    @pytest.mark.parametrize(
        ("step", "after"),
        [
            *((step, False) for step in ("new_folder", "watch")),
            *((step, True) for step in ("make_data", "password_of", "server_program", "_is_ready")),
        ],
    )
    def test_an_interrupt_of_the_start_leaves_nothing(
        self, temporary: Path, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
    ) -> None:
        original = getattr(local_engine, step)

        def interrupted(*arguments: object) -> object:
            if after:
                original(*arguments)
            raise KeyboardInterrupt

        monkeypatch.setattr(local_engine, step, interrupted)
        engine = LocalEngine()
        with pytest.raises(KeyboardInterrupt):
            engine.start()
        assert folders_in(temporary) == []
        assert not [one for one in removal.processes() if str(temporary) in one.command]


class TestNextStart:
    def test_removes_what_killed_runs_left(self, temporary: Path, holder: Holder) -> None:
        with holder("local") as process:
            (folder,) = folders_in(temporary)
            watchdog, processes = watchdog_of(folder), family(folder)
            os.kill(watchdog, signal.SIGSTOP)
            process.kill()
            process.wait(20)
            os.kill(watchdog, signal.SIGKILL)
        assert removal.servers(folder)
        folders.remove_leftovers()
        await_end(folder, processes, 0.1)

    def test_spares_the_living(self, temporary: Path, holder: Holder) -> None:
        with holder("local"):
            (folder,) = folders_in(temporary)
            # Its watchdog has not touched it for long, as in a machine that slept.
            os.utime(folder / removal.OWNER, (1, 1))
            servers = removal.servers(folder)
            folders.remove_leftovers()
            assert servers
            assert removal.servers(folder) == servers

    def test_removes_what_was_forgotten(self, temporary: Path) -> None:
        """By a run before the machine's last start, or killed before it wrote its name."""
        for name, owner in (("a", "another-boot/1/1"), ("b", "")):
            folder = temporary / f"{folders.PREFIX}{name}"
            folder.mkdir()
            if owner:
                (folder / removal.OWNER).write_text(owner)
        folders.remove_leftovers()
        assert len(folders_in(temporary)) == 2
        for folder in folders_in(temporary):
            for path in (*folder.iterdir(), folder):
                os.utime(path, (1, 1))
        folders.remove_leftovers()
        assert folders_in(temporary) == []

    def test_spares_what_is_not_ours(self, temporary: Path) -> None:
        gone = this_process().rpartition("/")[0] + "/1"
        target = temporary / "target"
        link = temporary / f"{folders.PREFIX}link"
        file = temporary / f"{folders.PREFIX}file"
        target.mkdir()
        (target / removal.OWNER).write_text(gone)
        link.symlink_to(target)
        file.write_text(gone)
        theirs = temporary / f"{folders.PREFIX}theirs"
        if os.geteuid() == 0:
            theirs.mkdir()
            (theirs / removal.OWNER).write_text(gone)
            os.chown(theirs, _NOBODY, _NOBODY)
        folders.remove_leftovers()
        assert (target / removal.OWNER).exists()
        assert link.is_symlink()
        assert file.exists()
        assert theirs.exists() == (os.geteuid() == 0)

    def test_ends_no_other_process(self, temporary: Path) -> None:
        """Only what was started on the data in the folder."""
        gone = this_process().rpartition("/")[0] + "/1"
        folder = temporary / f"{folders.PREFIX}x"
        folder.mkdir()
        (folder / removal.OWNER).write_text(gone)
        commands = [
            ["sleep", "30"],
            ["sh", "-c", "sleep 30; :", "postgres", "-D", f"{folder}/data2"],
            ["sh", "-c", "sleep 30; :", "postgres", "-D", f"{folder}/data", "more"],
        ]
        others = [subprocess.Popen(command) for command in commands]
        (folder / "postmaster.pid").write_text(str(others[0].pid))
        try:
            folders.remove_leftovers()
            assert not folder.exists()
            assert [other.poll() for other in others] == [None, None, None]
        finally:
            for other in others:
                other.kill()
                other.wait()


class TestProcesses:
    def test_of_other_users_are_not_ours_to_end(
        self, temporary: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever their command line says."""

        def refuse(_pid: int, _signal: int) -> None:
            raise PermissionError

        folder = temporary / "x"
        # Not a shell, whose child has the same command line for a moment.
        command = [sys.executable, "-c", "import time; time.sleep(30)", "-D", f"{folder}/data"]
        with subprocess.Popen(command) as other:
            # On a busy machine it has no command line for a moment.
            until = time.monotonic() + 10
            while not removal.servers(folder) and time.monotonic() < until:
                time.sleep(0.01)
            assert removal.servers(folder) == [other.pid]
            with monkeypatch.context() as patch:
                patch.setattr(os, "kill", refuse)
                assert removal.servers(folder) == []
            removal.remove(folder)

    def test_of_ps_are_those_of_proc(self) -> None:
        """On systems without /proc."""
        if not (Path("/proc/self/stat").exists() and shutil.which("ps")):
            pytest.skip("this system does not have both")
        with subprocess.Popen(["sleep", "30"]) as sleeping:
            ours = removal.Process(sleeping.pid, os.getpid(), "sleep 30")
            # On a busy machine it has no command line for a moment.
            time.sleep(0.2)
            assert ours in list(removal.processes())
            assert ours in list(removal._processes_by_ps())
            sleeping.kill()
            time.sleep(0.1)
            # It has ended, and nobody has asked about it yet.
            assert sleeping.pid not in [one.pid for one in removal.processes()]
            assert sleeping.pid not in [one.pid for one in removal._processes_by_ps()]

    def test_that_resist_are_killed(self, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(removal, "_GRACE", 0.2)
        script = "import signal, time; signal.signal(signal.SIGQUIT, signal.SIG_IGN);"
        script += "print('ready', flush=True); time.sleep(30)"
        command = [sys.executable, "-c", script, "-D", str(temporary / "x" / "data")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            removal.remove(temporary / "x")
            assert process.wait(5) == -signal.SIGKILL
