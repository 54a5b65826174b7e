"""Clean up when the process ends, except by `kill -9`."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING

from conformance.process.termination import raise_on_termination

if TYPE_CHECKING:
    from collections.abc import Callable


def call_at_end(stop: Callable[[], None]) -> Callable[[], None]:
    """Call `stop` when the process exits, also by SIGTERM or SIGHUP.

    A fork of this process does not call it: the resources belong to the parent.

    Returns:
        A function that cancels the call.
    """
    owner = os.getpid()

    def stop_in_owner() -> None:
        if os.getpid() == owner:
            stop()

    atexit.register(stop_in_owner)
    raise_on_termination()
    return lambda: atexit.unregister(stop_in_owner)
