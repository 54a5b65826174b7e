"""A revision's statements and locks over time: bars, in percent of the revision's time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.gate.evidence.report import LOCK_MODES

if TYPE_CHECKING:
    from conformance.gate.evidence.report import Lock, RevisionReport, Statement

#: The weakest lock that is drawn; statements that only read take weaker ones.
_WEAKEST = LOCK_MODES.index("ROW EXCLUSIVE")
#: A bar is at least so wide that it can be seen.
_LEAST = 0.6


@dataclass(frozen=True)
class Bar:
    """A stretch of time.

    Attributes:
        left: where it begins, in percent.
        width: in percent.
        seconds: how long it takes.
    """

    left: float
    width: float
    seconds: float


@dataclass(frozen=True)
class LockBar:
    """A lock from the statement that takes it to the end of the transaction.

    Attributes:
        blocks: `reads and writes`, `writes`, or empty; locks on new relations block nobody.
    """

    lock: Lock
    bar: Bar
    blocks: str


@dataclass(frozen=True)
class Row:
    """A statement.

    Attributes:
        bar: while it runs.
        idle: while its transaction waits for the next statement; None if it does not.
        locks: the locks that it takes, the strongest first.
    """

    statement: Statement
    bar: Bar
    idle: Bar | None
    locks: tuple[LockBar, ...]


@dataclass(frozen=True)
class Track:
    """All of a revision's own statements, and the seconds from the first to the last one's end."""

    rows: tuple[Row, ...]
    seconds: float


def track(revision: RevisionReport) -> Track:
    """The revision's own statements and their locks, drawn in the time of all its statements."""
    starts: list[float] = []
    now = 0.0
    for statement in revision.statements:
        starts.append(now)
        now += statement.seconds + statement.idle_seconds
    own = [
        (start, statement)
        for start, statement in zip(starts, revision.statements, strict=True)
        if not statement.by_alembic
    ]
    if not own:
        return Track((), 0)
    first = own[0][0]
    end = max(start + max(s.seconds, s.held_seconds or 0) for start, s in own)
    scale = _Scale(first, max(end - first, 1e-9))
    return Track(tuple(_row(start, statement, scale) for start, statement in own), scale.seconds)


@dataclass(frozen=True)
class _Scale:
    start: float
    seconds: float

    def bar(self, start: float, seconds: float) -> Bar:
        width = max(min(100 * seconds / self.seconds, 100), _LEAST)
        left = max(min(100 * (start - self.start) / self.seconds, 100 - width), 0)
        return Bar(round(left, 3), round(width, 3), seconds)


def _row(start: float, statement: Statement, scale: _Scale) -> Row:
    waits = statement.idle_seconds
    idle = scale.bar(start + statement.seconds, waits) if waits else None
    held = statement.held_seconds or statement.seconds
    locks = sorted(
        (lock for lock in statement.locks if LOCK_MODES.index(lock.mode) >= _WEAKEST),
        key=lambda lock: (not lock.existed, -LOCK_MODES.index(lock.mode), lock.relation),
    )
    bars = (LockBar(lock, scale.bar(start, held), lock.blocks * lock.existed) for lock in locks)
    return Row(statement, scale.bar(start, statement.seconds), idle, tuple(bars))
