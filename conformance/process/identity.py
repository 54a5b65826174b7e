"""Identify a process, to find out later whether the process still runs."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

_UNKNOWN = "-"


def this_process() -> str:
    """The identity of this process: `place/pid/start`.

    The place is a boot of a machine and a PID namespace, within which the number identifies a
    process.
    """
    pid = os.getpid()
    return f"{_place()}/{pid}/{_start(pid)}"


def is_of_here(identity: str) -> bool:
    """Whether the identity is from this boot of this machine and this PID namespace."""
    return identity.partition("/")[0] == _place()


def certainly_gone(identity: str) -> bool:
    """Whether the process has certainly ended; if unknown, the process counts as running."""
    _, _, rest = identity.partition("/")
    number, _, start = rest.partition("/")
    if not is_of_here(identity) or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # The process belongs to another user.
    except (OSError, OverflowError):
        return False
    # Another process may have the number by now.
    return _UNKNOWN not in {start, now := _start(int(number))} and start != now


def _place() -> str:
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
        return f"{boot}.{namespace.strip('pid:[]')}"
    return socket.gethostname()


def _start(pid: int) -> str:
    """The start of the process, in ticks since boot (proc(5), field 22 of stat)."""
    with suppress(OSError, IndexError):
        # The command's name, in brackets, may itself contain spaces and brackets.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return _UNKNOWN
