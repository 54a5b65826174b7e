"""What `conformance fix` did: data for its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.verdict import EXIT_CODES

if TYPE_CHECKING:
    from conformance.gate.evidence.report import GateReport


@dataclass(frozen=True)
class Unmended:
    """A finding, or an object, that no statement mends, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class FixReport:
    """What became of the findings.

    Attributes:
        source: where the findings come from: `database desk at db:5432`.
        mended: the ids of the findings that the revision mends.
        unmended: the other findings.
        gone: findings of the verdict that the migrated database does not have any more.
        kept: what the downgrade does not restore.
        file: the path of the revision, to display; empty if none was written.
        text: the printed revision or its SQL; empty if a file was written.
        gate: the report on the revision; None if the gate was not run.
        why_no_gate: why not.
        could_not_run: why there is no result.
    """

    source: str = ""
    mended: tuple[str, ...] = ()
    unmended: tuple[Unmended, ...] = ()
    gone: tuple[str, ...] = ()
    kept: tuple[Unmended, ...] = ()
    file: str = ""
    text: str = ""
    gate: GateReport | None = None
    why_no_gate: str = ""
    could_not_run: str | None = None
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """`conforms` if everything is mended and the gate passes, or was left out."""
        if self.could_not_run is not None:
            return "could_not_run"
        if self.gate is not None and self.gate.could_not_run is not None:
            return "could_not_run"
        fails = self.gate is not None and self.gate.exit_code != 0
        return "differs" if self.unmended or fails else "conforms"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2."""
        return EXIT_CODES[self.verdict]

    def as_data(self) -> dict[str, object]:
        """The report as JSON data."""

        def reasons(items: tuple[Unmended, ...]) -> list[dict[str, str]]:
            return [{"id": item.id, "reason": item.reason} for item in items]

        return {
            "verdict": self.verdict,
            "source": self.source,
            "mended": list(self.mended),
            "not_mended": reasons(self.unmended),
            "gone": list(self.gone),
            "not_undone": reasons(self.kept),
            "file": self.file,
            "text": self.text,
            "gate": None if self.gate is None else self.gate.as_data(),
            "why_no_gate": self.why_no_gate,
            "message": self.could_not_run,
            "seconds": round(self.seconds, 3),
        }
