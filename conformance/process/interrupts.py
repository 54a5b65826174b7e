"""Let Ctrl-C and termination signals end a run at any point."""

from __future__ import annotations

import os
import signal
import socket
import threading
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_ACTIVE
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class
from sqlalchemy import Pool, event

from conformance.process.termination import (
    TERMINATION,
    Resender,
    raise_interrupt,
    raise_on_termination,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from conformance.process.progress import Progress

    class HasFileno(Protocol):
        """A connection whose socket is known."""

        def fileno(self) -> int:
            """The socket."""


#: Seconds that Python has to handle a signal before the blocking statements are ended. Python
#: handles a signal at once, except while psycopg2 waits for a server.
PATIENCE = 1.0
#: Seconds after which statements of connections that are older than a signal end all the same.
PATIENCE_AFTER_INTERRUPT = 5.0


@contextmanager
def interruptible(progress: Progress) -> Iterator[Progress]:
    """Let Ctrl-C, SIGTERM or SIGHUP end the block at any point.

    Without this, a signal may have no effect for two reasons: Python drops exceptions in some
    places, and no handler runs while psycopg2 waits for a server, for example during a migration.

    Args:
        progress: the progress callback. The block gets one that first checks for a signal.

    Raises:
        KeyboardInterrupt: a signal was received.
    """
    # Only the main thread receives signals.
    if threading.current_thread() is not threading.main_thread():
        yield progress
        return
    request = _Request()

    def interruptible_progress(step: str) -> None:
        request.raise_if_made()
        progress(step)

    with request.received(), _Watch(request):
        try:
            yield interruptible_progress
            request.raise_if_made()
        # The error of an ended statement is a lost connection, whose cause is the signal.
        except BaseException as error:
            if request.number is None:
                raise
            Resender.due = False
            raise KeyboardInterrupt from error


class _Request:
    """A request to end the run.

    Attributes:
        number: the signal, once Python has handled it.
        handled: set whenever Python has handled a signal; the waiting thread clears it.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.handled = threading.Event()

    def raise_if_made(self) -> None:
        if self.number is not None:
            raise_interrupt(self.number)

    @contextmanager
    def received(self) -> Iterator[None]:
        """Handle the signals that others neither handle nor ignore."""

        def ask(number: int, frame: FrameType | None) -> None:
            self.number = number
            self.handled.set()
            raise_interrupt(number, frame)

        raise_on_termination()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, *TERMINATION)}
        ours = (signal.default_int_handler, signal.SIG_DFL, raise_interrupt)
        replaced = [number for number, handler in before.items() if handler in ours]
        for number in replaced:
            signal.signal(number, ask)
        try:
            yield
        finally:
            for number in replaced:
                signal.signal(number, before[number])
            # Termination signals still raise, so that the process cleans up at its end.
            raise_on_termination()


class _Watch:
    """A thread that ends the statements that keep Python from handling a signal.

    A handler runs only when the main thread runs Python code again, but a signal writes a byte to
    the wakeup file descriptor immediately.
    """

    def __init__(self, request: _Request) -> None:
        self._request = request
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._before_signal: list[Connection] | None = None
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
        # Other drivers let Python handle signals while they wait.
        if isinstance(connection, Connection):
            self._connections.add(connection)

    def _wait(self) -> None:
        while self._is_signalled():
            if self._before_signal is None:
                self._before_signal = list(self._connections)
                self._received.settimeout(PATIENCE_AFTER_INTERRUPT)
            if not self._request.handled.wait(PATIENCE):
                self._end_statements(self._connections)
            self._request.handled.clear()

    def _is_signalled(self) -> bool:
        """Wait for a signal; False at the end of the block."""
        while True:
            try:
                return bool(self._received.recv(1))
            except TimeoutError:
                # Somebody's code has swallowed the exception, and the block goes on. Connections
                # that are newer than the signal may clean up.
                self._end_statements(self._before_signal or ())

    def _end_statements(self, connections: Iterable[Connection]) -> None:
        """Close the sockets of connections that wait for an answer.

        Statements are not cancelled: a cancellation needs a server that answers, and psycopg2
        blocks all threads meanwhile. A statement that continues on the server ends with its
        database, which belongs to this run.
        """
        for connection in list(connections):
            with suppress(psycopg2.Error):
                if connection.info.transaction_status == TRANSACTION_STATUS_ACTIVE:
                    shut_down(connection)


def shut_down(connection: HasFileno) -> None:
    """End the connection from another thread than the one that waits for an answer on it."""
    with (
        # Each driver has an error of its own for a connection that is closed meanwhile.
        suppress(Exception),
        socket.socket(fileno=os.dup(connection.fileno())) as ours,
    ):
        ours.shutdown(socket.SHUT_RDWR)
