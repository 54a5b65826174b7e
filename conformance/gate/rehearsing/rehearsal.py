"""Rehearse one revision: upgrade, downgrade, interruptions, and the offline SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory

from conformance.comparing.facts import EXISTS, FactKey
from conformance.comparing.rejections import DROPS_EXTENSION, WITH_SESSIONS
from conformance.engines.connecting import trouble_of_server
from conformance.errors import (
    ConformanceError,
    ConnectedOffline,
    EngineUnavailable,
    describe_briefly,
    details_of,
    message_of,
    server_hint_of,
    state_of,
)
from conformance.gate.evidence.evidence import (
    DowngradeOutcome,
    Evidence,
    FailedWrite,
    Failure,
    Interruption,
    OfflineOutcome,
)
from conformance.gate.evidence.state import (
    State,
    changed_rows,
    changed_traces,
    describe_changes,
    differences,
    without_changing,
)
from conformance.gate.rehearsing.committed import committed_since, next_transaction
from conformance.gate.rehearsing.dependents import name_dependents
from conformance.gate.rehearsing.driver import watch_cursors
from conformance.gate.rehearsing.reading import read_state, with_every_schema
from conformance.gate.rehearsing.tracing import (
    CallingFile,
    Interrupted,
    Interrupter,
    Tracer,
    listening,
)
from conformance.gate.rehearsing.writing import failed_writes
from conformance.gate.rules.sentences import shortened
from conformance.observed.home import home_of
from conformance.observed.version_table import schemas_of
from conformance.population.sequences_behind import lagging_sequences
from conformance.process.progress import unwatched
from conformance.project.offline import has_sql, run_as_psql
from conformance.project.swallowing import statement_before

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from conformance.comparing.facts import Facts
    from conformance.gate.evidence.report import Statement
    from conformance.gate.rehearsing.bench import Bench
    from conformance.gate.revisions.new import Revision
    from conformance.observed import Scope
    from conformance.population.sequences_behind import LaggingSequence
    from conformance.process.progress import Progress

#: A revision with more statements is interrupted at this many of them, spread evenly.
MOST_INTERRUPTIONS = 20

#: The embedded engine's error for statements that commit internally: CREATE INDEX CONCURRENTLY,
#: and WITH (timescaledb.transaction_per_chunk).
_SEVERAL_TRANSACTIONS = "tuple concurrently updated"
#: Other extensions may be dropped before this one.
_DROPS = re.compile(r"^\s*DROP\s+EXTENSION\b[^;]*\btimescaledb\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Upgraded:
    """What the whole upgrade led to.

    Attributes:
        changed: the existing data that it changed, with a description. A renewed state before
            cannot be compared with `state`: values may depend on the clock.
    """

    state: State
    changed: Mapping[str, str]

    def missing_from(self, before: State, found: State) -> list[str]:
        """Describe how a state that was reached from `before` differs from this one.

        Only data that existed before is compared: values of new columns may depend on the clock.
        """
        missing = describe_changes(self.state, found)
        actual = dict(changed_rows(before, found))
        missing += [what for name, what in actual.items() if self.changed.get(name) != what]
        missing += [f"missing: {what}" for name, what in self.changed.items() if name not in actual]
        missing = missing or changed_traces(self.state, found, chunks=False)
        if self.state.version != found.version:
            missing.append(f"Alembic's version is {', '.join(found.version) or 'none'}")
        return missing


class Rehearsal:
    """The rehearsal of one revision, on a bench in the state before that revision.

    Args:
        applied: the new revisions before this one.
        scope: the schemas to read.
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

    def run(self, inspect: Callable[[Connection, Facts], None]) -> Evidence:
        """Run the rehearsal; if the upgrade succeeds, the bench ends in the state after it.

        Args:
            inspect: called with a connection in the state after the revision, and its facts.
        """
        self._report_progress("upgrade")
        before = self._state()
        lagging_before = self._lagging_sequences()
        statements, failure = self._upgrade_traced()
        if failure is None and _has_extension(before):
            dropping = [item.sql for item in statements if _DROPS.search(item.sql)]
            # One that is created again has none of its hypertables.
            if dropping or self._has_no_extension():
                failure = Failure(DROPS_EXTENSION, dropping[0] if dropping else "the upgrade")
        if failure is not None:
            self._raise_if_unsupported(failure)
            return Evidence(
                self._revision, before, statements, failure, not_checked=self._not_checked
            )
        after = self._state(before)
        lagging = self._lagging_sequences()
        with self._bench.reader() as connection:
            inspect(connection, after.facts)
        upgraded = _Upgraded(after, dict(changed_rows(before, after)))
        downgrade = self._downgrade(before)
        self._before = before
        if downgrade is None or downgrade.after is None or differences(before, downgrade.after):
            self._renew()
        interruptions = self._interruptions(upgraded, statements)
        offline = self._run_offline_sql(upgraded)
        return Evidence(
            self._revision,
            before,
            statements,
            None,
            after,
            downgrade,
            interruptions,
            offline,
            self._not_checked,
            tuple(lagging[column] for column in lagging.keys() - lagging_before.keys()),
            self._failed_writes() if _has_triggers(after) else (),
        )

    def _report_progress(self, step: str) -> None:
        self._progress(f"{self._revision.identifier}: {step}")

    def _state(self, earlier: State | None = None) -> State:
        with self._bench.reader() as connection:
            scope = with_every_schema(connection, self._scope)
            return read_state(connection, scope, earlier=earlier)

    def _lagging_sequences(self) -> dict[str, LaggingSequence]:
        with self._bench.reader() as connection:
            return lagging_sequences(connection, self._scope)

    def _renew(self) -> None:
        """Recreate the state before; values that depend on the clock may differ."""
        self._bench.renew(self._applied)
        self._before = self._state(self._before)

    def _upgrade_traced(self) -> tuple[tuple[Statement, ...], Failure | None]:
        # A statement that blocks nobody must not be judged as one that does.
        with self._bench.connect() as connection, self._bench.migrations.as_written():
            tracer = Tracer(connection, self._revision.path)
            failure = attempt(
                lambda: self._upgrade(connection), lambda: tracer.failed or "", tracer.handlers
            )
            return tuple(tracer.statements), failure and self._with_dependents(failure)

    def _with_dependents(self, failure: Failure) -> Failure:
        """Name all views and continuous aggregates that depend on the object."""
        if not failure.dependents:
            return failure
        with self._bench.reader() as connection:
            return replace(failure, dependents=name_dependents(connection, failure.dependents))

    def _raise_if_unsupported(self, failure: Failure) -> None:
        """Raise an error if the engine is the cause of the failure, not the revision."""
        if self._bench.one_session and failure.reason.endswith(_SEVERAL_TRANSACTIONS):
            raise EngineUnavailable(
                f"Revision {self._revision.identifier} cannot be rehearsed: this engine cannot "
                f"run a statement that uses several transactions: {shortened(failure.sql)}.",
                f"Use {WITH_SESSIONS}.",
            )

    def _upgrade(self, connection: Connection) -> None:
        self._bench.migrations.upgrade(connection, self._revision.identifier)

    def _downgrade(self, before: State) -> DowngradeOutcome | None:
        if self._revision.irreversible is not None:
            return None
        if not self._is_linear("downgrade"):
            return None
        self._report_progress("downgrade")
        target = self._revision.parents[0] if self._revision.parents else "base"
        with self._bench.connect() as connection:
            sent = _StatementCounter(connection, CallingFile(self._revision.path))
            try:
                failure = attempt(
                    lambda: self._bench.migrations.downgrade(connection, target),
                    lambda: sent.last,
                    sent.handlers,
                    let_pass=(NotImplementedError,),
                )
            except NotImplementedError as error:
                return DowngradeOutcome(
                    irreversible=message_of(error) or "downgrade() raises NotImplementedError"
                )
        if failure is not None:
            return DowngradeOutcome(failure)
        if self._has_no_extension():
            return DowngradeOutcome(statements=sent.count, dropped_extension=True)
        return DowngradeOutcome(None, None, sent.count, self._state(before))

    def _has_no_extension(self) -> bool:
        with self._bench.connect() as connection:
            return home_of(connection) is None

    def _is_linear(self, check: str) -> bool:
        """Whether Alembic's step is this revision alone; if not, the check is not made."""
        directory = ScriptDirectory.from_config(self._bench.migrations.config)
        parents = self._revision.parents
        beside = {
            other
            for parent in parents
            for other in directory.get_revision(parent).nextrev - {self._revision.identifier}
        }
        if len(parents) > 1:
            self._not_checked[check] = "the revision merges branches"
        elif not parents and not (self._bench.is_empty and not self._applied):
            self._not_checked[check] = "the revision starts a history of its own"
        elif beside:
            self._not_checked[check] = (
                f"{parents[0]} has other branches: {', '.join(sorted(beside))}"
            )
        return check not in self._not_checked

    def _interruptions(
        self, upgraded: _Upgraded, statements: Sequence[Statement]
    ) -> tuple[Interruption, ...]:
        points = self._interruption_points(statements)
        found = []
        for statement in points:
            self._report_progress(
                f"interruption at statement {statement.number} of {len(statements)}"
            )
            interruption = self._interrupt(statement, upgraded)
            found.append(interruption)
            if interruption.left:
                self._renew()
        return tuple(found)

    def _interruption_points(self, statements: Sequence[Statement]) -> Sequence[Statement]:
        own = [statement for statement in statements if not statement.by_alembic]
        # Everything from the revision's first statement on, including Alembic's version table.
        points = [item for item in statements if own and item.number >= own[0].number]
        if len(points) <= MOST_INTERRUPTIONS:
            return points
        self._not_checked["interruptions"] = (
            f"the upgrade has {len(points)} statements and was interrupted at "
            f"{MOST_INTERRUPTIONS} of them, spread evenly"
        )
        last = len(points) - 1
        return [
            points[round(i * last / (MOST_INTERRUPTIONS - 1))] for i in range(MOST_INTERRUPTIONS)
        ]

    def _interrupt(self, statement: Statement, upgraded: _Upgraded) -> Interruption:
        with self._bench.reader() as connection:
            first = next_transaction(connection)
        with self._bench.connect() as connection:
            interrupter = Interrupter(connection, statement.number)
            try:
                with listening(interrupter.handlers):
                    self._upgrade(connection)
            # Errors in a `finally` after the interruption: a killed process would not raise them.
            except (Interrupted, Exception):
                if not interrupter.fired:
                    raise
        with self._bench.reader() as connection:
            committed = committed_since(connection, first)
        # Rolled-back transactions leave nothing, so the state need not be read.
        left = differences(self._before, self._state(self._before)) if committed else []
        if not left:
            return Interruption(statement.number, statement.sql)
        with self._bench.connect() as connection:
            failure = attempt(lambda: self._upgrade(connection))
        missing = [] if failure else self._missing_from(upgraded)
        return Interruption(statement.number, statement.sql, tuple(left), failure, tuple(missing))

    def _failed_writes(self) -> tuple[FailedWrite, ...]:
        """What fails after the revision, and did not before."""
        with self._bench.connect() as connection:
            found = failed_writes(connection, self._scope)
        if not found:
            return ()
        self._bench.renew(self._applied)
        with self._bench.connect() as connection:
            before = {(each.verb, each.reason) for each in failed_writes(connection, self._scope)}
        self._bench.renew([*self._applied, self._revision])
        return tuple(each for each in found if (each.verb, each.reason) not in before)

    def _missing_from(self, upgraded: _Upgraded) -> list[str]:
        """As `_Upgraded`, of the present state; if anything is missing, the bench is renewed."""
        found = self._state(self._before)
        missing = upgraded.missing_from(self._before, found)
        if not missing:
            return missing
        self._bench.renew([*self._applied, self._revision])
        again = self._state(self._before)
        one, other = (
            without_changing(state, upgraded.state, again) for state in (upgraded.state, found)
        )
        return replace(upgraded, state=one).missing_from(self._before, other)

    def _run_offline_sql(self, upgraded: _Upgraded) -> OfflineOutcome | None:
        if not self._is_linear("offline"):
            self._bench.upgrade(self._revision)
            return None
        self._report_progress("offline SQL")
        start = f"{self._revision.parents[0]}:" if self._revision.parents else ""
        if not start:
            self._forget_versions()
        script: list[str] = []
        try:
            failure = attempt(
                lambda: script.extend(
                    self._bench.migrations.offline_statements(f"{start}{self._revision.identifier}")
                )
            )
        except ConnectedOffline as refusal:
            failure = Failure(refusal.problem)
        failure = failure or self._run_script(script)
        missing = [] if failure else self._missing_from(upgraded)
        if failure:
            self._bench.renew([*self._applied, self._revision])
        own = _revision_statements(script, self._scope.version_table)
        return OfflineOutcome(failure, tuple(missing), own)

    def _forget_versions(self) -> None:
        """Drop Alembic's table, which a downgrade to base leaves and the first script creates."""
        with self._bench.connect() as connection:
            quote = connection.dialect.identifier_preparer.quote
            table = quote(self._scope.version_table)
            for schema in schemas_of(connection, self._scope.version_table):
                connection.exec_driver_sql(f"DROP TABLE {quote(schema)}.{table}")
            connection.commit()

    def _run_script(self, script: Sequence[str]) -> Failure | None:
        running = [""]

        def now(statement: str) -> None:
            running[0] = statement

        with self._bench.connect() as connection:
            return attempt(lambda: run_as_psql(connection, script, now), lambda: running[0])


class _StatementCounter:
    """Counts the statements that the revision's own code sends."""

    def __init__(self, connection: Connection, calling_file: CallingFile) -> None:
        self.count = 0
        self.last = ""
        self._calling_file = calling_file
        self._watch(connection)

    @property
    def handlers(self) -> dict[str, Callable[..., None]]:
        """The event handlers, for `listening`."""
        return {"engine_connect": self._watch, "before_cursor_execute": self._before}

    def _watch(self, connection: Connection) -> None:
        watch_cursors(connection, lambda cursor, sql: self._before(connection, cursor, sql))

    def _before(self, _conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        self.last = statement
        self.count += self._calling_file() is not None


def attempt(
    run: Callable[[], None],
    sql: Callable[[], str] = lambda: "",
    handlers: dict[str, Callable[..., None]] | None = None,
    let_pass: tuple[type[Exception], ...] = (),
) -> Failure | None:
    """Run a migration.

    Args:
        run: the migration.
        sql: gives the statement that was sent last.
        handlers: for `listening`.
        let_pass: exceptions that are raised instead of returned.

    Returns:
        Why the migration did not complete; None if it did.

    Raises:
        EngineUnavailable: the server is lost, full or out of connections.
    """
    ours: tuple[type[Exception], ...] = (ConformanceError, *let_pass)
    try:
        with listening(handlers or {}):
            run()
    except ours:
        raise
    # A migration may raise anything, and may call sys.exit().
    except (Exception, SystemExit) as error:
        if (trouble := trouble_of_server(error, "a migration")) is not None:
            raise trouble from None
        refused = getattr(error, "orig", None) is not None or hasattr(error, "pgcode")
        details = details_of(error)
        dependents = tuple(line for line in details if " depends on " in line)
        detail = tuple(line for line in details if line not in dependents)
        return Failure(
            describe_briefly(error),
            (statement_before(error) or sql() or _statement_of(error)) if refused else "",
            dependents,
            state_of(error),
            detail,
            server_hint_of(error),
        )
    return None


def _has_extension(state: State) -> bool:
    return FactKey("extension", "timescaledb", "", EXISTS) in state.facts


def _has_triggers(state: State) -> bool:
    return any(key.kind == "trigger" for key in state.facts)


def _statement_of(error: BaseException) -> str:
    """The statement in the error; an env.py that connects by itself may send others later."""
    return str(getattr(error, "statement", None) or "")


def _revision_statements(script: Sequence[str], version_table: str) -> tuple[str, ...]:
    """The statements between Alembic's comment and its update of the version table."""
    found: list[str] = []
    inside = False
    for statement in script:
        if statement.startswith("-- Running upgrade"):
            inside = True
        elif version_table in statement:
            inside = False
        elif inside and has_sql(statement):
            found.append(statement)
    return tuple(found)
