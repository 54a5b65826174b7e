"""The proxy cuts where it is told to, and nowhere else."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from conformance.suite import interruptions as suite
from conformance.suite.cutting_proxy import Manner, Moment
from conformance.suite.interrupted import behind_a_proxy
from conformance.suite.interruptions import moments

BEGIN, INSERT, COMMIT = 1, 2, 3


@pytest.fixture(scope="module")
def database(conformance_engine):
    with conformance_engine.database() as url:
        yield url


@pytest.fixture
def interruptions(database, conformance_engine):
    with behind_a_proxy(database, conformance_engine) as interruptions:
        interruptions.count(lambda _: None)
        interruptions.run(execute("DROP TABLE IF EXISTS numbers"))
        interruptions.run(execute("CREATE TABLE numbers (number integer)"))
        yield interruptions


def execute(statement):
    def run(connection):
        connection.execute(text(statement))
        connection.commit()

    return run


insert = execute("INSERT INTO numbers VALUES (1)")


def count(interruptions):
    return interruptions.run(lambda connection: connection.scalar(text("TABLE numbers")))


def test_a_scenario_names_the_manner_in_words():
    assert repr([Manner.BEFORE]) == "[cut before it reached the server]"


def test_a_statement_is_a_message(interruptions):
    assert interruptions.count(insert) == COMMIT
    assert count(interruptions) == 1


@pytest.mark.parametrize(
    ("message", "manner", "left"),
    [
        (BEGIN, Manner.BEFORE, None),
        (INSERT, Manner.ANSWERED, None),
        (COMMIT, Manner.BEFORE, None),
        (COMMIT, Manner.WITHIN, None),
        (COMMIT, Manner.ANSWERED, 1),
    ],
)
def test_it_cuts_there(interruptions, message, manner, left):
    assert not interruptions.interrupt(insert, Moment(message, manner))
    assert count(interruptions) == left


def test_it_does_not_cut_after_the_end(interruptions):
    assert interruptions.interrupt(insert, Moment(COMMIT + 1, Manner.BEFORE))
    assert count(interruptions) == 1


def test_what_fails_by_itself_is_no_cut(interruptions):
    with pytest.raises(ProgrammingError, match="nowhere"):
        interruptions.interrupt(execute("TABLE nowhere"), Moment(COMMIT + 1, Manner.BEFORE))


def test_it_strikes_the_process_that_serves(interruptions):
    struck = []
    served = []

    def look(connection):
        served.append(connection.connection.driver_connection.get_backend_pid())
        insert(connection)

    interruptions.interrupt(look, Moment(INSERT, Manner.AFTER), struck.append)
    assert struck == served


def test_a_strike_that_fails_is_told(interruptions):
    def fail(_process):
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        interruptions.interrupt(insert, Moment(INSERT, Manner.AFTER), fail)


@pytest.mark.needs("concurrent_sessions")
def test_a_terminated_session_leaves_nothing(interruptions):
    moment = Moment(INSERT, Manner.AFTER)
    assert not interruptions.interrupt(insert, moment, interruptions.terminate)
    assert count(interruptions) is None


def test_a_process_that_does_not_end(interruptions, monkeypatch):
    """The server would go on with what was interrupted."""
    monkeypatch.setattr(suite, "PATIENCE", 0)
    monkeypatch.setattr(suite, "_PROCESSES", text("SELECT CAST(:pid AS integer) IS NOT NULL"))
    monkeypatch.setattr(interruptions, "_outlives", True)
    with pytest.raises(TimeoutError, match=r"the server's process .* does not end"):
        interruptions.count(insert)


def test_nobody_listens(interruptions):
    interruptions._proxy.__exit__()
    with pytest.raises(OperationalError, match="refused"):
        interruptions.count(insert)


def test_moments_are_spread():
    manners = list(Manner)
    for first in range(9):
        found = moments(8, manners, first)
        assert [moment.manner for moment in found] == manners
        assert len({moment.message for moment in found}) == len(manners)
    assert {m.message for n in range(8) for m in moments(8, manners, n)} == set(range(1, 9))
    assert str(moments(3, [Manner.BEFORE], 2)[0]) == "at message 3, before it reached the server"
