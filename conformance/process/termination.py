"""Turn termination signals into an exception; needs nothing but the standard library."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: Seconds after which a dropped signal is sent again.
_AGAIN = 0.05
#: The signals of this platform that terminate a process silently.
TERMINATION = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def raise_on_termination() -> None:
    """Turn the signals that terminate a process into an exception, as Python does for SIGINT.

    Handlers that were set by others are not changed. The exception is KeyboardInterrupt, for which
    pytest ends the whole run and tears down all fixtures. If Python drops the exception, the signal
    is sent again.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in TERMINATION:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, raise_interrupt)
    _resend_dropped_signals()


def _resend_dropped_signals() -> None:
    if not isinstance(sys.unraisablehook, Resender):
        sys.unraisablehook = Resender(sys.unraisablehook)


def raise_interrupt(number: int, _frame: FrameType | None = None) -> None:
    """Handle the signal: raise KeyboardInterrupt, which names it."""
    # pytest may have set its own hook meanwhile.
    _resend_dropped_signals()
    interrupt = KeyboardInterrupt(f"ended by {signal.Signals(number).name}")
    vars(interrupt)["number"] = number
    raise interrupt


class Resender:
    """Sends a signal again if Python dropped its exception.

    Python drops exceptions in a finalizer, in a callback of the garbage collector, such as
    Hypothesis', or of a weak reference, such as SQLAlchemy's for each discarded engine.
    """

    #: Whether the signal is still unhandled.
    due = False

    def __init__(self, before: Callable[[Any], object]) -> None:
        self._before = before

    def __call__(self, dropped: Any) -> None:
        """Take what Python hands to `sys.unraisablehook`."""
        if isinstance(dropped.exc_value, KeyboardInterrupt):
            number = vars(dropped.exc_value).get("number", signal.SIGINT)
            Resender.due = True
            # Not from here, where exceptions are dropped as well. And not with `threading`, whose
            # locks the main thread may hold at this moment.
            _thread.start_new_thread(_send_again, (number,))
        else:
            self._before(dropped)


def _send_again(number: int) -> None:
    time.sleep(_AGAIN)
    if Resender.due:
        Resender.due = False
        os.kill(os.getpid(), number)
