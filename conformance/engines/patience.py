"""End a connection whose server does not answer.

A timeout of the server needs a server that can still be reached, and libpq waits for an answer
without end: a proxy that stops forwarding, or a firewall that forgets the connection, would keep an
audit for ever.
"""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from conformance.process.interrupts import shut_down

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class Patience:
    """The time that a server has for each answer.

    Args:
        seconds: more than the server's own timeout of a statement, whose error says more.

    Attributes:
        is_over: whether an answer did not come in time, so that the connection was ended.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_over = False
        #: The connection whose answer is expected, and until when.
        self._expected: tuple[Any, float] | None = None
        self._closed = Event()
        self._watcher = Thread(target=self._watch, daemon=True)

    def watch_login(self, engine: Engine) -> None:
        """Watch SQLAlchemy's own first statements on each connection, until `end`."""
        # Before the listener of the dialect, which sends them.
        event.listen(engine, "connect", lambda raw, _: self.begin(raw), insert=True)

    def watch(self, connection: Connection) -> None:
        """Watch every statement of the connection."""
        event.listen(connection, "before_cursor_execute", self._sent)
        event.listen(connection, "after_cursor_execute", self._answered)
        event.listen(connection.engine, "handle_error", self._failed)

    def begin(self, raw: Any) -> None:
        """Expect an answer.

        Args:
            raw: the connection of psycopg2.
        """
        self._expected = raw, time.monotonic() + self.seconds
        if self._watcher.ident is None:
            self._watcher.start()

    def end(self) -> None:
        """Expect nothing more."""
        self._expected = None

    def roll_back(self, connection: Connection) -> None:
        """Roll back, and expect the answer: SQLAlchemy has no event after it."""
        self.begin(connection.connection.dbapi_connection)
        try:
            connection.rollback()
        finally:
            self.end()

    def close(self) -> None:
        """End the watch."""
        self._closed.set()

    def _watch(self) -> None:
        """Sleep until an answer can be late; a thread for each statement would cost a tenth."""
        pause = self.seconds
        while not self._closed.wait(pause):
            expected = self._expected
            pause = self.seconds if expected is None else expected[1] - time.monotonic()
            if expected is not None and pause <= 0:
                self.is_over = True
                shut_down(expected[0])
                return

    def _sent(self, connection: Connection, *_: object) -> None:
        self.begin(connection.connection.dbapi_connection)

    def _answered(self, *_: object) -> None:
        self.end()

    def _failed(self, _: object) -> None:
        self.end()
