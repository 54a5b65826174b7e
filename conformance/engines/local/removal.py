"""The end of a cluster: its processes, then its folder. Also by a process of its own.

    python -IS removal.py FOLDER PARENT

waits until PARENT is gone, however that came about, and removes the cluster in FOLDER. It is
started with every cluster. Nothing but the standard library is imported: it starts in no time and
takes next to no memory.
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

#: In the folder of a cluster: who made it, as `identity.this_process` says.
OWNER = "owner"
#: In the folder of a cluster: PostgreSQL's data directory.
DATA = "data"

_POLL_SECONDS = 0.5
#: How long a server may take to end by itself, in seconds, before it is killed.
_GRACE = 5.0
#: How often the file that names the owner is touched, to show that somebody looks after it.
_SIGN_OF_LIFE = 60.0


class Process(NamedTuple):
    """A process of this machine."""

    pid: int
    parent: int
    command: str


def remove(folder: Path) -> None:
    """End what runs on the data in the folder, and remove the folder. May be called twice."""
    end_servers(folder)
    shutil.rmtree(folder, ignore_errors=True)


def end_servers(folder: Path) -> None:
    """End the server on the data in the folder; there is nothing to save."""
    _signal(servers(folder), signal.SIGQUIT)
    deadline = time.monotonic() + _GRACE
    while remaining := servers(folder):
        if time.monotonic() > deadline:
            kill(remaining[0])
        time.sleep(0.01)


def servers(folder: Path) -> list[int]:
    """The processes that were started on the data in the folder: its server, or initdb.

    They are known by their command line: the folder's name is random, and nobody else's.
    """
    end = f" -D {folder / DATA}"
    found = [process.pid for process in processes() if process.command.endswith(end)]
    return list(filter(_may_be_ended, found))


def kill(server: int) -> None:
    """Kill a server with all its processes at the same moment, and wait until they are gone.

    One that lived on would keep the shared memory, and the next server from starting.
    """
    # A server that stands still starts no process after we have looked.
    _signal([server], signal.SIGSTOP)
    family = [process.pid for process in processes() if server in {process.pid, process.parent}]
    _signal(family, signal.SIGKILL)
    while any(process.pid in family for process in processes()):
        time.sleep(0.005)


def processes() -> Iterator[Process]:
    """The processes that run; not those that have ended and whose parent has not asked yet."""
    if not Path("/proc/self/stat").exists():
        yield from _processes_by_ps()
        return
    for entry in os.listdir("/proc"):  # noqa: PTH208 - called often: paths would take as long again
        if entry.isdecimal():
            with suppress(OSError):
                command = Path("/proc", entry, "cmdline").read_bytes()
                # The command's name, in brackets, may hold spaces and brackets itself.
                parent = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1]
                # A process that has ended has no command line, nor has one of the kernel.
                if words := command.rstrip(b"\0").replace(b"\0", b" "):
                    yield Process(int(entry), int(parent), os.fsdecode(words))


def _processes_by_ps() -> Iterator[Process]:
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="]
    answer = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - fixed words
    for line in os.fsdecode(answer.stdout).splitlines():
        pid, parent, state, arguments = line.split(maxsplit=3)
        if not state.startswith("Z"):
            yield Process(int(pid), int(parent), arguments.rstrip())


def _may_be_ended(pid: int) -> bool:
    """Whether it is no other user's, who may call a program as he likes."""
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
    """Wait for the parent's end: standard input closes, or we are another's child.

    A fork of the parent may hold the other end of standard input open.
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
