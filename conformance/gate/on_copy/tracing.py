"""Trace a migration on a copy: what it locks, writes and takes, without the copy's data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.gate.evidence.report import Notice
from conformance.gate.on_copy.measuring import read
from conformance.gate.rehearsing.driver import has_failed
from conformance.gate.rehearsing.tracing import Tracer
from conformance.project.listening import driver_connection, unrecorded_cursor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from conformance.gate.evidence.report import Statement
    from conformance.gate.on_copy.measuring import Peak
    from conformance.gate.on_copy.redaction import Redaction

#: Functions and triggers may write rows into the server's messages.
_UNSHOWN = "its words are not shown, since they may contain rows of the copy"


class CopyTracer(Tracer):
    """Records the statements of an upgrade on a copy.

    Args:
        redaction: hides the copy's data.
        peak: the size of the database while a statement runs.
        before: called with each statement before it is sent; may raise.
        held: whether commits are held back.
    """

    def __init__(
        self,
        connection: Connection,
        *paths: Path,
        redaction: Redaction,
        peak: Peak,
        before: Callable[[str], None],
        held: bool,
    ) -> None:
        self._held = held
        self._redaction = redaction
        self._peak = peak
        self._check = before
        super().__init__(connection, *paths)
        raw = driver_connection(connection)
        with unrecorded_cursor(raw) as cursor:
            self._reading = read(cursor)
        raw.rollback()

    def _before(self, connection: Connection, cursor: Any, statement: str, *more: Any) -> None:
        self._check(statement)
        self._peak.take()
        super()._before(connection, cursor, statement, *more)

    def _text(self, _cursor: Any, statement: str) -> str:
        """The statement without its parameters, which may be rows of the copy."""
        return self._redaction.statement(statement.strip())

    def _traced(self, running: Any, raw: Any, statement: str) -> Statement:
        # Before the locks are read, which takes a while where there are many chunks.
        measured: dict[str, Any] = {} if has_failed(raw) else self._measured(raw)
        traced = super()._traced(running, raw, statement)
        notices = tuple(Notice(item.severity, _UNSHOWN) for item in traced.notices)
        return replace(traced, notices=notices, **measured)

    def _measured(self, raw: Any) -> dict[str, Any]:
        before = self._reading
        with unrecorded_cursor(raw) as cursor:
            self._reading = read(cursor)
        self._peak.see(self._reading.size)
        return {
            "wal_bytes": self._reading.wal - before.wal,
            "grown_bytes": self._reading.size - before.size,
            "peak_bytes": max(self._peak.take() - before.size, 0),
        }

    @property
    def handlers(self) -> dict[str, Callable[..., None]]:
        """The event handlers, for `listening`."""
        return {**super().handlers, "commit": self._committed}

    def _committed(self, connection: Connection) -> None:
        locks = self._last.locks
        self._ended(connection)
        if self._held:
            # The transaction goes on, and keeps its locks.
            self._last = replace(self._last, locks=locks)
