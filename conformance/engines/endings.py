"""Cleaning up however the process ends, short of `kill -9`."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING

from conformance.process.interrupts import raise_on_termination

if TYPE_CHECKING:
    from collections.abc import Callable


def call_at_end(stop: Callable[[], None]) -> Callable[[], None]:
    """Have `stop` called when the process ends by itself, by SIGTERM or by SIGHUP.

    A process forked from this one does not call it: what is cleaned up belongs to the parent.

    Returns:
        What takes the arrangement back, once `stop` has been called.
    """
    owner = os.getpid()

    def stop_in_owner() -> None:
        if os.getpid() == owner:
            stop()

    atexit.register(stop_in_owner)
    raise_on_termination()
    return lambda: atexit.unregister(stop_in_owner)
