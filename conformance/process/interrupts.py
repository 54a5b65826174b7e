"""Ctrl-C, and the signals that ask a process to end, heeded wherever they find a run."""

from __future__ import annotations

import _thread
import os
import signal
import socket
import sys
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_ACTIVE
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class
from sqlalchemy import Pool, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from conformance.process.progress import Progress

#: How long Python has to act on a signal before the statements that keep it from it are ended, in
#: seconds. It acts at once where it runs at all; while psycopg2 waits for a server it does not.
PATIENCE = 1.0

#: How long after it was dropped a signal is sent again, in seconds.
_AGAIN = 0.05
#: The signals that ask a process to end silently, as far as this platform has them.
_TERMINATION = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def raise_on_termination() -> None:
    """Turn the signals that end a process silently into an exception, as SIGINT is one.

    Handlers that somebody else has set are left alone. KeyboardInterrupt is the one exception
    that pytest lets end the whole run, with all fixtures torn down. Where Python drops it, it
    comes again.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _TERMINATION:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)
    _repeat_dropped()


def _repeat_dropped() -> None:
    if not isinstance(sys.unraisablehook, _Repeating):
        sys.unraisablehook = _Repeating(sys.unraisablehook)


def _raise(number: int, _frame: FrameType | None) -> None:
    # pytest may have set a hook of its own since.
    _repeat_dropped()
    interrupt = KeyboardInterrupt(f"ended by {signal.Signals(number).name}")
    vars(interrupt)["number"] = number
    raise interrupt


class _Repeating:
    """Sends a signal again, a moment later, whose exception Python could only drop.

    It drops what is raised in a finalizer, in a callback of the garbage collector, as Hypothesis
    has one, or of a weak reference, as SQLAlchemy has one for each engine that is gone.
    """

    #: Nobody has heeded it meanwhile.
    due = False

    def __init__(self, before: Callable[[Any], object]) -> None:
        self._before = before

    def __call__(self, dropped: Any) -> None:
        if isinstance(dropped.exc_value, KeyboardInterrupt):
            number = vars(dropped.exc_value).get("number", signal.SIGINT)
            _Repeating.due = True
            # Not from here: what is raised here is dropped as well. And not by `threading`, whose
            # locks the main thread may hold at this very moment.
            _thread.start_new_thread(_send_again, (number,))
        else:
            self._before(dropped)


def _send_again(number: int) -> None:
    time.sleep(_AGAIN)
    if _Repeating.due:
        _Repeating.due = False
        os.kill(os.getpid(), number)


@contextmanager
def heeded(progress: Progress) -> Iterator[Progress]:
    """Let Ctrl-C, SIGTERM or SIGHUP end the block, wherever it is.

    Two things keep Python from it otherwise. It drops exceptions in some places, and the run goes
    on as if nobody had asked. And no handler runs while psycopg2 waits for a server, which may be
    as long as somebody's migration takes.

    Args:
        progress: what the block tells its steps to. The block is given one that asks first.

    Raises:
        KeyboardInterrupt: somebody asked.
    """
    # Only the main thread hears signals.
    if threading.current_thread() is not threading.main_thread():
        yield progress
        return
    request = _Request()

    def asking(step: str) -> None:
        request.raise_if_made()
        progress(step)

    with request.received(), _Watch(request):
        try:
            yield asking
            request.raise_if_made()
        # The statement that was ended says that its connection is lost.
        except BaseException as error:
            if request.number is None:
                raise
            _Repeating.due = False
            raise KeyboardInterrupt from error


class _Request:
    """Somebody's wish that the run end.

    Attributes:
        number: the signal that said it, once Python has heard it.
        heard: set whenever Python has heard one; whoever waits for it clears it.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.heard = threading.Event()

    def raise_if_made(self) -> None:
        if self.number is not None:
            _raise(self.number, None)

    @contextmanager
    def received(self) -> Iterator[None]:
        """Receive the signals that nobody else handles, or ignores."""

        def ask(number: int, frame: FrameType | None) -> None:
            self.number = number
            self.heard.set()
            _raise(number, frame)

        raise_on_termination()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_TERMINATION)}
        ours = (signal.default_int_handler, signal.SIG_DFL, _raise)
        replaced = [number for number, handler in before.items() if handler in ours]
        for number in replaced:
            signal.signal(number, ask)
        try:
            yield
        finally:
            for number in replaced:
                signal.signal(number, before[number])
            # What could not be stopped within is stopped when the process ends.
            raise_on_termination()


class _Watch:
    """A thread that ends the statements which keep Python from hearing a signal.

    Python's handlers wait until the main thread runs Python again; the byte that a signal writes
    to the wakeup file descriptor does not.
    """

    def __init__(self, request: _Request) -> None:
        self._request = request
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._received, self._sent = socket.socketpair()
        self._thread = threading.Thread(target=self._wait, daemon=True)

    def __enter__(self) -> None:
        self._sent.setblocking(False)
        self._before = signal.set_wakeup_fd(self._sent.fileno(), warn_on_full_buffer=False)
        event.listen(Pool, "connect", self._opened)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._before)
        event.remove(Pool, "connect", self._opened)
        self._sent.close()
        self._thread.join()
        self._received.close()

    def _opened(self, connection: object, _: object) -> None:
        # While other drivers wait, Python hears signals.
        if isinstance(connection, Connection):
            self._connections.add(connection)

    def _wait(self) -> None:
        while self._received.recv(1):
            if not self._request.heard.wait(PATIENCE):
                self._end_statements()
            self._request.heard.clear()

    def _end_statements(self) -> None:
        """Cut the connections that wait for an answer.

        They are not cancelled: that needs a server that listens, and psycopg2 holds all threads
        while it asks. What a server still does there ends with the database, which is ours.
        """
        for connection in list(self._connections):
            with suppress(psycopg2.Error, OSError):
                if connection.info.transaction_status == TRANSACTION_STATUS_ACTIVE:
                    with socket.socket(fileno=os.dup(connection.fileno())) as ours:
                        ours.shutdown(socket.SHUT_RDWR)
