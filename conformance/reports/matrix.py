"""The compatibility matrix: one line for each run, from the verdicts of the runs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from conformance.comparing.capabilities import version_tuple
from conformance.errors import ConformanceError
from conformance.reports.templates import cell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_COLUMNS = (
    "PostgreSQL", "TimescaleDB", "edition", "engine", "verdict", "facts hold", "tests pass",
    "findings", "accepted", "not checked",
)  # fmt: skip
_NUMBERS = 5


@dataclass(frozen=True)
class Run:
    """One run of the suite.

    Attributes:
        verdict: `conforms`, `differs` or `could not run`.
        not_checked: the number of unchecked items by reason.
        accepted: findings that do not count: accepted by the project, or in its baseline.
    """

    postgresql: str
    timescaledb: str
    edition: str
    engine: str
    verdict: str
    facts: int
    tests: int
    findings: int
    not_checked: dict[str, int]
    accepted: int = 0

    @property
    def order(self) -> tuple[object, ...]:
        """Sort by the versions of TimescaleDB and PostgreSQL; runs without a verdict come first."""
        return version_tuple(self.timescaledb), version_tuple(self.postgresql), self.engine

    @property
    def cells(self) -> tuple[object, ...]:
        """The values of the columns."""
        *words, _, accepted = asdict(self).values()
        return *words, accepted, sum(self.not_checked.values())


def run_of(document: dict[str, Any]) -> Run:
    """Read a run from its `verdict.json`."""
    engine, counts = document["engine"], document["counts"]
    return Run(
        engine["postgresql"],
        engine["timescaledb"],
        engine["edition"],
        engine["name"],
        document["verdict"].replace("_", " "),
        counts["facts"],
        counts["tests"],
        counts["findings"],
        dict(Counter(item["reason"] for item in document["not_checked"])),
        # Verdicts of earlier versions have neither.
        counts.get("accepted", 0) + counts.get("old", 0),
    )


def collect(files: Iterable[Path]) -> list[Run]:
    """Read the runs from their `verdict.json` files, sorted by version.

    Raises:
        ConformanceError: there are no files, or a file is not a run's verdict.
    """
    runs = [_read(file) for file in files]
    if not runs:
        raise ConformanceError(
            "There is no verdict.json of a run.", "Run conformance check --reports FOLDER/NAME."
        )
    return sorted(runs, key=lambda run: run.order)


def as_json(runs: Iterable[Run]) -> str:
    """Return the runs as a JSON list that ends with a newline."""
    return json.dumps([asdict(run) for run in runs], indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> list[Run]:
    """Read runs that `as_json` has written."""
    return [Run(**item) for item in json.loads(text)]


def render(runs: Iterable[Run]) -> str:
    """Render a Markdown table, and below it the reasons for unchecked items."""
    runs = list(runs)
    rule = ["---"] * (len(_COLUMNS) - _NUMBERS) + ["---:"] * _NUMBERS
    lines = [_line(_COLUMNS), _line(rule), *(_line(map(cell, run.cells)) for run in runs)]
    reasons = dict.fromkeys(reason for run in runs for reason in run.not_checked)
    notes = [f"- {cell(reason)}: {_where(reason, runs)}" for reason in reasons]
    return "\n".join([*lines, *(["", "Not checked, because", ""] if notes else []), *notes]) + "\n"


def _where(reason: str, runs: Iterable[Run]) -> str:
    return ", ".join(
        f"{count} on {run.timescaledb or run.engine}"
        for run in runs
        if (count := run.not_checked.get(reason))
    )


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _read(file: Path) -> Run:
    try:
        return run_of(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConformanceError(
            f"{file} is not the verdict of a run.", "Delete the file, or run the check again."
        ) from None
