"""The state machine of a history, whose steps Hypothesis draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
)

from conformance.comparing.capabilities import REASONS
from conformance.declarations.hypertables import referring_tables
from conformance.histories.player import Player
from conformance.histories.prepared import EXECUTIONS
from conformance.project.models import NO_WRITE_PATH
from conformance.strategies import batches, chunk_starts, rewritten, rows
from conformance.strategies.derivation import derivation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hypothesis.strategies import SearchStrategy

    from conformance.histories.stage import Stage
    from conformance.histories.subject import Subject
    from conformance.strategies import Row

#: Rows that were written and may still exist.
KNOWN: Bundle[Row] = Bundle("known")

_WRITE_PATH = ("insert_new", "insert_new_again", "upsert", "upsert_again", "abandon_upsert")
#: One of this many histories may restart the server, which takes seconds.
_HISTORIES_PER_RESTART = 10


class History(RuleBasedStateMachine):
    """A history; `history_of` adds its rules.

    Attributes:
        may_restart: whether this history may restart the server.
    """

    subject: Subject
    stage: Stage
    may_restart = False

    def __init__(self) -> None:
        super().__init__()
        self.player = Player(self.subject, self.stage)
        self.agreed = True

    def play(self, step: Callable[..., None], *given: Any) -> None:
        """Play a step; if it fails, `teardown` does not compare again."""
        self.agreed = False
        step(*given)
        self.agreed = True

    def teardown(self) -> None:
        """Compare once more at the end of a history without a failed step."""
        if self.agreed:
            self.player.finish()


def history_of(subject: Subject, stage: Stage) -> type[History]:
    """Create the state machine of a hypertable, with the rules that the server supports.

    Raises:
        ValueError: the table has no natural key, or its rows cannot be derived.
    """
    left_out = rules_not_played(subject)
    rules = {found.__name__: found for found in _rules(subject) if found.__name__ not in left_out}
    return type("History", (History,), {"subject": subject, "stage": stage, **rules})


def rules_not_played(subject: Subject) -> dict[str, str]:
    """What histories leave out, with the reasons: rules, and what would meet known gaps."""
    left_out: dict[str, str] = {}
    if not subject.is_compressed:
        undeclared = "the models do not declare compression of the table"
        reason = undeclared if subject.compresses else REASONS["community_edition"]
        left_out |= dict.fromkeys(("change_chunk", "run_policy"), reason)
    if subject.job is None:
        left_out.setdefault("run_policy", "the table has no policy that compresses old chunks")
    if referring := referring_tables(subject.table):
        reason = (
            "TimescaleDB neither compresses nor drops chunks that a foreign key refers to, as one"
            f" of {referring[0]} does"
        )
        left_out |= dict.fromkeys(("change_chunk", "run_policy", "drop_old_chunks"), reason)
    if not subject.restartable:
        left_out["restart"] = REASONS["restartable"]
    if subject.insert_new is None or subject.upsert is None:
        left_out |= dict.fromkeys(_WRITE_PATH, NO_WRITE_PATH)
    if triggers := subject.twins.triggers:
        noun = "trigger" if len(triggers) == 1 else "triggers"
        left_out["triggers"] = f"histories run without the {noun} {', '.join(triggers)}"
    return left_out | subject.avoidance.reasons


def _has_rows(history: History) -> bool:
    """Whether rows were written, so that chunks exist or existed."""
    return bool(history.bundle(KNOWN.name))


def _rules(subject: Subject) -> Iterator[Callable[..., Any]]:
    drawn: dict[str, Any] = {
        **subject.given,
        "complete": True,
        "nulls_for_unknown": True,
    }
    row = rows(subject.table, **drawn)
    batch = batches(subject.table, max_size=3, **drawn)
    if subject.avoidance.never_null:
        row = row.filter(subject.avoids_gaps)
        batch = batch.map(lambda rows: list(filter(subject.avoids_gaps, rows))).filter(bool)
    yield from _write_path(subject, row, batch)
    yield from _inserts(subject, row)
    yield from _changes(subject, row)
    yield from _prepared(batch)
    yield from _chunks(subject)
    yield from _restarts()


def _write_path(
    subject: Subject, row: SearchStrategy[Row], batch: SearchStrategy[list[Row]]
) -> Iterator[Callable[..., Any]]:
    @rule(target=KNOWN, rows=batch)
    def insert_new(self: History, rows: list[Row]) -> Any:
        self.play(self.player.insert_new, rows)
        return multiple(*rows)

    @rule(known=KNOWN, row=row)
    def insert_new_again(self: History, known: Row, row: Row) -> None:
        self.play(self.player.insert_new, [rewritten(subject.table, row, known, subject.key)])

    @rule(target=KNOWN, rows=batch)
    def upsert(self: History, rows: list[Row]) -> Any:
        self.play(self.player.upsert, rows)
        return multiple(*rows)

    @rule(known=KNOWN, row=row)
    def upsert_again(self: History, known: Row, row: Row) -> None:
        self.play(self.player.upsert, [rewritten(subject.table, row, known, subject.key)])

    @rule(known=KNOWN, rows=batch)
    def abandon_upsert(self: History, known: Row, rows: list[Row]) -> None:
        again = rewritten(subject.table, rows[0], known, subject.key)
        self.play(self.player.roll_back_upsert, [*rows, again])

    yield from (insert_new, insert_new_again, upsert, upsert_again, abandon_upsert)


def _inserts(subject: Subject, row: SearchStrategy[Row]) -> Iterator[Callable[..., Any]]:
    left_out = _some_of(subject.defaulted) if subject.defaulted else st.just(frozenset[str]())
    some_left_out = st.just(frozenset[str]()) | left_out

    @rule(target=KNOWN, rows=st.lists(row, min_size=1, max_size=3), left_out=some_left_out)
    def insert(self: History, rows: list[Row], left_out: frozenset[str]) -> Any:
        self.play(self.player.insert, [_without(left_out, row) for row in rows])
        return multiple(*rows)

    @rule(known=KNOWN, row=row, left_out=left_out)
    def insert_again(self: History, known: Row, row: Row, left_out: frozenset[str]) -> None:
        again = rewritten(subject.table, row, known, subject.key)
        self.play(self.player.insert, [_without(left_out, again)])

    yield from (insert, insert_again)


def _without(columns: frozenset[str], row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in columns}


def _changes(subject: Subject, row: SearchStrategy[Row]) -> Iterator[Callable[..., Any]]:
    columns = _some_of(subject.key)

    @rule(known=KNOWN, columns=columns)
    def delete(self: History, known: Row, columns: frozenset[str]) -> None:
        self.play(self.player.delete, known, columns)

    yield delete

    if subject.updatable:

        @rule(known=KNOWN, columns=columns, row=row, changed=st.sampled_from(subject.updatable))
        def update(
            self: History, known: Row, columns: frozenset[str], row: Row, changed: str
        ) -> None:
            self.play(self.player.update, known, columns, row, changed)

        yield update

    if subject.updatable_key:

        @rule(known=KNOWN, row=row, changed=st.sampled_from(subject.updatable_key))
        def update_key(self: History, known: Row, row: Row, changed: str) -> None:
            self.play(self.player.update_key, known, row, changed)

        yield update_key


def _prepared(batch: SearchStrategy[list[Row]]) -> Iterator[Callable[..., Any]]:
    @rule(target=KNOWN, rows=batch, times=st.sampled_from([1, 2, EXECUTIONS]))
    def put_prepared(self: History, rows: list[Row], times: int) -> Any:
        self.play(self.player.put_prepared, rows, times)
        return multiple(*rows[:times])

    @precondition(_has_rows)
    @rule(limit=st.integers(1, 5))
    def read_latest(self: History, limit: int) -> None:
        self.play(self.player.read_latest, limit)

    yield from (put_prepared, read_latest)


def _chunks(subject: Subject) -> Iterator[Callable[..., Any]]:
    starts = chunk_starts(subject.table)
    chunk = st.integers(0, len(starts) - 1)

    @precondition(_has_rows)
    @rule(chunk=chunk, action=st.sampled_from(list(Player.CHUNK_ACTIONS)))
    def change_chunk(self: History, chunk: int, action: str) -> None:
        self.play(self.player.change_chunk, chunk, action)

    @precondition(_has_rows)
    @rule()
    def run_policy(self: History) -> None:
        self.play(self.player.run_policy)

    yield from (change_chunk, run_policy)

    # The bound of drop_chunks has the time column's type, except for UUIDs.
    if derivation_of(subject.table).chunks.axis.kind != "uuid":

        @precondition(_has_rows)
        @rule(chunk=st.integers(1, len(starts) - 1))
        def drop_old_chunks(self: History, chunk: int) -> None:
            self.play(self.player.drop_before, chunk)

        yield drop_old_chunks


def _restarts() -> Iterator[Callable[..., Any]]:
    @initialize(number=st.integers(1, _HISTORIES_PER_RESTART))
    def begin(self: History, number: int) -> None:
        self.may_restart = number == _HISTORIES_PER_RESTART

    @precondition(lambda self: self.may_restart)
    @rule()
    def restart(self: History) -> None:
        self.may_restart = False
        self.play(self.player.restart)

    yield from (begin, restart)


def _some_of(columns: Sequence[str]) -> SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(columns), min_size=1)
