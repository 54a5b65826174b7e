"""What an interruption may leave behind; without a database, which would have to lose something."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from psycopg2 import errors
from sqlalchemy import Column, Integer, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.exc import DBAPIError

from conformance.observed import Scope
from conformance.suite import interrupted
from conformance.suite.cutting_proxy import Manner, Moment
from conformance.suite.maintenance import Work
from conformance.suite.writers import Call

TABLE = Table(
    "prices", MetaData(), Column("day", Integer), Column("price", Text), UniqueConstraint("day")
)
MOMENT = Moment(2, Manner.AFTER)
CALL = Call("upsert", [{"day": 1, "price": "a"}, {"day": 2, "price": "b"}])
OLD, HALF, ALL = ((1, "old"),), ((1, "a"),), ((1, "a"), (2, "b"))


class Scripted:
    """Answers questions with what the test says, in order, and runs nothing.

    Args:
        done: whether the interrupted operation succeeds.
        second: the error of a second run; None if it succeeds.
    """

    def __init__(self, *answers, done=False, second=None):
        self._answers = iter(answers)
        self._done, self._second = done, second
        self._messages = iter([7])

    def ask(self, _question):
        return next(self._answers)

    def count(self, _operation):
        """In its first connection SQLAlchemy asks the server about itself."""
        return next(self._messages, 3)

    def interrupt(self, _operation, _moment, _strike):
        return self._done

    def run(self, operation):
        """The facts of a migrated database; None for what else is run, unless it fails."""
        if getattr(operation, "func", None) is interrupted._facts_of:
            return next(self._answers)
        if self._second:
            raise self._second
        return None


def target(*answers, done=False):
    return interrupted.Target(TABLE, Scripted(*answers, done=done), None)


@pytest.mark.parametrize(
    ("found", "again", "done"), [(OLD, ALL, False), (ALL, ALL, False), (ALL, ALL, True)]
)
def test_a_call_that_is_whole(found, again, done):
    target(*map(Counter, (OLD, found, again)), done=done).interrupt_call(CALL, MOMENT)


@pytest.mark.parametrize(
    ("found", "again", "done", "words"),
    [
        (HALF, ALL, False, "upsert leaves a part of its rows"),
        (OLD, ALL, True, "upsert reported success without rows"),
        (OLD, HALF, False, "a second upsert does not write the rows"),
    ],
)
def test_a_call_that_is_not(found, again, done, words):
    answers = map(Counter, (OLD, found, again))
    with pytest.raises(AssertionError, match=f"interrupted at message 2, .*: {words}"):
        target(*answers, done=done).interrupt_call(CALL, MOMENT)


#: Whether the chunk was compressed; whether it is, and its rows, after the interruption and in the
#: end.
@pytest.mark.parametrize(
    ("before", "found", "done"),
    [(False, False, False), (False, True, False), (False, True, True), (True, True, False)],
)
def test_work_that_is_whole(before, found, done):
    answers = (ALL, before, found, ALL, True, ALL)
    target(*answers, done=done).interrupt_work(Work("compress_chunk", "chunk"), MOMENT)


@pytest.mark.parametrize(
    ("before", "after", "done", "words"),
    [
        (False, (True, HALF, True, ALL), False, "compress_chunk has changed the rows"),
        (False, (False, ALL, True, ALL), True, "leaves the chunk neither compressed nor"),
        (True, (False, ALL, True, ALL), False, "leaves the chunk neither compressed nor"),
        (False, (False, ALL, False, ALL), False, "a second compress_chunk has no effect"),
        (False, (False, ALL, True, HALF), False, "a second compress_chunk changes the rows"),
    ],
)
def test_work_that_is_not(before, after, done, words):
    with pytest.raises(AssertionError, match=words):
        target(ALL, before, *after, done=done).interrupt_work(
            Work("compress_chunk", "chunk"), MOMENT
        )


PART, WHOLE = {"table:a": True}, {"table:a": True, "table:b": True}
DIVISION = DBAPIError("SELECT 1 / 0", None, errors.DivisionByZero("division by zero"))


@pytest.fixture
def migration(monkeypatch):
    """A function that makes a rehearsed migration, whose databases answer so, one by one."""

    def made(*databases):
        waiting = iter([Scripted(WHOLE), *databases])
        monkeypatch.setattr(interrupted, "behind_a_proxy", lambda *_: nullcontext(next(waiting)))
        unmigrated = SimpleNamespace(database=lambda **_: nullcontext("url"))
        made = interrupted.Migration(None, unmigrated, lambda _: None, Scope(("public",)))
        made.rehearse()
        return made

    return made


def test_what_the_first_connection_of_an_engine_asks_does_not_count(migration):
    """A moment after the last message would interrupt nothing."""
    assert migration().messages == 3


#: Traces before and after the interruption; then the facts, also those of a second run.
@pytest.mark.parametrize(
    ("answers", "done"),
    [
        ((0, 0), False),
        ((0, 0, WHOLE), True),
        ((0, 1, WHOLE), True),
        ((0, 1, WHOLE), False),
        ((0, 1, PART, WHOLE), False),
    ],
    ids=["no effect", "nothing to do", "all", "all, unnoticed", "completed by a second run"],
)
def test_a_migration_that_is_whole(migration, answers, done):
    migration(Scripted(*answers, done=done)).interrupt(MOMENT)


@pytest.mark.parametrize(
    ("answers", "done", "second", "words"),
    [
        ((0, 0, PART), True, None, "reported success without a change"),
        ((0, 1, PART, WHOLE), True, None, "leaves a part of its work behind"),
        ((0, 1, PART), False, DIVISION, "and a second run fails: .*division by zero"),
        ((0, 1, PART, PART), False, None, "with which a second run creates another schema"),
    ],
)
def test_a_migration_that_is_not(migration, answers, done, second, words):
    with pytest.raises(AssertionError, match=f"interrupted at message 2, .*{words}"):
        migration(Scripted(*answers, done=done, second=second)).interrupt(MOMENT)


def test_a_server_that_is_gone_is_no_failure_of_a_second_run(migration):
    broken = DBAPIError("SELECT 1", None, errors.AdminShutdown("gone"), connection_invalidated=True)
    with pytest.raises(DBAPIError, match="gone"):
        migration(Scripted(0, 1, PART, second=broken)).interrupt(MOMENT)


@pytest.mark.parametrize(("left", "completed"), [(WHOLE, True), (PART, False)])
def test_what_is_left_is_completed_in_the_end(migration, left, completed):
    """In the interrupted database, not in a new one."""
    interrupted_once = migration(Scripted(0, 0, left))
    interrupted_once.interrupt(MOMENT)
    words = "a second run of an interrupted migration creates another schema"
    with nullcontext() if completed else pytest.raises(AssertionError, match=words):
        interrupted_once.complete()
