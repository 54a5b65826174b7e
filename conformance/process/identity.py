"""Telling later whether the process that left something behind still lives."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

_UNKNOWN = "-"


def this_process() -> str:
    """Where this process runs, its number and its start: `place/pid/start`.

    The place is a boot of a machine and a namespace of process numbers: only there the number
    means this process.
    """
    pid = os.getpid()
    return f"{_place()}/{pid}/{_start(pid)}"


def is_of_here(identity: str) -> bool:
    """Whether the identity is one of this boot of this machine: only then its process is known."""
    return identity.partition("/")[0] == _place()


def certainly_gone(identity: str) -> bool:
    """Whether the process surely does not live any more; what cannot be known counts as alive."""
    _, _, rest = identity.partition("/")
    number, _, start = rest.partition("/")
    if not is_of_here(identity) or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # It is another user's.
    except (OSError, OverflowError):
        return False
    # The number may have been given to another process in the meantime.
    return _UNKNOWN not in {start, now := _start(int(number))} and start != now


def _place() -> str:
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
        return f"{boot}.{namespace.strip('pid:[]')}"
    return socket.gethostname()


def _start(pid: int) -> str:
    """When the process started, in ticks since boot (proc(5), field 22 of stat)."""
    with suppress(OSError, IndexError):
        # The command's name, in brackets, may hold spaces and brackets itself.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return _UNKNOWN
