"""What a rehearsal saw and what the rules made of it: plain data, all that a report shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.gate.evidence.codes import ERROR, SEVERITIES, code

if TYPE_CHECKING:
    from conformance.comparing.findings import NotChecked
    from conformance.comparing.verdict import EngineUsed

#: Exit codes of `conformance gate`, by verdict.
EXIT_CODES = {"passes": 0, "fails": 1, "could_not_run": 2}

#: PostgreSQL's table locks, weakest first ("Explicit Locking", table-level locks).
LOCK_MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)


@dataclass(frozen=True)
class Touched:
    """A table, and how many of its chunks.

    Attributes:
        relation: the table, or an index; chunks and their compressed parts count as their
            hypertable.
        existed: whether it was there before this revision.
        itself: whether the table itself is meant, or chunks of it only.
        chunks: how many chunks, compressed parts counted with their chunk.
    """

    relation: str
    existed: bool
    itself: bool = True
    chunks: int = 0

    def __str__(self) -> str:
        number = f"{self.chunks} chunk{'s' * (self.chunks != 1)}"
        if not self.itself:
            return f"{number} of {self.relation}"
        return f"{self.relation} and {number}" if self.chunks else self.relation


@dataclass(frozen=True)
class Lock(Touched):
    """A lock that a statement took first.

    Attributes:
        mode: as PostgreSQL's documentation writes it, `ACCESS EXCLUSIVE`.
    """

    mode: str = LOCK_MODES[0]

    @property
    def blocks(self) -> str:
        """What other sessions cannot do meanwhile: `reads and writes`, `writes`, or nothing."""
        strength = LOCK_MODES.index(self.mode)
        if strength < LOCK_MODES.index("SHARE"):
            return ""
        return "reads and writes" if self.mode == "ACCESS EXCLUSIVE" else "writes"


@dataclass(frozen=True)
class RowWork(Touched):
    """Rows of one table that a statement went through.

    Attributes:
        read: rows returned by scans.
        written: rows inserted, updated or deleted.
    """

    read: int = 0
    written: int = 0


@dataclass(frozen=True)
class Notice:
    """What the server said: `WARNING` or `NOTICE`, and the sentence."""

    severity: str
    message: str


@dataclass(frozen=True)
class Statement:
    """One statement of an upgrade, as it ran.

    Attributes:
        number: from 1, in the order in which they ran.
        sql: as it was sent, parameters filled in.
        seconds: until the server had done it.
        transaction: which transaction of the revision it ran in, from 1; None: in none.
        by_alembic: env.py or Alembic itself sent it, not the revision.
        lock_timeout: the setting while it ran; `0` is none.
        locks: those that the transaction did not hold before.
        held_seconds: from its start to the end of the transaction: how long the strongest of its
            locks was held; None if it took none.
        idle_seconds: how long its transaction then waited for the migration itself, before the
            next statement or its end; 0 outside of a transaction.
        rewrites: tables whose storage is a new file afterwards.
        rows: rows of tables gone through.
        notices: in the order in which they came.
    """

    number: int
    sql: str
    seconds: float
    transaction: int | None = None
    by_alembic: bool = False
    lock_timeout: str = "0"
    locks: tuple[Lock, ...] = ()
    held_seconds: float | None = None
    idle_seconds: float = 0.0
    rewrites: tuple[Touched, ...] = ()
    rows: tuple[RowWork, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def strongest_lock(self) -> Lock | None:
        """The strongest of its locks on what was there before, else the strongest of all."""
        return max(
            self.locks,
            key=lambda lock: (lock.existed, LOCK_MODES.index(lock.mode)),
            default=None,
        )


@dataclass(frozen=True)
class GateFinding:
    """What a rule says of a revision.

    Attributes:
        code: one of `conformance.gate.evidence.codes`, or `squawk:<rule>`.
        revision: its identifier; empty where no single one is meant.
        subject: what it is about: a table, a column, an identifier of a fact; may be empty.
        message: one sentence: what happens, and where.
        hint: what to do instead.
        statement: the number of the statement; None if no single one is meant.
        accepted: the reason for which the revision accepts it; None if it does not.
    """

    code: str
    revision: str
    subject: str
    message: str
    hint: str
    statement: int | None = None
    accepted: str | None = None

    @property
    def id(self) -> str:
        """`lock-held:0002:market_data`; the same in every run."""
        return ":".join(part for part in (self.code, self.revision, self.subject) if part)

    @property
    def severity(self) -> str:
        """`error`, `warning` or `note`."""
        return code(self.code).severity

    @property
    def page(self) -> str:
        """The page about its code: a path in our repository, or an address."""
        return code(self.code).page

    @property
    def fails(self) -> bool:
        """Whether the gate stays shut because of it."""
        return self.severity == ERROR and self.accepted is None


@dataclass(frozen=True)
class RevisionReport:
    """One new revision.

    Attributes:
        revision: its identifier.
        title: the first line of its file's docstring.
        file: its path, from the folder of the ini file where it is below it.
        statements: all that ran, Alembic's own included.
        checks: what was tried and held, a sentence each.
        irreversible: why there is no way back, where it declares so.
    """

    revision: str
    title: str
    file: str
    statements: tuple[Statement, ...] = ()
    checks: tuple[str, ...] = ()
    irreversible: str | None = None

    @property
    def seconds(self) -> float:
        """How long its statements took."""
        return sum(statement.seconds for statement in self.statements)


@dataclass(frozen=True)
class GateReport:
    """The outcome of `conformance gate`.

    Attributes:
        base: what the new revisions are new against, a few words.
        base_revision: the identifier of the last old revision; empty if there is none.
        revisions: the new ones, in the order in which they run.
        findings: worst first, accepted ones last.
        not_checked: what could not be decided, with reasons; never counted as passed.
        could_not_run: the sentence that says why there is no verdict; None if there is one.
        seconds: wall time.
    """

    engine: EngineUsed
    base: str = ""
    base_revision: str = ""
    revisions: tuple[RevisionReport, ...] = ()
    findings: tuple[GateFinding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    could_not_run: str | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def verdict(self) -> str:
        """`passes`, `fails` or `could_not_run`."""
        if self.could_not_run is not None:
            return "could_not_run"
        return "fails" if any(finding.fails for finding in self.findings) else "passes"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2."""
        return EXIT_CODES[self.verdict]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each severity that nobody accepted, and of the rest."""
        counts = dict.fromkeys(SEVERITIES, 0)
        for finding in self.findings:
            if finding.accepted is None:
                counts[finding.severity] += 1
        accepted = sum(finding.accepted is not None for finding in self.findings)
        return {**counts, "accepted": accepted, "not_checked": len(self.not_checked)}

    def findings_of(self, revision: str) -> tuple[GateFinding, ...]:
        """The findings of one revision; of none in particular with an empty name."""
        return tuple(finding for finding in self.findings if finding.revision == revision)

    def as_data(self) -> dict[str, Any]:
        """The JSON document: stable keys, no secrets."""
        data: dict[str, Any] = {
            "verdict": self.verdict,
            "engine": asdict(self.engine),
            "base": {"description": self.base, "revision": self.base_revision},
            "counts": self.counts,
            "findings": [
                {
                    "id": finding.id,
                    "severity": finding.severity,
                    "page": finding.page,
                    **asdict(finding),
                    # The name of the hint in earlier reports; a report only gains keys.
                    "way_out": finding.hint,
                }
                for finding in self.findings
            ],
            "revisions": [asdict(revision) for revision in self.revisions],
            "not_checked": [asdict(item) for item in self.not_checked],
            "seconds": round(self.seconds, 3),
        }
        if self.could_not_run is not None:
            data["message"] = self.could_not_run
        return data
