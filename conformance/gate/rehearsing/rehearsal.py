"""Rehearse one revision: up, down, interrupted at each statement, and up again by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory

from conformance.errors import ConformanceError, EngineUnavailable, details_of, message_of, primary
from conformance.gate.evidence.evidence import ByHand, Evidence, Failure, Interruption, Return
from conformance.gate.evidence.state import (
    State,
    changed_rows,
    changed_traces,
    differences,
    told_facts,
)
from conformance.gate.rehearsing.dependents import aggregates_named
from conformance.gate.rehearsing.driver import hear
from conformance.gate.rehearsing.reading import read_state
from conformance.gate.rehearsing.tracing import (
    CalledFrom,
    Interrupted,
    Interrupter,
    Tracer,
    listening,
)
from conformance.gate.rules.sentences import shortened
from conformance.population.sequences_behind import sequences_behind
from conformance.process.progress import unwatched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from sqlalchemy import Connection

    from conformance.gate.evidence.report import Statement
    from conformance.gate.rehearsing.bench import Bench
    from conformance.gate.revisions.new import Revision
    from conformance.observed import Scope
    from conformance.population.sequences_behind import Behind
    from conformance.process.progress import Progress

#: A revision is interrupted at so many of its statements, spread evenly, if it has more.
MOST_INTERRUPTIONS = 20

#: How the embedded engine fails at what commits in its middle: CREATE INDEX CONCURRENTLY, or
#: WITH (timescaledb.transaction_per_chunk).
_SEVERAL_TRANSACTIONS = "tuple concurrently updated"


class Rehearsal:
    """Of one revision, on a bench that is in the state before it.

    Args:
        applied: the new revisions before it.
        scope: the schemas that are looked at.
        progress: told what is tried next.
    """

    def __init__(
        self,
        bench: Bench,
        revision: Revision,
        applied: Sequence[Revision],
        scope: Scope,
        progress: Progress = unwatched,
    ) -> None:
        self._bench = bench
        self._revision = revision
        self._applied = tuple(applied)
        self._scope = scope
        self._progress = progress
        self._not_checked: dict[str, str] = {}

    def run(self, inspect: Callable[[Connection], None]) -> Evidence:
        """All of it; the bench is in the state after the revision at the end, if it has one.

        Args:
            inspect: called with a connection when the database is in the state after it.
        """
        self._say("upgrade")
        before = self._state()
        behind = self._behind()
        statements, failure = self._upgrade_traced()
        if failure is not None:
            self._must_be_able(failure)
            return Evidence(
                self._revision, before, statements, failure, not_checked=self._not_checked
            )
        after = self._state(like=before)
        later = self._behind()
        with self._bench.look() as connection:
            inspect(connection)
        down = self._down(before)
        if down is None or down.after is None or differences(before, down.after):
            before = self._renew(before)
        interruptions = self._interruptions(before, after, statements)
        by_hand = self._by_hand(before, after)
        return Evidence(
            self._revision,
            before,
            statements,
            None,
            after,
            down,
            interruptions,
            by_hand,
            self._not_checked,
            tuple(later[column] for column in later.keys() - behind.keys()),
        )

    def _say(self, what: str) -> None:
        self._progress(f"{self._revision.identifier}: {what}")

    def _state(self, like: State | None = None) -> State:
        with self._bench.look() as connection:
            return read_state(connection, self._scope, like=like)

    def _behind(self) -> dict[str, Behind]:
        with self._bench.look() as connection:
            return sequences_behind(connection, self._scope)

    def _renew(self, before: State) -> State:
        """A database as before; rows made anew may differ in what the clock gave them."""
        self._bench.renew(self._applied)
        return self._state(like=before)

    def _upgrade_traced(self) -> tuple[tuple[Statement, ...], Failure | None]:
        with self._bench.connect() as connection:
            tracer = Tracer(connection, self._revision.path)
            failure = attempt(
                lambda: self._upgrade(connection), lambda: tracer.failed or "", tracer.handlers
            )
            return tuple(tracer.statements), failure and self._by_name(failure)

    def _by_name(self, failure: Failure) -> Failure:
        """With the aggregates behind what the server says depends on something."""
        if not failure.dependents:
            return failure
        with self._bench.look() as connection:
            return replace(failure, dependents=aggregates_named(connection, failure.dependents))

    def _must_be_able(self, failure: Failure) -> None:
        """Say so where the engine fails, and not the revision."""
        if self._bench.one_session and failure.reason.endswith(_SEVERAL_TRANSACTIONS):
            raise EngineUnavailable(
                f"Revision {self._revision.identifier} cannot be rehearsed on this engine, whose "
                f"one session runs no statement of several transactions: {shortened(failure.sql)}.",
                "Take --engine local, --engine container, or the URL of a server.",
            )

    def _upgrade(self, connection: Connection) -> None:
        self._bench.migrations.upgrade(connection, self._revision.identifier)

    def _down(self, before: State) -> Return | None:
        if self._revision.irreversible is not None:
            return None
        if not self._in_line("downgrade"):
            return None
        self._say("downgrade")
        target = self._revision.parents[0] if self._revision.parents else "base"
        with self._bench.connect() as connection:
            sent = _Counter(connection, CalledFrom(self._revision.path))
            try:
                failure = attempt(
                    lambda: self._bench.migrations.downgrade(connection, target),
                    lambda: sent.last,
                    sent.handlers,
                    let_pass=(NotImplementedError,),
                )
            except NotImplementedError as error:
                return Return(
                    irreversible=message_of(error) or "downgrade() raises NotImplementedError"
                )
        if failure is not None:
            return Return(failure)
        return Return(None, None, sent.count, self._state(like=before))

    def _in_line(self, what: str) -> bool:
        """Whether Alembic's steps are this revision alone; if not, `what` is not checked."""
        directory = ScriptDirectory.from_config(self._bench.migrations.config)
        parents = self._revision.parents
        beside = {
            other
            for parent in parents
            for other in directory.get_revision(parent).nextrev - {self._revision.identifier}
        }
        if len(parents) > 1:
            self._not_checked[what] = "it merges branches"
        elif not parents and not (self._bench.is_empty and not self._applied):
            self._not_checked[what] = "it begins a history of its own"
        elif beside:
            self._not_checked[what] = (
                f"{parents[0]} has other branches: {', '.join(sorted(beside))}"
            )
        return what not in self._not_checked

    def _interruptions(
        self, before: State, after: State, statements: Sequence[Statement]
    ) -> tuple[Interruption, ...]:
        points = self._points(statements)
        found = []
        for statement in points:
            self._say(f"interrupted at statement {statement.number} of {len(statements)}")
            interruption, spoiled = self._interrupt(statement, before, after)
            found.append(interruption)
            if spoiled:
                before = self._renew(before)
        return tuple(found)

    def _points(self, statements: Sequence[Statement]) -> Sequence[Statement]:
        own = [statement for statement in statements if not statement.by_alembic]
        # What follows the revision's first statement: Alembic's version table too.
        points = [item for item in statements if own and item.number >= own[0].number]
        if len(points) <= MOST_INTERRUPTIONS:
            return points
        self._not_checked["interruptions"] = (
            f"the upgrade has {len(points)} statements; it was interrupted at "
            f"{MOST_INTERRUPTIONS} of them, spread evenly"
        )
        last = len(points) - 1
        return [
            points[round(i * last / (MOST_INTERRUPTIONS - 1))] for i in range(MOST_INTERRUPTIONS)
        ]

    def _interrupt(
        self, statement: Statement, before: State, after: State
    ) -> tuple[Interruption, bool]:
        """What was left, and whether the database is another one than before."""
        with self._bench.connect() as connection:
            interrupter = Interrupter(connection, statement.number)
            try:
                with listening(interrupter.handlers):
                    self._upgrade(connection)
            # What a `finally` raises on the way out of a dead process, nobody sees.
            except (Interrupted, Exception):
                if not interrupter.fired:
                    raise
        left = differences(before, self._state(like=before))
        if not left:
            return Interruption(statement.number, statement.sql), False
        with self._bench.connect() as connection:
            failure = attempt(lambda: self._upgrade(connection))
        missing = [] if failure else _missing(before, after, self._state(like=before))
        return Interruption(
            statement.number, statement.sql, tuple(left), failure, tuple(missing)
        ), True

    def _by_hand(self, before: State, after: State) -> ByHand | None:
        if not self._in_line("offline"):
            self._bench.upgrade(self._revision)
            return None
        self._say("offline SQL")
        start = f"{self._revision.parents[0]}:" if self._revision.parents else ""
        script: list[str] = []
        failure = attempt(
            lambda: script.extend(
                self._bench.migrations.offline_statements(f"{start}{self._revision.identifier}")
            )
        )
        failure = failure or self._run_script(script)
        missing = [] if failure else _missing(before, after, self._state(like=before))
        if failure or missing:
            self._bench.renew([*self._applied, self._revision])
        return ByHand(failure, tuple(missing), _of_revision(script, self._scope.version_table))

    def _run_script(self, script: Sequence[str]) -> Failure | None:
        """As psql would: each statement by itself, transactions as the script says."""
        with self._bench.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.autocommit = True
            running = [""]

            def run() -> None:
                with raw.cursor() as cursor:
                    for statement in script:
                        running[0] = statement
                        if _says_something(statement):
                            cursor.execute(statement)

            return attempt(run, lambda: running[0])


class _Counter:
    """Counts what a revision's own code sends."""

    def __init__(self, connection: Connection, from_revision: CalledFrom) -> None:
        self.count = 0
        self.last = ""
        self._from_revision = from_revision
        self._hear(connection)

    @property
    def handlers(self) -> dict[str, Callable[..., None]]:
        """For `listening`."""
        return {"engine_connect": self._hear, "before_cursor_execute": self._before}

    def _hear(self, connection: Connection) -> None:
        hear(connection, lambda cursor, sql: self._before(connection, cursor, sql))

    def _before(self, _conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        self.last = statement
        self.count += self._from_revision() is not None


def attempt(
    run: Callable[[], None],
    sql: Callable[[], str] = lambda: "",
    handlers: dict[str, Callable[..., None]] | None = None,
    let_pass: tuple[type[Exception], ...] = (),
) -> Failure | None:
    """Why it did not come to its end; None if it did."""
    ours: tuple[type[Exception], ...] = (ConformanceError, *let_pass)
    try:
        with listening(handlers or {}):
            run()
    except ours:
        raise
    # A migration is anybody's code, and may raise anything; one that calls sys.exit() as well.
    except (Exception, SystemExit) as error:
        refused = getattr(error, "orig", None) is not None or hasattr(error, "pgcode")
        dependents = tuple(line for line in details_of(error) if " depends on " in line)
        return Failure(primary(error), sql() if refused else "", dependents)
    return None


def _missing(before: State, wanted: State, found: State) -> list[str]:
    """How a state differs from the one that the upgrade led to, from the same one before.

    Of rows, what was there before counts; the values of new columns may be the clock's.
    """
    missing = told_facts(wanted, found)
    same = dict(changed_rows(before, wanted))
    now = dict(changed_rows(before, found))
    missing += [what for name, what in now.items() if same.get(name) != what]
    missing += [f"it did not happen that {what}" for name, what in same.items() if name not in now]
    missing = missing or changed_traces(wanted, found, chunks=False)
    if wanted.version != found.version:
        missing.append(f"Alembic's version is {', '.join(found.version) or 'none'}")
    return missing


def _of_revision(script: Sequence[str], version_table: str) -> tuple[str, ...]:
    """What stands between Alembic's comment and its version table."""
    found: list[str] = []
    inside = False
    for statement in script:
        if statement.startswith("-- Running upgrade"):
            inside = True
        elif version_table in statement:
            inside = False
        elif inside and _says_something(statement):
            found.append(statement)
    return tuple(found)


def _says_something(statement: str) -> bool:
    lines = [line for line in statement.splitlines() if not line.strip().startswith("--")]
    return bool("".join(lines).strip().strip(";").strip())
