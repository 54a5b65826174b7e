"""What tables may hold after writers and while they write."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, UniqueConstraint

from conformance.suite.writers import Call, JointLedger, SeparateLedger

TABLE = Table(
    "prices", MetaData(), Column("day", Integer), Column("price", Text), UniqueConstraint("day")
)


def rows(**prices):
    return [{"day": int(day.strip("_")), "price": price} for day, price in prices.items()]


def shown(*found):
    return Counter(found)


@pytest.fixture
def ledger():
    """Day 1 was there; one writer updates it and makes day 2, another inserts days 1 to 3."""
    ledger = JointLedger(TABLE, shown((1, "old")), 2)
    ledger.commit(0, Call("upsert", rows(_1="a", _2="b")), 1)
    ledger.commit(1, Call("insert_new", rows(_1="x", _2="y", _3="z")), 1)
    return ledger


def test_an_upsert_wins(ledger):
    ledger.must_allow(shown((1, "a"), (2, "b"), (3, "z")))
    ledger.must_have_counted()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (shown((1, "a"), (2, "b")), "lost 1 keys"),
        (shown((1, "a"), (2, "b"), (3, "z"), (4, "n")), "nobody has committed"),
        (shown((1, "a"), (2, "y"), (3, "z")), "but writers wrote"),
        (shown((1, "old"), (2, "b"), (3, "z")), "but writers wrote"),
        (shown((1, "a"), (1, "a"), (2, "b"), (3, "z")), "2 rows of one key"),
    ],
)
def test_what_no_order_leaves(ledger, found, words):
    with pytest.raises(AssertionError, match=words):
        ledger.must_allow(found)


def test_counts_add_up(ledger):
    ledger.commit(1, Call("upsert", rows(_3="z")), 1)
    with pytest.raises(AssertionError, match="report 3 new rows; 2 rows are new"):
        ledger.must_have_counted()


@pytest.fixture
def history():
    """A writer that writes days 1 and 2 twice; day 9 is nobody's."""
    plan = [[Call("upsert", rows(_1="a", _2="a")), Call("upsert", rows(_1="b", _2="b"))]]
    return SeparateLedger(TABLE, shown((9, "old")), plan)


def test_states_in_their_order(history):
    for state in ((), ((1, "a"), (2, "a")), ((1, "b"), (2, "b"))):
        history.must_show(shown((9, "old"), *state))
    history.must_be_over()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (((9, "old"), (1, "a")), "a part of a batch"),
        (((9, "old"), (1, "a"), (2, "b")), "a part of a batch"),
        (((9, "old"),), "an older state"),
        (((1, "b"), (2, "b")), "lacks 1 unchanged rows"),
        (((9, "new"), (1, "b"), (2, "b")), "nobody has written"),
        (((9, "old"), (1, "b"), (1, "b"), (2, "b")), "a key twice"),
    ],
)
def test_what_no_reader_may_see(history, found, words):
    history.must_show(shown((9, "old"), (1, "a"), (2, "a")))
    with pytest.raises(AssertionError, match=words):
        history.must_show(shown(*found))


def test_a_lost_batch(history):
    history.must_show(shown((9, "old"), (1, "a"), (2, "a")))
    with pytest.raises(AssertionError, match="lost the last batch"):
        history.must_be_over()
