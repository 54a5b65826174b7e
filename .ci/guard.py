"""Run a command, and end it when the process that started it is gone.

    python -I -S .ci/guard.py PARENT COMMAND [ARGUMENT...]

PARENT is the id of the starting process. The caller gives the id, because the process may be gone
before Python can ask for it.

A `make` that is killed cannot stop its children. Who kills its whole process group, as a CI runner
does, kills this script too: a second process, outside of the group, then ends the command. This
script needs Python alone, so that it can guard the installation too. -S leaves `site` out: its .pth
files may run code that swallows a Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_SECONDS = 0.5
#: How long the command may take to clean up before it is killed.
_GRACE_SECONDS = 6.0


def run(parent: int, command: list[str]) -> int:
    """Run the command; return its exit code, or 128 + the signal that ended it."""
    if os.getppid() != parent:
        if not _lives(parent):
            return 1
        # PYTHON may name a program that starts Python as its child and ends with this child.
        parent = os.getppid()
    # A signal that comes while the command is being started must not end this script alone.
    early: list[int] = []
    _handle(early.append)
    watcher = _watcher()
    # A group of its own, so that its children can be ended with it.
    child = subprocess.Popen(command, process_group=0)  # noqa: S603 - the caller's own command
    os.write(watcher, b"%d\n" % child.pid)
    _handle(lambda number: _send(child.pid, number))
    for number in early:
        _send(child.pid, number)
    try:
        return _wait(child, parent)
    finally:
        os.write(watcher, b"over\n")


def _handle(action: Callable[[int], object]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: action(received))


def _wait(child: subprocess.Popen[bytes], parent: int) -> int:
    while True:
        try:
            code = child.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                _end(child.pid, lambda: child.poll() is None)
                return 1
        else:
            return code if code >= 0 else 128 - code


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def _watcher() -> int:
    """Start a process that ends the command if this process is killed.

    Returns:
        The pipe to the process, which reads the command's group, and a line when it is over.
    """
    read, write = os.pipe()
    if os.fork():
        os.close(read)
        return write
    os.setsid()
    os.close(write)
    with os.fdopen(read) as told:
        group, over = told.readline(), told.readline()
    if group and not over:
        _end(int(group), lambda: _send(int(group), 0))
    os._exit(0)


def _end(group: int, goes_on: Callable[[], bool]) -> None:
    """Send SIGINT, as Ctrl-C does, and SIGKILL after a grace period."""
    _send(group, signal.SIGINT)
    deadline = time.monotonic() + _GRACE_SECONDS
    while goes_on() and time.monotonic() < deadline:
        time.sleep(0.1)
    _send(group, signal.SIGKILL)


def _send(group: int, number: int) -> bool:
    """Send the signal, if any of the group is left; whether there is."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), sys.argv[2:]))
