"""What several sessions may see and leave; on a table in memory, which is wrong in one way."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, UniqueConstraint

from conformance.suite import test_sessions as suite
from conformance.suite.row_world import Writes
from conformance.suite.writers import Call

TABLE = Table(
    "prices", MetaData(), Column("day", Integer), Column("price", Text), UniqueConstraint("day")
)
#: One writer with two calls.
PLAN = [
    [
        Call("upsert", [{"day": day, "price": price} for day in (1, 2)])
        for price in ("first", "second")
    ]
]


class World:
    """The table: rows by day, and those of a transaction, in one session after the other.

    Attributes:
        wrong: in what way; empty if it is right.
    """

    def __init__(self, wrong=""):
        self.wrong = wrong
        self.rows, self.pending = {}, {}
        self._reads = 0

    def upsert(self, _connection, _table, rows):
        inserted = len({row["day"] for row in rows} - self.rows.keys())
        self.pending = {row["day"]: (row["day"], row["price"]) for row in rows}
        return SimpleNamespace(inserted=inserted + (self.wrong == "counts too much"))

    def commit(self):
        self.rows |= self.pending
        self.pending = {}
        if self.wrong == "loses a row":
            self.rows.pop(2, None)

    def contents(self, connection, _table):
        """What a reader sees, or the check in the end."""
        self._reads += connection.reads
        rows = self.rows | self.pending if self.wrong == "dirty" and connection.reads else self.rows
        if self.wrong == "shows a part" and connection.reads and self._reads == 1:
            rows = {1: (1, "first")}
        if self.wrong == "goes back" and not connection.reads and self.rows:
            rows = {day: (day, "first") for day in self.rows}
        return Counter(rows.values())

    # The sessions, with this table.

    def take_turns(self, scripts, _order, observe):
        for script in scripts:
            for step in script:
                step.run(self.connection())
                observe()

    def run_at_once(self, scripts, meanwhile=()):
        for script in scripts:
            for step in script:
                step.run(self.connection())
                for other in () if self.wrong == "goes back unseen" else meanwhile:
                    other.run(self.connection(reads=True))
        if self.wrong == "goes back unseen":
            self.rows = {day: (day, "first") for day in self.rows}

    def read_unless_blocked(self, read):
        return None if self.wrong == "blocked" else read(self.connection(reads=True))

    def connection(self, *, reads=False):
        return SimpleNamespace(
            reads=reads,
            commit=self.commit,
            rollback=lambda: None,
            execute=lambda _: None,
            exec_driver_sql=lambda _: self.rows.clear(),
            dialect=SimpleNamespace(
                identifier_preparer=SimpleNamespace(format_table=lambda table: table.name)
            ),
        )


@pytest.fixture
def played(monkeypatch):
    """A function that makes a check of the plan, in a world."""

    def play(check, world):
        # Without chunks there is nothing to maintain.
        monkeypatch.setattr(suite, "chunks_of", lambda *_: ())
        monkeypatch.setattr(suite, "given", lambda *_: {})
        monkeypatch.setattr(suite, "contents", world.contents)
        scene = suite.Scene(TABLE, world, world.connection(), Writes(None, world.upsert))
        drawn = {
            "writers_take_turns": (PLAN, ()),
            "maintenance_takes_turns_with_writers": ([*PLAN, []], ()),
        }
        getattr(suite, f"test_{check}")(
            scene, lambda _strategy, holds: holds(drawn.get(check, PLAN))
        )

    monkeypatch.setattr(suite, "maintenance", lambda _: suite.st.just([]))
    monkeypatch.setattr(suite, "upkeep", lambda _: suite.Step("nothing", lambda _: None))
    return play


WRITERS = [
    "writers_take_turns",
    "maintenance_takes_turns_with_writers",
    "writers_and_maintenance_at_once",
    "writers_make_chunks_at_once",
]


@pytest.mark.parametrize("check", [*WRITERS, "readers_see_whole_batches"])
@pytest.mark.parametrize("wrong", ["", "blocked"])
def test_a_table_that_is_right(played, check, wrong):
    world = World(wrong)
    played(check, world)
    assert world.rows == {1: (1, "second"), 2: (2, "second")}


@pytest.mark.parametrize(
    ("check", "wrong", "words"),
    [
        ("writers_take_turns", "dirty", "nobody has committed"),
        ("maintenance_takes_turns_with_writers", "dirty", "nobody has committed"),
        *((check, "loses a row", "the table lost 1 keys") for check in WRITERS),
        *((check, "counts too much", "4 new rows; 2 rows are new") for check in WRITERS),
        ("readers_see_whole_batches", "shows a part", "a read shows a part of a batch"),
        ("readers_see_whole_batches", "goes back", "an older state than the last read"),
        ("readers_see_whole_batches", "goes back unseen", "lost the last batch of a writer"),
    ],
)
def test_a_table_that_is_wrong(played, check, wrong, words):
    with pytest.raises(AssertionError, match=words):
        played(check, World(wrong))
