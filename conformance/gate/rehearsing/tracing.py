"""Trace a migration statement by statement through SQLAlchemy's events, for any env.py."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

from conformance.gate.evidence.report import DECOMPRESSION_LIMIT, Notice, Statement
from conformance.gate.rehearsing.driver import (
    commits_alone,
    has_failed,
    is_idle,
    watch_cursors,
)
from conformance.gate.rehearsing.relations import Moment, RelationIndex, observe, rewritten
from conformance.project.listening import driver_connection, notices_of, unrecorded_cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from sqlalchemy import Connection

    from conformance.gate.evidence.report import Lock

#: Characters that are kept of a statement; a bulk insert may send megabytes.
_KEPT_SQL = 10_000


class Interrupted(BaseException):
    """Ends the migration as if its process had been killed; the migration must not catch it."""


def _notice(text: str) -> Notice:
    """Parse the first line of `WARNING:  there is already a transaction in progress`."""
    severity, _, message = text.strip().partition(":")
    return Notice(severity, message.strip().split("\n")[0])


@contextmanager
def listening(handlers: dict[str, Callable[..., None]]) -> Iterator[None]:
    """Register handlers for the events of every engine of this process."""
    added: list[tuple[str, Callable[..., None]]] = []
    try:
        for name, handler in handlers.items():
            event.listen(Engine, name, handler)
            added.append((name, handler))
        yield
    finally:
        for name, handler in added:
            event.remove(Engine, name, handler)


class CallingFile:
    """Finds which of some files the current call comes from."""

    def __init__(self, *paths: Path) -> None:
        self._paths = {os.path.realpath(path): path for path in paths}
        self._known: dict[str, Path | None] = {}

    def __call__(self) -> Path | None:
        """The innermost of the files on the call stack; None if none is on it."""
        return self.with_line()[0]

    def with_line(self) -> tuple[Path | None, int | None]:
        """That file, and the line of it that is being executed."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the way to a caller's file
        while frame is not None:
            if path := self._file(frame.f_code.co_filename):
                return path, frame.f_lineno
            frame = frame.f_back
        return None, None

    def _file(self, name: str) -> Path | None:
        if name not in self._known:
            self._known[name] = self._paths.get(os.path.realpath(name))
        return self._known[name]


@dataclass
class _Running:
    """The statement that is being executed, and the moment before it."""

    started: float
    transaction: int | None
    source: Path | None
    line: int | None
    lock_timeout: str | None
    before: Moment


class Tracer:
    """Records the statements of one revision, or of several in one upgrade.

    Args:
        connection: the connection that the migration is given.
        paths: the revisions' files.
    """

    def __init__(self, connection: Connection, *paths: Path) -> None:
        self.statements: list[Statement] = []
        #: The file that sent each statement; None for Alembic and env.py.
        self.sources: list[Path | None] = []
        #: The last statement while it has not succeeded; None once it has.
        self.failed: str | None = None
        self._calling_file = CallingFile(*paths)
        self._transaction = 1
        self._open: list[tuple[int, float]] = []
        self._overhead = 0.0
        self._returned = 0.0
        self._running: _Running | None = None
        self._watch(connection)
        raw = driver_connection(connection)
        self._last = replace(_observe(raw), locks=frozenset())
        # SQLAlchemy does not know about this transaction, so that it would not end it.
        raw.rollback()
        self._index = RelationIndex(self._last)

    @property
    def last_source(self) -> Path | None:
        """The file that sent the failed statement, else the last statement."""
        if self.failed is not None and self._running is not None:
            return self._running.source
        return self.sources[-1] if self.sources else None

    @property
    def handlers(self) -> dict[str, Callable[..., None]]:
        """The event handlers, for `listening`."""
        return {
            "engine_connect": self._watch,
            "before_cursor_execute": self._before,
            "after_cursor_execute": self._after,
            "commit": self._ended,
            "rollback": self._ended,
        }

    def _watch(self, connection: Connection) -> None:
        watch_cursors(
            connection,
            lambda cursor, sql: self._before(connection, cursor, sql),
            lambda cursor, sql: self._after(connection, cursor, sql),
        )

    def _now(self) -> float:
        """A clock that stops while the tracer itself reads."""
        return time.perf_counter() - self._overhead

    def _before(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        began = time.perf_counter()
        raw = driver_connection(connection)
        self.failed = statement
        notices_of(raw).take()
        if is_idle(raw):
            # The revision may have committed by the driver's own method.
            self._ended(connection)
        lock_timeout = None
        # An idle connection would begin a transaction. A failed transaction answers no query until
        # it is rolled back, which a revision may do with a savepoint.
        alone = commits_alone(raw)
        if alone or not (is_idle(raw) or has_failed(raw)):
            lock_timeout = _setting(raw, "lock_timeout")
        self._running = _Running(
            0.0,
            None if alone else self._transaction,
            *self._calling_file.with_line(),
            lock_timeout,
            self._last,
        )
        self._overhead += time.perf_counter() - began
        self._running.started = self._now()
        if self._running.transaction is not None:
            self._idle_until(self._running.started)

    def _after(self, connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        ended = self._now()
        began = time.perf_counter()
        running, self._running, self.failed = self._running, None, None
        if running is not None:
            sent, raw = self._text(cursor, statement), driver_connection(connection)
            # The revision itself sent a COMMIT or ROLLBACK.
            over = running.transaction is not None and is_idle(raw)
            traced = self._traced(running, raw, sent)
            self.statements.append(replace(traced, seconds=ended - running.started))
            self.sources.append(running.source)
            self._returned = ended
            # A return to a savepoint releases the locks that were acquired since.
            if {oid for oid, _ in running.before.locks} - {oid for oid, _ in self._last.locks}:
                locked = {item.relation for item in traced.entries}
                self._release(ended, lambda lock: lock.relation not in locked)
            if traced.locks and running.transaction is not None:
                self._open.append((len(self.statements) - 1, running.started))
            if over:
                self._ended(connection)
        self._overhead += time.perf_counter() - began

    def _text(self, cursor: Any, statement: str) -> str:
        """The statement as it was sent."""
        return _sent(cursor, statement)

    def _traced(self, running: _Running, raw: Any, statement: str) -> Statement:
        notices = notices_of(raw).take()
        lock_timeout = running.lock_timeout
        if not has_failed(raw):
            self._last = _observe(raw)
            lock_timeout = lock_timeout or _setting(raw, "lock_timeout")
        elif lock_timeout is None and self.statements:
            lock_timeout = self.statements[-1].lock_timeout
        self._index.add(self._last)
        partly_compressed = self._index.partly_compressed(running.before, self._last)
        return Statement(
            len(self.statements) + 1,
            statement,
            seconds=0.0,
            transaction=running.transaction,
            by_alembic=running.source is None,
            lock_timeout=lock_timeout or "0",
            locks=self._index.locks(running.before, self._last),
            rewrites=self._index.affected(rewritten(running.before, self._last)),
            rows=self._index.rows(running.before, self._last),
            notices=tuple(_notice(text) for text in notices),
            partly_compressed=partly_compressed,
            entries=() if running.transaction is None else self._index.entries(self._last),
            decompression_limit=_decompression_limit(raw) if partly_compressed else None,
            line=running.line,
        )

    def _ended(self, _conn: Connection) -> None:
        """Record the end of the transaction, which releases its locks."""
        now = self._now()
        self._idle_until(now)
        self._release(now, lambda _: True)
        self._last = replace(self._last, locks=frozenset())
        if self.statements and self.statements[-1].transaction == self._transaction:
            self._transaction += 1

    def _release(self, now: float, is_released: Callable[[Lock], bool]) -> None:
        """Record how long the statements held their locks, if all of these are released."""
        for index, started in (*self._open,):
            if all(map(is_released, self.statements[index].locks)):
                self.statements[index] = replace(self.statements[index], held_seconds=now - started)
                self._open.remove((index, started))

    def _idle_until(self, now: float) -> None:
        """Record that the transaction was idle since its last statement."""
        if self.statements and self.statements[-1].transaction == self._transaction:
            idle = replace(self.statements[-1], idle_seconds=now - self._returned)
            self.statements[-1] = idle


class Interrupter:
    """Stops a migration before one of its statements.

    Args:
        connection: the connection that the migration is given.
        number: the number of the statement, from 1, as `Tracer` counts.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        self._remaining = number
        self._watch(connection)

    @property
    def fired(self) -> bool:
        """Whether the migration reached that statement."""
        return self._remaining <= 0

    @property
    def handlers(self) -> dict[str, Callable[..., None]]:
        """The event handlers, for `listening`."""
        return {"engine_connect": self._watch, "before_cursor_execute": self._before}

    def _watch(self, connection: Connection) -> None:
        watch_cursors(connection, self._before)

    def _before(self, *_: Any) -> None:
        self._remaining -= 1
        # A killed process sends no further statements, not even those in a `finally`.
        if self.fired:
            raise Interrupted


def _sent(cursor: Any, statement: str) -> str:
    """The statement with its parameters filled in, if the driver provides that."""
    query = getattr(cursor, "query", None)
    sql = query.decode("utf-8", "replace") if isinstance(query, bytes) else statement
    return sql.strip()[:_KEPT_SQL]


def _observe(raw: Any) -> Moment:
    with unrecorded_cursor(raw) as cursor:
        return observe(cursor)


def _setting(raw: Any, name: str) -> str:
    with unrecorded_cursor(raw) as cursor:
        cursor.execute(f"SELECT pg_catalog.current_setting('{name}')")
        return str(cursor.fetchone()[0])


def _decompression_limit(raw: Any) -> int:
    return int(_setting(raw, DECOMPRESSION_LIMIT))
