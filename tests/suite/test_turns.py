"""Sessions that wait for each other, or do not end, are ended; as is one whose step fails."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from conformance.suite import sessions as suite
from conformance.suite.sessions import Sessions, Step, StepFailed


@pytest.fixture(scope="module")
def url(server_engine):
    with server_engine.database() as url:
        yield url


@pytest.fixture
def sessions(url, monkeypatch):
    """Two sessions, which wait for a moment only."""
    monkeypatch.setattr(suite, "PATIENCE", 0.5)
    with Sessions(url, 2) as sessions:
        yield sessions


def step(statement):
    return Step(statement, lambda connection: connection.execute(text(statement)).rowcount)


LOCK, SLEEP = step("SELECT pg_advisory_xact_lock(1)"), step("SELECT pg_sleep(60)")
COMMIT = Step("commit", lambda connection: connection.commit())


def test_a_session_waits_until_another_one_ends(sessions):
    sessions.take_turns([[LOCK, COMMIT], [LOCK, COMMIT]], [0, 1, 1, 0])


@pytest.mark.parametrize(
    ("scripts", "order"),
    [
        # Its second turn, for which it is never free.
        ([[LOCK], [LOCK, COMMIT]], [0, 1, 1]),
        # The end, for which it waits.
        ([[LOCK], [LOCK]], [0, 1]),
        # A turn that neither ends nor waits for a lock.
        ([[SLEEP]], [0]),
    ],
    ids=["turn", "end", "sleep"],
)
def test_turns_that_do_not_end(sessions, scripts, order):
    with pytest.raises(TimeoutError, match="sessions have been waiting for"):
        sessions.take_turns(scripts, order)


def test_scripts_that_do_not_end(sessions):
    with pytest.raises(TimeoutError, match="sessions have been waiting for"):
        sessions.run_at_once([[SLEEP]])


def test_a_step_that_fails(sessions):
    wrong = step("SELECT 1 / 0")
    with pytest.raises(StepFailed, match="session 1, SELECT 1 / 0: DataError: division by zero"):
        sessions.take_turns([[LOCK], [wrong]], [0, 1])
    with pytest.raises(StepFailed, match="session 0, SELECT 1 / 0"):
        sessions.run_at_once([[wrong]], [step("SELECT 1")])


def test_a_turn_lasts_until_its_step_has_ended(sessions):
    events = []

    def slow(connection):
        connection.execute(text("SELECT pg_sleep(0.1)"))
        events.append("step")

    sessions.take_turns([[Step("slow", slow), COMMIT]], [0, 0], lambda: events.append("seen"))
    assert events == ["step", "seen", "seen"]


def test_other_sessions_repeat_their_step_meanwhile(sessions):
    repeated = []
    sessions.run_at_once([[step("SELECT pg_sleep(0.1)")]], [Step("again", repeated.append)])
    assert len(repeated) > 1


def test_a_reader_that_would_wait(sessions):
    seen = []

    def observe():
        seen.append(sessions.read_unless_blocked(LOCK.run))

    sessions.take_turns([[LOCK, COMMIT]], [0, 0], observe)
    assert seen == [None, 1]
