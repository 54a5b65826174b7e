"""Remove a cluster: end its processes, then delete its folder. Also the watchdog of a cluster.

    python -IS removal.py FOLDER PARENT

waits until the process PARENT has ended, and removes the cluster in FOLDER. Every cluster starts
one. Only the standard library is imported, so that the process starts fast and needs little memory.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The file in a cluster's folder with the process that created it, `identity.this_process`.
OWNER = "owner"
#: The data directory in a cluster's folder.
DATA = "data"

_POLL_SECONDS = 0.5
#: Seconds that a server gets to end by itself before it is killed.
_GRACE = 5.0
#: Seconds between two touches of the owner file, which show that the watchdog lives.
_SIGN_OF_LIFE = 60.0


class Process(NamedTuple):
    """A process of this machine."""

    pid: int
    parent: int
    command: str


def remove(folder: Path) -> None:
    """End the processes on the data in the folder, and delete the folder. May be called twice."""
    end_servers(folder)
    shutil.rmtree(folder, ignore_errors=True)


def end_servers(folder: Path) -> None:
    """End the server on the data in the folder; its data are not needed any more."""
    _signal(servers(folder), signal.SIGQUIT)
    deadline = time.monotonic() + _GRACE
    while remaining := servers(folder):
        if time.monotonic() > deadline:
            kill(remaining[0])
        time.sleep(0.01)


def servers(folder: Path) -> list[int]:
    """The processes that were started on the data in the folder: the server, or initdb.

    The end of their command line identifies them: the name of the folder is random.
    """
    end = f" -D {folder / DATA}"
    found = [process.pid for process in processes() if process.command.endswith(end)]
    return list(filter(_may_be_ended, found))


def kill(server: int) -> None:
    """Kill a server and all its processes at the same moment, and wait until they have ended.

    A surviving process would keep the shared memory, and the next server could not start.
    """
    # A stopped server cannot start further processes.
    _signal([server], signal.SIGSTOP)
    family = [process.pid for process in processes() if server in {process.pid, process.parent}]
    _signal(family, signal.SIGKILL)
    while any(process.pid in family for process in processes()):
        time.sleep(0.005)


def processes() -> Iterator[Process]:
    """The running processes, without zombies."""
    if not Path("/proc/self/stat").exists():
        yield from _processes_by_ps()
        return
    for entry in os.listdir("/proc"):  # noqa: PTH208 - called often: paths would take as long again
        if entry.isdecimal():
            with suppress(OSError):
                command = Path("/proc", entry, "cmdline").read_bytes()
                # The name of the command, in brackets, may itself contain spaces and brackets.
                stat = Path("/proc", entry, "stat").read_text().rpartition(")")[2]
                state, parent = stat.split()[:2]
                # A dying process has no command line, and keeps its shared memory for a moment.
                if state not in "ZX":
                    words = command.rstrip(b"\0").replace(b"\0", b" ")
                    yield Process(int(entry), int(parent), os.fsdecode(words))


def _processes_by_ps() -> Iterator[Process]:
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="]
    answer = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - fixed words
    for line in os.fsdecode(answer.stdout).splitlines():
        pid, parent, state, arguments = line.split(maxsplit=3)
        if not state.startswith("Z"):
            yield Process(int(pid), int(parent), arguments.rstrip())


def _may_be_ended(pid: int) -> bool:
    """Whether this user may signal the process; another user's may have any command line."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _watch(folder: Path, parent: int) -> None:
    """Wait until the parent has ended: standard input closes, or this process has a new parent.

    A fork of the parent may keep the other end of standard input open.
    """
    touched = 0.0
    while os.getppid() == parent and not select.select([sys.stdin], [], [], _POLL_SECONDS)[0]:
        if time.monotonic() - touched > _SIGN_OF_LIFE:
            touched = time.monotonic()
            with suppress(OSError):
                os.utime(folder / OWNER)


if __name__ == "__main__":
    _watch(Path(sys.argv[1]), int(sys.argv[2]))
    remove(Path(sys.argv[1]))
