"""The outcome of an upgrade's rehearsal, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.comparing.codes import ERROR
from conformance.comparing.verdict import EXIT_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.comparing.findings import NotChecked
    from conformance.comparing.verdict import EngineUsed
    from conformance.gate.evidence.report import Estimate, Lock

#: The ways from one version to the next, in the order of the reports.
IN_PLACE, RESTORED, AFRESH = "in place", "restored", "afresh"
WAYS = (IN_PLACE, RESTORED, AFRESH)


@dataclass(frozen=True)
class Kind:
    """A kind of change.

    Attributes:
        name: the stable name, for machines.
        harmful: whether a change of this kind makes the verdict `differs`.
        title: the heading in a report.
        meaning: one sentence.
    """

    name: str
    harmful: bool
    title: str
    meaning: str

    @property
    def prominent(self) -> bool:
        """Whether reports show the kind before the others."""
        return self.harmful or self.name == "new-gap"


#: All kinds, worst first, in the order of the reports.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("failed", True, "Failed", "The way to the new version fails."),
        Kind("lost", True, "Lost", "Present before the upgrade and missing after it."),
        Kind("altered", True, "Altered", "Another value after the upgrade than before."),
        Kind("added", True, "Added", "Missing before the upgrade and present after it."),
        Kind(
            "not-fresh",
            True,
            "Different between upgraded and fresh",
            "An upgraded database differs from one that was migrated on the new version.",
        ),
        Kind(
            "broken",
            True,
            "Broken",
            "A check of the suite fails on the upgraded database.",
        ),
        Kind(
            "new-gap",
            False,
            "New known gaps",
            "A defect of TimescaleDB that the old version does not have. A person must judge "
            "whether it affects these models.",
        ),
        Kind(
            "not-carried",
            False,
            "Not carried over by copying rows",
            "Copied rows are in plain chunks; the compression policy compresses them when it next "
            "runs.",
        ),
        Kind(
            "changed-by-timescaledb",
            False,
            "Changed by TimescaleDB",
            "A fresh database on the new version has the same value, and the models agree with it.",
        ),
        Kind(
            "renamed",
            False,
            "Renamed by TimescaleDB",
            "The new version uses another name for the same thing.",
        ),
        Kind(
            "own-job",
            False,
            "TimescaleDB's own jobs",
            "The configuration of TimescaleDB's own background jobs differs.",
        ),
        Kind(
            "healed",
            False,
            "Closed known gaps",
            "A defect of TimescaleDB that the new version fixes.",
        ),
    )
}


@dataclass(frozen=True)
class Change:
    """A value that is not the same before the upgrade and after every way.

    Attributes:
        kind: one of `KINDS`.
        subject: what changed, `hypertable:market_data:chunk_interval`; the same in every run.
        message: one sentence.
        before: the value before the upgrade, as JSON data; None if it is missing.
        after: the value after each way; None if it is missing. Ways that were not tried, or to
            which the value does not apply, are left out.
        accepted: the reason why the project accepts the change; None if it does not.
        severity: `error` or `warning`, if the project's severities name the change; None if they
            do not. Then its kind decides.
    """

    kind: str
    subject: str
    message: str
    before: Any = None
    after: dict[str, Any] = field(default_factory=dict)
    accepted: str | None = None
    severity: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What a project may call it; a failing check of the suite also by its finding's id."""
        found = self.subject.removeprefix("suite:")
        return self.id, self.subject, found, found.partition(":")[0], self.kind

    @property
    def id(self) -> str:
        """`lost:rows:market_data`."""
        return f"{self.kind}:{self.subject}"

    @property
    def harmful(self) -> bool:
        """Whether the change makes the verdict `differs`."""
        counts = KINDS[self.kind].harmful if self.severity is None else self.severity == ERROR
        return counts and self.accepted is None

    @property
    def remark(self) -> str:
        """Why the change counts otherwise than its kind; empty if it does not."""
        if self.accepted is not None:
            return f"Accepted: {self.accepted}"
        if self.harmful == KINDS[self.kind].harmful:
            return ""
        return f"Counts as {self.severity}: severities of the project."


def _without_statement(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of an estimate that have a meaning for a way."""
    return {name: value for name, value in items if name not in ("statement", "relation")}


def worst_first(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort changes in the order of the reports."""
    ranks = {name: rank for rank, name in enumerate(KINDS)}
    return tuple(sorted(changes, key=lambda change: ranks[change.kind]))


@dataclass(frozen=True)
class Way:
    """One way to the new version.

    Attributes:
        name: one of `WAYS`.
        method: one sentence that says how the database was upgraded.
        seconds: the time that the server took, without reading the state.
        notices: the server's messages: `WARNING: ...`.
        not_checked: why the way was not tried; None if it was.
    """

    name: str
    method: str = ""
    seconds: float = field(default=0.0, compare=False)
    notices: tuple[str, ...] = ()
    not_checked: str | None = None


@dataclass(frozen=True)
class Rebuilt:
    """A table of TimescaleDB's catalog that the update of the extension writes anew.

    Attributes:
        rows: the number of rows before the update.
    """

    name: str
    rows: int


@dataclass(frozen=True)
class ExtensionUpdate:
    """What ALTER EXTENSION timescaledb UPDATE did, before its transaction ended.

    Attributes:
        seconds: the time that the server took; so long all of its locks are held at most.
        catalog: how many tables and views of TimescaleDB it locked in ACCESS EXCLUSIVE mode.
        rebuilt: the tables of TimescaleDB's catalog that it wrote anew.
        locks: the blocking locks on tables of the project, the strongest first.
        entries: the entries of the lock table for everything but chunks.
        of_chunks: the entries for chunks, their compressed chunks, and indexes of both.
        chunks: the number of chunks of the database.
        wal_bytes: how much WAL the server wrote.
    """

    seconds: float = field(compare=False)
    catalog: int
    rebuilt: tuple[Rebuilt, ...]
    locks: tuple[Lock, ...]
    entries: int
    of_chunks: int
    chunks: int
    wal_bytes: int = field(compare=False)


@dataclass(frozen=True)
class Unchanged:
    """How much is the same before the upgrade and after every way.

    Attributes:
        rows: the number of rows in tables whose row count is unchanged.
        columns: the number of columns whose values are all unchanged.
        facts: the number of catalog facts, including names of policies and states of chunks.
        checks: the number of checks of the suite that pass on the upgraded database.
    """

    rows: int = 0
    columns: int = 0
    facts: int = 0
    checks: int = 0


@dataclass(frozen=True)
class UpgradeReport:
    """The outcome of `conformance upgrade`.

    Attributes:
        before: the old server.
        after: the new server.
        ways: all three ways.
        changes: the changes, worst first.
        not_checked: what could not be checked, with reasons; never counted as passed.
        could_not_run: the sentence that says why there is no verdict; None if there is a verdict.
        seconds: the wall time.
        update: what updating the extension in place did; None if that was not tried.
        estimates: what the ways take at the sizes of a real database; each belongs to the way that
            `relation` names.
        sizes: what is known of these sizes.
    """

    before: EngineUsed
    after: EngineUsed
    ways: tuple[Way, ...] = ()
    changes: tuple[Change, ...] = ()
    unchanged: Unchanged = Unchanged()
    not_checked: tuple[NotChecked, ...] = ()
    could_not_run: str | None = None
    seconds: float = field(default=0.0, compare=False)
    update: ExtensionUpdate | None = None
    estimates: tuple[Estimate, ...] = ()
    sizes: str = ""

    @property
    def verdict(self) -> str:
        """`conforms`, `differs` or `could_not_run`."""
        if self.could_not_run is not None:
            return "could_not_run"
        return "differs" if any(change.harmful for change in self.changes) else "conforms"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2."""
        return EXIT_CODES[self.verdict]

    @property
    def by_kind(self) -> dict[Kind, tuple[Change, ...]]:
        """The changes by kind, worst first; kinds without changes are left out."""
        grouped = {
            kind: tuple(change for change in self.changes if change.kind == name)
            for name, kind in KINDS.items()
        }
        return {kind: changes for kind, changes in grouped.items() if changes}

    @property
    def counts(self) -> dict[str, int]:
        """The number of changes of each kind, and how much is unchanged."""
        kinds = {name: len(self.by_kind.get(kind, ())) for name, kind in KINDS.items()}
        accepted = sum(change.accepted is not None for change in self.changes)
        not_checked = len(self.not_checked)
        return {**kinds, "accepted": accepted, "not_checked": not_checked, **asdict(self.unchanged)}

    def as_data(self) -> dict[str, Any]:
        """The JSON document: its keys are stable, and it contains no secrets."""
        data: dict[str, Any] = {
            "verdict": self.verdict,
            "before": asdict(self.before),
            "after": asdict(self.after),
            "ways": [asdict(way) for way in self.ways],
            "counts": self.counts,
            "changes": [
                {"id": change.id, "harmful": change.harmful, **asdict(change)}
                for change in self.changes
            ],
            "not_checked": [asdict(item) for item in self.not_checked],
            "seconds": round(self.seconds, 3),
            "update": None if self.update is None else asdict(self.update),
            "estimates": [
                {"way": item.relation, **asdict(item, dict_factory=_without_statement)}
                for item in self.estimates
            ],
            "sizes": self.sizes,
        }
        if self.could_not_run is not None:
            data["message"] = self.could_not_run
        return data
