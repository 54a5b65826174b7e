"""Run a command, and end it when the process that started it is gone.

    python -I .ci/guard.py PARENT COMMAND [ARGUMENT...]

PARENT is the id of the starting process. The caller gives the id, because the process may be gone
before Python can ask for it.

A `make` that is killed cannot stop its children. This script needs Python alone, so that it can
guard the installation too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

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
    # A group of its own, so that its children can be ended with it.
    child = subprocess.Popen(command, process_group=0)  # noqa: S603 - the caller's own command
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: _send(child, received))
    while True:
        try:
            code = child.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                _end(child)
                return 1
        else:
            return code if code >= 0 else 128 - code


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def _end(child: subprocess.Popen[bytes]) -> None:
    """Send SIGINT, as Ctrl-C does, and SIGKILL after a grace period."""
    _send(child, signal.SIGINT)
    deadline = time.monotonic() + _GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    _send(child, signal.SIGKILL)


def _send(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), sys.argv[2:]))
