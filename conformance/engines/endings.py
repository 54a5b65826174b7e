"""Cleaning up however the process ends, short of `kill -9`."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


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
    _raise_on_termination()
    return lambda: atexit.unregister(stop_in_owner)


def _raise_on_termination() -> None:
    """Turn the signals that end a process silently into an exception, as SIGINT is one.

    Handlers that somebody else has set are left alone. KeyboardInterrupt is the one exception
    that pytest lets end the whole run, with all fixtures torn down.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"ended by {signal.Signals(number).name}")
