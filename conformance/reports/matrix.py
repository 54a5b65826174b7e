"""What ran where: one line for each run, from the verdicts that the runs have written."""

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
    "findings", "not checked",
)  # fmt: skip
_NUMBERS = 4


@dataclass(frozen=True)
class Run:
    """One run of the suite.

    Attributes:
        verdict: `conforms`, `differs` or `could not run`.
        not_checked: how many were not checked, by reason.
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

    @property
    def order(self) -> tuple[object, ...]:
        """By TimescaleDB's version, then PostgreSQL's; what could not run comes first."""
        return version_tuple(self.timescaledb), version_tuple(self.postgresql), self.engine

    @property
    def cells(self) -> tuple[object, ...]:
        """What stands in the columns."""
        *words, _ = asdict(self).values()
        return *words, sum(self.not_checked.values())


def run_of(document: dict[str, Any]) -> Run:
    """The run whose `verdict.json` this is."""
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
    )


def collect(files: Iterable[Path]) -> list[Run]:
    """The runs of which these are the `verdict.json`, in the order of the versions.

    Raises:
        ConformanceError: there is none, or a file is not the verdict of a run.
    """
    runs = [_read(file) for file in files]
    if not runs:
        raise ConformanceError(
            "No run has left a verdict.json there.", "Run conformance check --reports FOLDER/NAME."
        )
    return sorted(runs, key=lambda run: run.order)


def as_json(runs: Iterable[Run]) -> str:
    """The runs as a list of objects, with a newline at the end."""
    return json.dumps([asdict(run) for run in runs], indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> list[Run]:
    """The runs that `as_json` has written."""
    return [Run(**item) for item in json.loads(text)]


def render(runs: Iterable[Run]) -> str:
    """A Markdown table, and below it why something was not checked."""
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
            f"{file} is not the verdict of a run.", "Delete it, or run the check again."
        ) from None
