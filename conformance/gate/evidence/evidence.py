"""The evidence of one revision's rehearsal; the rules judge it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.gate.evidence.report import Statement
    from conformance.gate.evidence.state import State
    from conformance.gate.revisions.new import Revision
    from conformance.population.sequences_behind import LaggingSequence


@dataclass(frozen=True)
class Failure:
    """Why a run did not complete.

    Attributes:
        reason: the exception, on one line.
        sql: the statement that the server rejected; empty if the error is not the server's.
        dependents: the dependents of the dropped or changed object, as the server lists them.
        sqlstate: the server's code of the error; empty if the error is not the server's.
        detail: the other lines of the server's DETAIL.
        hint: the server's HINT, on one line; empty if it gives none.
    """

    reason: str
    sql: str = ""
    dependents: tuple[str, ...] = ()
    sqlstate: str = ""
    detail: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class DowngradeOutcome:
    """The outcome of a downgrade.

    Attributes:
        failure: why the downgrade did not complete; None if it did.
        irreversible: the message of the NotImplementedError that it raised; None if it raised none.
        statements: how many statements the revision's own downgrade sent.
        after: the state after the downgrade; None if it is not known.
        dropped_extension: whether the downgrade dropped the extension timescaledb.
    """

    failure: Failure | None = None
    irreversible: str | None = None
    statements: int = 0
    after: State | None = None
    dropped_extension: bool = False


@dataclass(frozen=True)
class Interruption:
    """The outcome of an upgrade that was stopped before one of its statements.

    Attributes:
        statement: the number of that statement.
        sql: the text of that statement.
        left: differences from the state before the upgrade; empty if there are none.
        failure: why the next run did not complete, where the interruption left differences.
        missing: effects of the upgrade that are missing after the next run.
    """

    statement: int
    sql: str
    left: tuple[str, ...] = ()
    failure: Failure | None = None
    missing: tuple[str, ...] = ()

    @property
    def harmless(self) -> bool:
        """Whether nothing was left, or the next run completed the upgrade."""
        return not self.left or (self.failure is None and not self.missing)


@dataclass(frozen=True)
class OfflineOutcome:
    """The outcome of the offline SQL.

    Attributes:
        failure: why the SQL could not be generated or run; None if it could.
        differences: how the resulting state differs from the one after the upgrade.
        script: the statements of the revision, without Alembic's own.
    """

    failure: Failure | None = None
    differences: tuple[str, ...] = ()
    script: tuple[str, ...] = ()


@dataclass(frozen=True)
class CombinedRun:
    """All new revisions in one `alembic upgrade head`, as a deployment runs them.

    Attributes:
        statements: all statements, each with the identifier of the revision that sent it.
        failure: why the run did not complete; None if it did.
        stopped_at: the identifier of the revision that failed, else of the last one.
        differences: how the result differs from that of the revisions one by one.
    """

    statements: tuple[tuple[str, Statement], ...]
    failure: Failure | None = None
    stopped_at: str = ""
    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class FailedWrite:
    """A statement that fails since the upgrade, by a name in the function of a trigger.

    Attributes:
        verb: `INSERT`, `UPDATE` or `DELETE`.
        reason: the server's message, on one line.
        mended: whether the statement works again after the last of the new revisions.
    """

    table: str
    verb: str
    reason: str
    mended: bool = False


@dataclass(frozen=True)
class Evidence:
    """Everything that the rehearsal of one revision observed.

    Attributes:
        statements: the statements that the upgrade sent.
        failure: why the upgrade did not complete; None if it did.
        before: the state before the upgrade.
        after: the state after the upgrade; None if it failed.
        downgrade: None if the downgrade was not tried.
        interruptions: the interruptions that were tried.
        offline: None if the offline SQL was not tried.
        not_checked: the reason for each check that could not be made, by the check's name.
        lagging_sequences: sequences that are behind their columns since the upgrade.
        failed_writes: what fails since the upgrade where triggers run.
    """

    revision: Revision
    before: State
    statements: tuple[Statement, ...] = ()
    failure: Failure | None = None
    after: State | None = None
    downgrade: DowngradeOutcome | None = None
    interruptions: tuple[Interruption, ...] = ()
    offline: OfflineOutcome | None = None
    not_checked: dict[str, str] = field(default_factory=dict)
    lagging_sequences: tuple[LaggingSequence, ...] = ()
    failed_writes: tuple[FailedWrite, ...] = ()
