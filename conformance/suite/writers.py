"""Concurrent writers of a table: what each of them writes, and which rows the table may have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from conformance.strategies import batches, natural_key, rewritten, rows
from conformance.suite.row_world import Ledger
from conformance.suite.sessions import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import Connection, Table

    from conformance.strategies import Row
    from conformance.suite.row_world import Writes
    from conformance.suite.sessions import Script

    #: A row of a table, as `row_world.contents` shows it.
    Shown = tuple[Any, ...]


@dataclass(frozen=True)
class Call:
    """One call of the write path, in a transaction of its own.

    Attributes:
        action: `insert_new` or `upsert`.
        rows: the rows to write.
        commits: whether the transaction is committed; else it is rolled back.
    """

    action: str
    rows: Sequence[Row]
    commits: bool = True


#: The calls of each writer.
Plan = list[list[Call]]


@st.composite
def contention(draw: st.DrawFn, table: Table, /, **settings: Any) -> Plan:
    """Two to four writers that write the same few keys, each in an order of its own.

    Args:
        table: a table with a natural key.
        settings: as for `batches`.
    """
    versions = draw(_versions(table, **settings))
    call = st.builds(
        Call,
        st.sampled_from(("upsert", "insert_new")),
        st.lists(st.sampled_from(versions), min_size=3, max_size=8),
        st.sampled_from((True, True, True, False)),
    )
    return draw(st.lists(st.lists(call, min_size=1, max_size=3), min_size=2, max_size=4))


@st.composite
def succession(draw: st.DrawFn, table: Table, /, **settings: Any) -> list[Call]:
    """Calls of one writer that write the same few keys, each with other rows.

    Args:
        table: a table with a natural key.
        settings: as for `batches`.
    """
    versions = draw(_versions(table, **settings))
    rows_of_a_call = st.lists(st.sampled_from(versions), min_size=2, max_size=8)
    call = st.builds(Call, st.sampled_from(("upsert", "insert_new")), rows_of_a_call)
    return draw(st.lists(call, min_size=3, max_size=6))


@st.composite
def separation(draw: st.DrawFn, table: Table, /, **settings: Any) -> Plan:
    """Two writers, each of which rewrites the same keys of its own in every call.

    Args:
        table: a table with a natural key.
        settings: as for `batches`.
    """
    ledger = Ledger(table, ())
    owned: tuple[list[Row], list[Row]] = ([], [])
    for row in draw(_versions(table, **settings)):
        ledger.upsert([row])
        place = list(ledger.rows).index(ledger.key_of(ledger.values(row)))
        owned[place % len(owned)].append(row)
    return [
        [
            Call("upsert", rows)
            for rows in draw(st.lists(st.permutations(own), min_size=3, max_size=6))
        ]
        for own in owned
        if own
    ]


@st.composite
def _versions(draw: st.DrawFn, table: Table, /, **settings: Any) -> list[Row]:
    """Rows of a few keys: several different rows for each key."""
    settings["nulls_for_unknown"] = True
    known = draw(batches(table, min_size=2, max_size=5, **settings))
    fresh, key = rows(table, **settings), natural_key(table)
    return [rewritten(table, draw(fresh), row, key) for row in known for _ in range(3)]


@st.composite
def in_turns(
    draw: st.DrawFn, sessions: SearchStrategy[list[list[Any]]]
) -> tuple[list[list[Any]], list[int]]:
    """The transactions of each session, and an order of turns for `Sessions.take_turns`.

    Every session begins before any continues, so that their first transactions overlap.

    Args:
        sessions: the transactions of each session; each takes two turns, its work and its end.
    """
    drawn = draw(sessions)
    first = draw(st.permutations(range(len(drawn))))
    later = [place for place, own in enumerate(drawn) for _ in [*own, *own][1:]]
    return drawn, [*first, *draw(st.permutations(later))]


def script(
    writes: Writes, table: Table, calls: Sequence[Call], committed: Callable[[Call, int], None]
) -> Script:
    """The steps of a writer: each call, and then the end of its transaction.

    Args:
        committed: called with each committed call and the number of rows that it reports.
    """
    return [step for call in calls for step in _transaction(writes, table, call, committed)]


def _transaction(
    writes: Writes, table: Table, call: Call, committed: Callable[[Call, int], None]
) -> Script:
    inserted = 0

    def write(connection: Connection) -> None:
        nonlocal inserted
        inserted = getattr(writes, call.action)(connection, table, call.rows).inserted

    def end(connection: Connection) -> None:
        if call.commits:
            connection.commit()
            committed(call, inserted)
        else:
            connection.rollback()

    return [Step(call.action, write), Step("commit" if call.commits else "rollback", end)]


class JointLedger:
    """The possible contents of a table after several writers of the same keys.

    The row of each key is the last row of one of the writers.

    Args:
        table: the table.
        rows: the rows of the table before.
        writers: the number of writers.
    """

    def __init__(self, table: Table, rows: Counter[Shown], writers: int) -> None:
        self._before = Ledger(table, rows.elements())
        self._upserted = [Ledger(table, ()) for _ in range(writers)]
        self._inserted = [Ledger(table, ()) for _ in range(writers)]
        self._counted = 0

    def commit(self, writer: int, call: Call, inserted: int) -> None:
        """Record a committed call of a writer, which reports this number of new rows."""
        if call.action == "upsert":
            self._upserted[writer].upsert(call.rows)
        else:
            self._inserted[writer].insert_new(call.rows)
        self._counted += inserted

    def must_allow(self, found: Counter[Shown]) -> None:
        """What the table shows is what some order of the committed calls leaves.

        Raises:
            AssertionError: a row is wrong or lost; names it.
        """
        allowed = self._allowed()
        keys = Counter(self._before.key_of(row) for row in found.elements())
        for row in found:
            key = self._before.key_of(row)
            assert keys[key] == 1, f"the table has {keys[key]} rows of one key: {row}"
            assert key in allowed, f"the table has a row that nobody has committed: {row}"
            assert row in allowed[key], f"the table has {row}, but writers wrote {allowed[key]}"
        lost = allowed.keys() - keys.keys()
        assert not lost, f"the table lost {len(lost)} keys, such as {min(lost, key=repr)}"

    def must_have_counted(self) -> None:
        """Check that the calls reported the right number of new rows.

        Raises:
            AssertionError: the number is wrong.
        """
        new = len(self._allowed().keys() - self._before.rows.keys())
        said = f"the calls report {self._counted} new rows; {new} rows are new"
        assert self._counted == new, said

    def _allowed(self) -> dict[Any, list[Shown]]:
        """The possible rows of each key: an upserted row replaces earlier rows."""
        allowed: dict[Any, list[Shown]] = {}
        for ledgers in (self._upserted, [self._before], self._inserted):
            for key in {key for ledger in ledgers for key in ledger.rows} - allowed.keys():
                allowed[key] = [ledger.rows[key] for ledger in ledgers if key in ledger.rows]
        return allowed


class SeparateLedger:
    """The states of a table while each writer writes its own keys.

    Args:
        table: the table.
        rows: the rows of the table before.
        plan: the calls of the writers, all of them committed.
    """

    def __init__(self, table: Table, rows: Counter[Shown], plan: Plan) -> None:
        self._before = Ledger(table, rows.elements())
        self._states = [_states(table, self._before, calls) for calls in plan]
        self._owner = {
            key: writer for writer, states in enumerate(self._states) for key in states[-1]
        }
        self._seen = [0] * len(plan)

    def must_show(self, found: Counter[Shown]) -> None:
        """Check that a read shows a state between two calls, not older than the last read.

        Raises:
            AssertionError: the read shows something else.
        """
        shown: list[dict[Any, Shown]] = [{} for _ in self._states]
        others: dict[Any, Shown] = {}
        for row in found.elements():
            key = self._before.key_of(row)
            rows = shown[self._owner[key]] if key in self._owner else others
            assert key not in rows, f"a read shows a key twice: {row}"
            rows[key] = row
        untouched = {k: row for k, row in self._before.rows.items() if k not in self._owner}
        lost = untouched.keys() - others.keys()
        assert not lost, f"a read lacks {len(lost)} unchanged rows: {min(lost, key=repr)}"
        assert others == untouched, "a read shows rows that nobody has written"
        for writer, state in enumerate(shown):
            self._seen[writer] = self._place(writer, state)

    def must_be_over(self) -> None:
        """Check that the last read showed the last state of each writer.

        Raises:
            AssertionError: the last read showed an older state.
        """
        for states, seen in zip(self._states, self._seen, strict=True):
            assert states[seen] == states[-1], "the table lost the last batch of a writer"

    def _place(self, writer: int, state: dict[Any, Shown]) -> int:
        states, seen = self._states[writer], self._seen[writer]
        for place in range(seen, len(states)):
            if states[place] == state:
                return place
        back = "an older state than the last read" if state in states else "a part of a batch"
        raise AssertionError(f"a read shows {back}: {sorted(state.values(), key=repr)}")


def _states(table: Table, before: Ledger, calls: Sequence[Call]) -> list[dict[Any, Shown]]:
    """The rows of a writer's keys before its first call, and after each call."""
    ledger = Ledger(table, ())
    ledger.upsert(row for call in calls for row in call.rows)
    own = ledger.rows.keys()
    ledger.rows = {key: row for key, row in before.rows.items() if key in own}
    states = [dict(ledger.rows)]
    for call in calls:
        ledger.upsert(call.rows)
        states.append(dict(ledger.rows))
    return states
