"""Ctrl-C that is heeded wherever it finds a run."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def heeded(report: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Let Ctrl-C end the block, at the latest when it next says what it is doing.

    Python drops an exception that is raised in a finalizer or in a callback of its garbage
    collector, and Hypothesis has such a callback: the run would go on as if nobody had asked.

    Args:
        report: what the block is to say things to; it is given the same, which asks first.

    Raises:
        KeyboardInterrupt: somebody asked.
    """
    asked = threading.Event()

    def ask(*_: object) -> None:
        asked.set()
        raise KeyboardInterrupt

    def hear(sentence: str) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        report(sentence)

    # Only the main thread hears signals; and whoever lets us ignore Ctrl-C has a reason.
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield report
        return
    signal.signal(signal.SIGINT, ask)
    try:
        yield hear
        if asked.is_set():
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
