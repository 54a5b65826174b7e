"""What a rehearsal of one revision saw, before anybody judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.gate.evidence.report import Statement
    from conformance.gate.evidence.state import State
    from conformance.gate.revisions.new import Revision
    from conformance.population.sequences_behind import Behind


@dataclass(frozen=True)
class Failure:
    """A run that did not come to its end.

    Attributes:
        reason: what was raised, on one line.
        sql: the statement that the server refused; empty if it was not a statement.
        dependents: what the server says depends on what was to be dropped or changed, a line each.
    """

    reason: str
    sql: str = ""
    dependents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Return:
    """What came of a downgrade.

    Attributes:
        failure: it did not come to its end.
        irreversible: it says by NotImplementedError that there is none; what it said.
        statements: how many the revision's own downgrade sent.
        after: the state it led to.
    """

    failure: Failure | None = None
    irreversible: str | None = None
    statements: int = 0
    after: State | None = None


@dataclass(frozen=True)
class Interruption:
    """What was left after the upgrade was ended before one of its statements.

    Attributes:
        statement: its number.
        sql: its text.
        left: what was not as before; empty if all was.
        failure: why the next run did not come to its end, where something was left.
        missing: what the next run did not bring about.
    """

    statement: int
    sql: str
    left: tuple[str, ...] = ()
    failure: Failure | None = None
    missing: tuple[str, ...] = ()

    @property
    def harmless(self) -> bool:
        """Whether all was as before, or the next run finished the work."""
        return not self.left or (self.failure is None and not self.missing)


@dataclass(frozen=True)
class ByHand:
    """What came of the offline SQL.

    Attributes:
        failure: it could not be made, or not be run.
        differences: how its state differs from the one of the upgrade.
        script: its statements, those of the revision only.
    """

    failure: Failure | None = None
    differences: tuple[str, ...] = ()
    script: tuple[str, ...] = ()


@dataclass(frozen=True)
class Together:
    """All new revisions in one go, as `alembic upgrade head` runs them where they are deployed.

    Attributes:
        statements: what they sent, with the identifier of the revision that did.
        failure: why it did not come to its end.
        stopped: the revision that it stopped at.
    """

    statements: tuple[tuple[str, Statement], ...]
    failure: Failure | None = None
    stopped: str = ""


@dataclass(frozen=True)
class Evidence:
    """The rehearsal of one revision.

    Attributes:
        statements: of the upgrade, as far as it came.
        failure: why it did not come to its end.
        before: the state before it.
        after: the state after it; None if it failed.
        down: None if it was not tried.
        interruptions: those that were tried.
        by_hand: None if it was not tried.
        not_checked: what could not be tried, by name, and why.
        behind: sequences that the upgrade left behind their columns.
    """

    revision: Revision
    before: State
    statements: tuple[Statement, ...] = ()
    failure: Failure | None = None
    after: State | None = None
    down: Return | None = None
    interruptions: tuple[Interruption, ...] = ()
    by_hand: ByHand | None = None
    not_checked: dict[str, str] = field(default_factory=dict)
    behind: tuple[Behind, ...] = ()
