"""The verdict of a run: what every report is made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.comparing.codes import NOTE, WARNING
from conformance.comparing.facts import EXISTS
from conformance.comparing.kinds import NOT_OF_MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.comparing.capabilities import Server
    from conformance.comparing.findings import Accepted, Finding, Left, NotChecked, Seen

#: Exit codes of every command, by verdict.
EXIT_CODES = {"conforms": 0, "differs": 1, "could_not_run": 2}
#: The finding that a database has not run all revisions.
PENDING = "migration:alembic:pending"
#: What the suite counts of what it generated: plural -> singular.
TRIED = {"rows": "row", "examples": "example", "histories": "history"}


@dataclass(frozen=True)
class EngineUsed:
    """Which engine and which server the verdict is about.

    Attributes:
        name: `embedded`, `local`, `container` or `url`.
        description: what the engine is and where it runs, without a password.
        note: what the reader should know: why `auto` chose this engine, or that the server is
            newer than the newest that was seen.
        locale: encoding and locale of the audited database, on which the order of texts depends.
    """

    name: str
    description: str
    postgresql: str = ""
    timescaledb: str = ""
    edition: str = ""
    note: str = ""
    locale: str = ""

    @classmethod
    def of(cls, name: str, description: str, server: Server, note: str = "") -> EngineUsed:
        """Combine the engine with the versions and the note of its server."""
        notes = " ".join(filter(None, (note, server.note and f"{server.note}.")))
        versions = (server.postgresql, server.timescaledb, server.edition)
        return cls(name, description, *versions, notes, server.locale)

    def __str__(self) -> str:
        versions = (
            f": PostgreSQL {self.postgresql}, TimescaleDB {self.timescaledb} "
            f"({self.edition} edition)"
        )
        return self.description + (versions if self.timescaledb else "")


@dataclass(frozen=True)
class Baseline:
    """The file with the findings of the day on which the tool was adopted.

    Attributes:
        file: its path.
        waiting: how many findings it has still.
        mended: ids of findings that it had and that are gone.
        note: what was written, or why nothing was; a sentence, or empty.
    """

    file: str
    waiting: int = 0
    mended: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """The result of a run: it conforms, differs, or could not run.

    Attributes:
        findings: disagreements, causes before their consequences; warnings among them.
        not_checked: facts and tests that could not be decided, with reasons; never counted as
            passed.
        seen: objects of the database that no model declares and that are not judged.
        accepted: findings that the project has accepted, with reasons.
        old: findings that the project's baseline has.
        left: objects that the project leaves to others.
        moot: ids of facts that a finding makes moot.
        baseline: the file, and what became of it; None without one.
        accounted: how many objects of each kind the database has: judged, not checked, seen,
            or left.
        facts: how many facts were decided and hold.
        tests: how many tests were decided and passed.
        consequences: how many facts a finding made moot.
        tried: how many `rows`, `examples` and `histories` were generated and written.
        by_kind: how many facts of each kind hold, in the order of `KINDS`.
        generated: the `profile` and the `seed` of the generated examples; None if no example
            could be generated.
        could_not_run: the sentence that says why there is no verdict; None if there is one.
        seconds: wall time.
        schema: the picture of the schema, as `conformance.comparing.picture` describes it; None if
            no facts were compared.
        against: the other database that this one was compared with, without a password; empty:
            the models.
        migrated: whether the project has migrations, which `conformance fix` adds a revision to.
        stages: wall time of each stage of a suite's run, in seconds. Stages of the second process
            begin with `beside: ` where both processes have one of the name.
    """

    engine: EngineUsed
    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    seen: tuple[Seen, ...] = ()
    accounted: dict[str, int] = field(default_factory=dict)
    facts: int = 0
    tests: int = 0
    consequences: int = 0
    tried: dict[str, int] = field(default_factory=dict)
    generated: dict[str, str | int] | None = None
    by_kind: dict[str, int] = field(default_factory=dict)
    could_not_run: str | None = None
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    accepted: tuple[Accepted, ...] = ()
    old: tuple[Finding, ...] = ()
    left: tuple[Left, ...] = ()
    moot: tuple[str, ...] = ()
    baseline: Baseline | None = None
    schema: dict[str, Any] | None = field(default=None, repr=False)
    against: str = ""
    migrated: bool = True

    @property
    def verdict(self) -> str:
        """`conforms`, `differs` or `could_not_run`."""
        if self.could_not_run is not None:
            return "could_not_run"
        return "differs" if any(finding.fails for finding in self.findings) else "conforms"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2."""
        return EXIT_CODES[self.verdict]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each outcome: every number of the verdict by name."""
        return {
            "facts": self.facts,
            "tests": self.tests,
            "findings": len(self.findings),
            "consequences": self.consequences,
            **{what: self.tried.get(what, 0) for what in TRIED},
            "not_checked": len(self.not_checked),
            "objects": sum(self.accounted.values()),
            "seen": len(self.seen),
            "warnings": self._of_severity(WARNING),
            "notes": self._of_severity(NOTE),
            "accepted": len(self.accepted),
            "old": len(self.old),
            "left": sum(len(item.objects) for item in self.left),
        }

    @property
    def mendable(self) -> int:
        """How many of the findings `conformance fix` mends."""
        return sum(finding.mendable for finding in self.findings)

    @property
    def ways_out(self) -> tuple[tuple[str, str, str], ...]:
        """What to do about the findings: a condition, a command, and what the command does.

        A revision that mends what others are about to bring would bring it twice.
        """
        if any(finding.id == PENDING for finding in self.findings):
            after = "may mend findings. Audit the database again afterwards."
            return (("", "alembic upgrade heads", f"runs the pending revisions, which {after}"),)
        undeclared, mendable = self._undeclared(), self.mendable
        declaring = (
            "If the database is right, ",
            "conformance inspect URL",
            f"prints the declarations for {self._which(undeclared)}.",
        )
        written = "writes a revision" if self.migrated else "prints the SQL"
        mending = (
            "If the models are right, " if undeclared else "",
            "conformance fix" if self.migrated else "conformance fix URL --sql",
            f"{written} that mends {self._which(mendable)}.",
        )
        return (*[declaring] * (undeclared > 0), *[mending] * (mendable > 0))

    def _undeclared(self) -> int:
        """How many of the findings ask for a declaration, which `conformance inspect` prints."""
        if self.against:
            return 0
        return sum(
            finding.disagreement == "unexpected"
            and finding.attribute == EXISTS
            and finding.kind not in NOT_OF_MODELS
            for finding in self.findings
        )

    def _which(self, number: int) -> str:
        of = len(self.findings)
        if of == 1:
            return "this finding"
        return f"these {of} findings" if number == of else f"{number} of these {of} findings"

    def _of_severity(self, severity: str) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    def as_data(self) -> dict[str, Any]:
        """The JSON document: stable keys, no secrets."""
        data: dict[str, Any] = {
            "verdict": self.verdict,
            "engine": asdict(self.engine),
            "counts": self.counts,
            "generated": self.generated,
            "findings": [asdict(finding) for finding in self.findings],
            "accepted": [
                {**asdict(item.finding), "reason": item.reason, "until": item.until or None}
                for item in self.accepted
            ],
            "old": [asdict(finding) for finding in self.old],
            "baseline": None if self.baseline is None else asdict(self.baseline),
            "seen": [_without_empty(asdict(item)) for item in self.seen],
            "left": [
                {"pattern": item.pattern, "count": len(item.objects), "objects": [*item.objects]}
                for item in self.left
            ],
            "accounted": self.accounted,
            "not_checked": [asdict(item) for item in self.not_checked],
            "seconds": round(self.seconds, 3),
            "stages": {stage: round(seconds, 3) for stage, seconds in self.stages.items()},
            "schema": self.schema,
            "against": self.against or None,
        }
        if self.could_not_run is not None:
            data["message"] = self.could_not_run
        return data


def _without_empty(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value}


def describe_counts(tried: Mapping[str, int]) -> str:
    """`50 rows, 1 example`: counts of 0 are left out."""
    counted = ((tried.get(many), one, many) for many, one in TRIED.items())
    return ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counted if n)
