"""What an upgrade's rehearsal saw: plain data, all that a report shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.comparing.verdict import EXIT_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.comparing.findings import NotChecked
    from conformance.comparing.verdict import EngineUsed

#: The ways from one version to the next, in the order in which they are reported.
IN_PLACE, RESTORED, AFRESH = "in place", "restored", "afresh"
WAYS = (IN_PLACE, RESTORED, AFRESH)


@dataclass(frozen=True)
class Kind:
    """What a change means.

    Attributes:
        name: stable, for machines.
        harmful: whether the verdict is `differs` because of it.
        title: for the heading of a report.
        meaning: one sentence.
    """

    name: str
    harmful: bool
    title: str
    meaning: str

    @property
    def prominent(self) -> bool:
        """Whether a reader must see it before the rest."""
        return self.harmful or self.name == "new-gap"


#: Every kind, worst first: the order of the reports.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("failed", True, "Failed", "This way does not lead to the new version."),
        Kind("lost", True, "Lost", "It was there before the upgrade and is not there after it."),
        Kind("altered", True, "Altered", "It has another value after the upgrade."),
        Kind("added", True, "Added", "It was not there before the upgrade."),
        Kind(
            "not-fresh",
            True,
            "Different between upgraded and fresh",
            "A database that was upgraded and one that was migrated on the new version differ.",
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
            "A defect of TimescaleDB that the old version has not. Whether it reaches these models "
            "is for a person to judge.",
        ),
        Kind(
            "not-carried",
            False,
            "Not carried over by copying rows",
            "Copying rows brings them into plain chunks; the compression policy compresses them "
            "again when it next runs.",
        ),
        Kind(
            "changed-by-timescaledb",
            False,
            "Changed by TimescaleDB",
            "The new version says so of a fresh database too, and the models agree with it.",
        ),
        Kind(
            "renamed",
            False,
            "Renamed by TimescaleDB",
            "The new version calls it otherwise; it does the same.",
        ),
        Kind(
            "own-job",
            False,
            "TimescaleDB's own jobs",
            "What the new version does for itself in the background.",
        ),
        Kind("healed", False, "Healed", "A known gap of the old version that the new one closes."),
    )
}


@dataclass(frozen=True)
class Change:
    """One thing that is not the same before the upgrade and on every way after it.

    Attributes:
        kind: one of `KINDS`.
        subject: what it is about, `hypertable:market_data:chunk_interval`; the same in each run.
        message: one sentence.
        before: its value before, as JSON data; None if it was not there.
        after: its value after, by way; None if it is not there. Ways that were not gone, or that
            it has no meaning for, are left out.
    """

    kind: str
    subject: str
    message: str
    before: Any = None
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`lost:rows:market_data`."""
        return f"{self.kind}:{self.subject}"

    @property
    def harmful(self) -> bool:
        """Whether the verdict is `differs` because of it."""
        return KINDS[self.kind].harmful


def worst_first(changes: Iterable[Change]) -> tuple[Change, ...]:
    """In the order of the reports."""
    ranks = {name: rank for rank, name in enumerate(KINDS)}
    return tuple(sorted(changes, key=lambda change: ranks[change.kind]))


@dataclass(frozen=True)
class Way:
    """One way to the new version.

    Attributes:
        name: one of `WAYS`.
        method: how it went, one sentence.
        seconds: how long the server took to get there, without reading the state.
        notices: what the server said meanwhile: `WARNING: ...`.
        not_checked: why this way was not gone; None if it was.
    """

    name: str
    method: str = ""
    seconds: float = field(default=0.0, compare=False)
    notices: tuple[str, ...] = ()
    not_checked: str | None = None


@dataclass(frozen=True)
class Held:
    """What is the same before the upgrade and on every way after it: how many.

    Attributes:
        rows: rows before; all of them are there after.
        columns: columns whose every value is the same.
        facts: facts of the catalog, policies' names and the state of chunks included.
        checks: checks of the suite that pass on the upgraded database.
    """

    rows: int = 0
    columns: int = 0
    facts: int = 0
    checks: int = 0


@dataclass(frozen=True)
class UpgradeReport:
    """The outcome of `conformance upgrade`.

    Attributes:
        before: the server that the upgrade starts from.
        after: the server that it leads to.
        ways: how it was gone, or why not.
        changes: worst first.
        not_checked: what could not be decided, with reasons; never counted as passed.
        could_not_run: the sentence that says why there is no verdict; None if there is one.
        seconds: wall time.
    """

    before: EngineUsed
    after: EngineUsed
    ways: tuple[Way, ...] = ()
    changes: tuple[Change, ...] = ()
    held: Held = Held()
    not_checked: tuple[NotChecked, ...] = ()
    could_not_run: str | None = None
    seconds: float = field(default=0.0, compare=False)

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
        """The changes of each kind that has any, worst first."""
        grouped = {
            kind: tuple(change for change in self.changes if change.kind == name)
            for name, kind in KINDS.items()
        }
        return {kind: changes for kind, changes in grouped.items() if changes}

    @property
    def counts(self) -> dict[str, int]:
        """How many changes of each kind, and how much is the same."""
        kinds = {name: len(self.by_kind.get(kind, ())) for name, kind in KINDS.items()}
        return {**kinds, "not_checked": len(self.not_checked), **asdict(self.held)}

    def as_data(self) -> dict[str, Any]:
        """The JSON document: stable keys, no secrets."""
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
        }
        if self.could_not_run is not None:
            data["message"] = self.could_not_run
        return data
