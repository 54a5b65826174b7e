"""What the gate reports of a rehearsal, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.comparing.codes import ERROR, SEVERITIES
from conformance.gate.evidence.codes import CODES, code

if TYPE_CHECKING:
    from conformance.comparing.findings import Finding, NotChecked
    from conformance.comparing.verdict import EngineUsed
    from conformance.gate.evidence.copy import Copy

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
#: The setting of TimescaleDB that limits how many rows one transaction decompresses.
DECOMPRESSION_LIMIT = "timescaledb.max_tuples_decompressed_per_dml_transaction"


@dataclass(frozen=True)
class AffectedTable:
    """A table that a statement affects, and how many of its chunks.

    Attributes:
        relation: the table or index; a chunk and its compressed chunk count as their hypertable.
        existed: whether the relation existed before this revision.
        itself: whether the table itself is affected, or only chunks of it.
        chunks: the number of chunks; a compressed chunk counts together with its chunk.
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
class Lock(AffectedTable):
    """A lock that a statement acquired.

    Attributes:
        mode: as PostgreSQL's documentation spells it, `ACCESS EXCLUSIVE`.
    """

    mode: str = LOCK_MODES[0]

    @property
    def blocks(self) -> str:
        """What the lock blocks in other sessions: `reads and writes`, `writes`, or nothing."""
        strength = LOCK_MODES.index(self.mode)
        if strength < LOCK_MODES.index("SHARE"):
            return ""
        return "reads and writes" if self.mode == "ACCESS EXCLUSIVE" else "writes"


@dataclass(frozen=True)
class RowWork(AffectedTable):
    """The rows of one table that a statement read or wrote.

    Attributes:
        read: rows returned by scans.
        written: rows inserted, updated or deleted.
    """

    read: int = 0
    written: int = 0


@dataclass(frozen=True)
class Decompressed(AffectedTable):
    """Fully compressed chunks from which a statement decompressed rows.

    Attributes:
        compressed: the number of fully compressed chunks that the table had before.
    """

    compressed: int = 0


@dataclass(frozen=True)
class LockEntries:
    """The entries of the server's lock table that a transaction holds for one table.

    Attributes:
        itself: the entries of the table and its indexes.
        of_chunks: the entries of chunks, of their compressed chunks, and of the indexes of both.
        chunks: the number of chunks.
    """

    relation: str
    itself: int
    of_chunks: int = 0
    chunks: int = 0


@dataclass(frozen=True)
class Estimate:
    """An estimate of what a statement does at the sizes of a real database.

    Attributes:
        statement: the number of the statement.
        what: what is estimated, as a plural: `lock-table entries`.
        low: the lower bound.
        high: the upper bound.
        arithmetic: how the bounds are computed.
        limit: the value that must not be exceeded; None if there is no limit.
        limit_name: a clause that names the limit.
    """

    statement: int
    relation: str
    what: str
    low: float
    high: float
    arithmetic: str
    limit: int | None = None
    limit_name: str = ""


@dataclass(frozen=True)
class Notice:
    """A message of the server: its severity, `WARNING` or `NOTICE`, and its text."""

    severity: str
    message: str


@dataclass(frozen=True)
class Statement:
    """One executed statement of an upgrade.

    Attributes:
        number: from 1, in execution order.
        sql: the text that was sent, with the parameters filled in.
        seconds: the execution time.
        transaction: the number of the revision's transaction, from 1; None outside of one.
        by_alembic: whether env.py or Alembic itself sent the statement, not the revision.
        lock_timeout: the setting during the statement; `0` means no timeout.
        locks: the locks that the transaction did not hold before.
        held_seconds: the time from the statement's start to the end of the transaction, during
            which its locks were held; None if the statement acquired none.
        idle_seconds: how long the transaction was idle after the statement, until the next one or
            the end of the transaction; 0 outside of a transaction.
        rewrites: tables whose storage is a new file after the statement.
        rows: the rows that the statement read or wrote, by table.
        notices: the server's messages, in the order of arrival.
        partly_compressed: the chunks that the statement left partly compressed.
        decompression_limit: the setting during the statement, 0 for no limit; None if the
            statement decompressed nothing.
        entries: the entries of the lock table that the transaction held after the statement.
        line: the line of the revision's file that sent the statement; None if Alembic sent it.
        wal_bytes: how much WAL the server wrote during the statement; None if not measured.
        grown_bytes: by how much the database grew during the statement; None if not measured.
        peak_bytes: by how much the database had grown at most, temporary files included where the
            role may see them; None if not measured.
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
    rewrites: tuple[AffectedTable, ...] = ()
    rows: tuple[RowWork, ...] = ()
    notices: tuple[Notice, ...] = ()
    partly_compressed: tuple[Decompressed, ...] = ()
    decompression_limit: int | None = None
    entries: tuple[LockEntries, ...] = ()
    line: int | None = None
    wal_bytes: int | None = None
    grown_bytes: int | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True)
class GateFinding:
    """A finding of a rule about a revision.

    Attributes:
        code: one of `conformance.gate.evidence.codes`, or `squawk:<rule>`.
        revision: the revision's identifier; empty if the finding is not about a single revision.
        subject: the table, column or fact that the finding is about; may be empty.
        message: one sentence that says what happens, and where.
        hint: what to do about the finding.
        statement: the number of the statement; None if the finding is not about a single one.
        accepted: the reason why the revision or the project accepts the finding; None if
            neither does.
        severity: `error`, `warning` or `note`; empty: as its code says.
        fact: of drift, the finding about the fact, with the values of both sides.
    """

    code: str
    revision: str
    subject: str
    message: str
    hint: str
    statement: int | None = None
    accepted: str | None = None
    severity: str = ""
    fact: Finding | None = None

    def __post_init__(self) -> None:
        """The severity of the code, where nobody says another one."""
        if not self.severity:
            object.__setattr__(self, "severity", code(self.code).severity)

    @property
    def names(self) -> tuple[str, ...]:
        """What a project may call it; drift also by the id of the fact."""
        fact = (self.subject,) if self.code == "drift" else ()
        return self.id, f"{self.code}:{self.subject}", self.code, *fact

    @property
    def id(self) -> str:
        """`lock-held:0002:market_data`; the same in every run."""
        return ":".join(part for part in (self.code, self.revision, self.subject) if part)

    @property
    def page(self) -> str:
        """The page about the finding's code: a path in our repository, or a URL."""
        return code(self.code).page

    @property
    def fails(self) -> bool:
        """Whether the finding fails the gate."""
        return self.severity == ERROR and self.accepted is None


def worst_first(finding: GateFinding) -> tuple[bool, int, str, int, str]:
    """The order of the reports, accepted ones last."""
    order = list(CODES)
    rank = order.index(finding.code) if finding.code in CODES else len(order)
    return (
        finding.accepted is not None,
        SEVERITIES.index(finding.severity),
        finding.revision,
        rank,
        finding.subject,
    )


@dataclass(frozen=True)
class RevisionReport:
    """The report on one new revision.

    Attributes:
        revision: its identifier.
        title: the first line of the file's docstring.
        file: the path of the file, relative to the working directory if the file is below it.
        statements: all executed statements, including Alembic's own.
        checks: the checks that passed, a few words each.
        irreversible: the reason why the revision cannot be downgraded, if it declares one.
        estimates: the estimates for the sizes of real tables, if these are given.
    """

    revision: str
    title: str
    file: str
    statements: tuple[Statement, ...] = ()
    checks: tuple[str, ...] = ()
    irreversible: str | None = None
    estimates: tuple[Estimate, ...] = ()

    @property
    def seconds(self) -> float:
        """The total execution time of the statements."""
        return sum(statement.seconds for statement in self.statements)


@dataclass(frozen=True)
class GateReport:
    """The outcome of `conformance gate`.

    Attributes:
        base: a description of the state that the new revisions are compared with.
        base_revision: the identifier of the last old revision; empty if all are new.
        revisions: the new revisions, in execution order.
        findings: the worst first, accepted findings last.
        not_checked: what could not be checked, with reasons; never counted as passed.
        could_not_run: the sentence that says why there is no verdict; None if there is a verdict.
        seconds: the wall time.
        sizes: what is known of the sizes of real tables; empty if the sizes do not matter.
        copy: the copy of a real database that the revisions ran on; None: generated rows.
    """

    engine: EngineUsed
    base: str = ""
    base_revision: str = ""
    revisions: tuple[RevisionReport, ...] = ()
    findings: tuple[GateFinding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    could_not_run: str | None = None
    seconds: float = field(default=0.0, compare=False)
    sizes: str = ""
    copy: Copy | None = None

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
        """The number of open findings of each severity, of accepted ones and of unchecked items."""
        counts = dict.fromkeys(SEVERITIES, 0)
        for finding in self.findings:
            if finding.accepted is None:
                counts[finding.severity] += 1
        accepted = sum(finding.accepted is not None for finding in self.findings)
        return {**counts, "accepted": accepted, "not_checked": len(self.not_checked)}

    def findings_of(self, revision: str) -> tuple[GateFinding, ...]:
        """The findings of one revision; an empty name selects findings about no single revision."""
        return tuple(finding for finding in self.findings if finding.revision == revision)

    def as_data(self) -> dict[str, Any]:
        """The JSON document: its keys are stable, and it contains no secrets."""
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
                    "fact": finding.fact
                    and {"expected": finding.fact.expected, "observed": finding.fact.observed},
                    # The hint's name in earlier reports; keys are never removed.
                    "way_out": finding.hint,
                }
                for finding in self.findings
            ],
            "revisions": [asdict(revision) for revision in self.revisions],
            "not_checked": [asdict(item) for item in self.not_checked],
            "seconds": round(self.seconds, 3),
            "sizes": self.sizes,
            "copy": None if self.copy is None else asdict(self.copy),
        }
        if self.could_not_run is not None:
            data["message"] = self.could_not_run
        return data
