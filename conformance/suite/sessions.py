"""Run several sessions on one database: step by step in a given order, or all at once."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import DBAPIError

from conformance.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import URL, Connection

#: Seconds to wait for sessions that wait for each other.
PATIENCE = 120
_POLL_INTERVAL = 0.002

_STUCK = f"sessions have been waiting for {PATIENCE} s"

_CANCEL = text("SELECT pg_catalog.pg_cancel_backend(:pid)")
_BLOCKED = text(
    "SELECT pid FROM unnest(CAST(:pids AS integer[])) AS pid"
    " WHERE cardinality(pg_catalog.pg_blocking_pids(pid)) > 0"
)


@dataclass(frozen=True)
class Step:
    """An operation of a session, which may wait for another session."""

    words: str
    run: Callable[[Connection], Any]


Script = list[Step]


class StepFailed(AssertionError):
    """A step raised an error, which the user of the session would see."""

    def __init__(self, session: int, step: Step, error: BaseException) -> None:
        reason = one_line(error)
        super().__init__(f"session {session}, {step.words}: {type(error).__name__}: {reason}")


class _Session:
    """A connection with a thread of its own, which can wait while other sessions continue."""

    def __init__(self, number: int, connection: Connection, thread: ThreadPoolExecutor) -> None:
        self.connection = connection
        self.pid: int = connection.scalar(text("SELECT pg_catalog.pg_backend_pid()"))
        self._number = number
        self._thread = thread
        self.rest()

    @property
    def is_busy(self) -> bool:
        return not self.outcome.done()

    def rest(self) -> None:
        """Reset the session: roll back, and forget the outcome."""
        self.connection.rollback()
        self.outcome: Future[Any] = Future()
        self.outcome.set_result(None)

    def start(self, steps: Iterable[Step], barrier: Barrier | None = None) -> None:
        self.outcome = self._thread.submit(self._run, steps, barrier)

    def _run(self, steps: Iterable[Step], barrier: Barrier | None) -> Any:
        result = None
        if barrier is not None:
            barrier.wait(PATIENCE)
        for step in steps:
            try:
                result = step.run(self.connection)
            except Exception as error:
                raise StepFailed(self._number, step, error) from error
        return result


class Sessions:
    """Sessions on a database, opened once for many runs, and closed at the end.

    Args:
        url: the database.
        number: how many sessions, not counting the one of `read_unless_blocked`.
    """

    def __init__(self, url: URL, number: int) -> None:
        engine = create_engine(url, poolclass=pool.NullPool)
        with ExitStack() as stack:
            autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
            self._monitor = stack.enter_context(autocommit.connect())
            self._sessions = [
                _Session(
                    place,
                    stack.enter_context(engine.connect()),
                    stack.enter_context(ThreadPoolExecutor(1)),
                )
                for place in range(number + 1)
            ]
            self._resources = stack.pop_all()
        self._reader = self._sessions.pop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(DBAPIError):
            self._cancel_and_roll_back(self._sessions)
        self._resources.close()

    def take_turns(
        self,
        scripts: Sequence[Script],
        order: Iterable[int],
        observe: Callable[[], None] = lambda: None,
    ) -> None:
        """Run the scripts, one for each session, one step after the other.

        A turn ends when the step has ended, or waits for a lock of another session. A session that
        still waits at its next turn takes the turn later, as soon as it can.

        Args:
            scripts: the steps of each session.
            order: the positions in `scripts` of the sessions that take turns; each session appears
                once for each of its steps.
            observe: called after every turn.

        Raises:
            StepFailed: a step raised an error.
            TimeoutError: the sessions wait for each other.
        """
        turns, left = list(order), [deque(script) for script in scripts]
        try:
            while turns:
                turn = self._next(turns)
                self._sessions[turn].start([left[turn].popleft()])
                self._settle(self._sessions)
                observe()
            _finish(self._sessions)
        finally:
            self._cancel_and_roll_back(self._sessions)

    def run_at_once(self, scripts: Sequence[Script], meanwhile: Sequence[Step] = ()) -> None:
        """Start all scripts at the same moment, one for each session, and wait until they end.

        Args:
            scripts: the steps of each session.
            meanwhile: steps of further sessions, which repeat them until all scripts have ended.

        Raises:
            StepFailed: a step raised an error.
            TimeoutError: the sessions do not end.
        """
        over, barrier = Event(), Barrier(len(scripts) + len(meanwhile))
        busy = self._sessions[: len(scripts)]
        others = self._sessions[len(scripts) : len(scripts) + len(meanwhile)]
        try:
            for session, script in zip(busy, scripts, strict=True):
                session.start(script, barrier)
            for session, step in zip(others, meanwhile, strict=True):
                session.start(_until(over, step), barrier)
            _finish(busy)
            over.set()
            _finish(others)
        finally:
            over.set()
            self._cancel_and_roll_back(self._sessions)

    def read_unless_blocked(self, read: Callable[[Connection], Any]) -> Any:
        """The result of `read` in another session; None if it would wait for a lock."""
        self._reader.start([Step("read", read)])
        try:
            return self._reader.outcome.result() if self._settle([self._reader]) else None
        finally:
            self._cancel_and_roll_back([self._reader])

    def _next(self, turns: list[int]) -> int:
        """Remove and return the first turn whose session is not waiting."""
        deadline = time.monotonic() + PATIENCE
        while True:
            _raise_failures(self._sessions)
            for place, turn in enumerate(turns):
                if not self._sessions[turn].is_busy:
                    return turns.pop(place)
            _check(deadline)
            time.sleep(_POLL_INTERVAL)

    def _settle(self, sessions: Sequence[_Session]) -> bool:
        """Wait until each session has ended its step, or waits for a lock.

        Returns:
            Whether all sessions have ended their steps.

        Raises:
            StepFailed: a step raised an error.
        """
        deadline = time.monotonic() + PATIENCE
        while busy := [session for session in sessions if session.is_busy]:
            wait([session.outcome for session in busy], _POLL_INTERVAL, FIRST_COMPLETED)
            pids = {"pids": [session.pid for session in busy]}
            blocked = set(self._monitor.scalars(_BLOCKED, pids))
            if all(session.pid in blocked or not session.is_busy for session in busy):
                break
            _check(deadline)
        _raise_failures(sessions)
        return not any(session.is_busy for session in sessions)

    def _cancel_and_roll_back(self, sessions: Sequence[_Session]) -> None:
        """Cancel what the sessions are doing, and roll back."""
        deadline = time.monotonic() + PATIENCE
        while busy := [session for session in sessions if session.is_busy]:
            for session in busy:
                self._monitor.execute(_CANCEL, {"pid": session.pid})
            wait([session.outcome for session in busy], _POLL_INTERVAL)
            _check(deadline)
        for session in sessions:
            session.rest()


def _finish(sessions: Sequence[_Session]) -> None:
    outcomes = [session.outcome for session in sessions]
    unfinished = wait(outcomes, PATIENCE, FIRST_EXCEPTION).not_done
    _raise_failures(sessions)
    if unfinished:
        raise TimeoutError(_STUCK)


def _raise_failures(sessions: Sequence[_Session]) -> None:
    for session in sessions:
        if not session.is_busy and (error := session.outcome.exception()) is not None:
            raise error


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(_STUCK)


def _until(over: Event, step: Step) -> Iterator[Step]:
    while not over.is_set():
        yield step
