"""Write docs/matrix.md from docs/matrix.json, the runs that were seen, and docs/faults.toml.

    python docs/generate_matrix.py

With a FOLDER of reports it prints such a table of the runs below it, and writes it and their JSON
into the folder.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# After the project's folder is on the path.
from conformance.comparing.capabilities import version_tuple  # noqa: E402
from conformance.reports.templates import cell  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable

    #: What a row says of a run of the suite; `not_checked` is a number by reason.
    Run = dict[str, Any]

RUNS = ROOT / "docs" / "matrix.json"
FAULTS = ROOT / "docs" / "faults.toml"
PAGE = ROOT / "docs" / "matrix.md"

_WORDS = ("PostgreSQL", "TimescaleDB", "edition", "engine", "verdict")
_NUMBERS = ("facts hold", "tests pass", "findings", "accepted", "not checked")

HEAD = """\
<!-- Written by docs/generate_matrix.py from docs/matrix.json and docs/faults.toml; do not edit. -->
# What runs where

The tool supports TimescaleDB 2.17 and later on PostgreSQL 15 to 18, in both editions. An older
server is refused with one sentence before anything is created. A server that is newer than every
tested version is used, and the report says so.

| to run | needs |
| --- | --- |
| the suite | a server that loads TimescaleDB; a role that may create databases and the extension |
| `conformance audit` | a database with the extension; a role that may connect and read |
| the migration | the Community edition, or `-x apache=allow`; a role that may create tables |

A check that a server cannot decide is *not checked*, and never counts as passed. The Apache
edition has no compression and no policies. Some checks need several sessions, or a server that can
be stopped.

## Seen

Each line is one run of `conformance check` over the models and the migration of this project. The
numbers grow with the suite. `.ci/run` writes such a table for the engines of its machine, in
`build/conformance/matrix.md`; `docs/generate_matrix.py FOLDER` does that for any reports.

"""


FAULTS_HEAD = """
## Faults

What happens when something else goes wrong. Each line but those that say so is tested; `make test`
fails if a test is missing.

| fault | what happens | shown by |
| --- | --- | --- |
"""


def page() -> str:
    """The whole file."""
    runs = table(json.loads(RUNS.read_text(encoding="utf-8")))
    lines = (f"| {f['what']} | {f['then']} | {_shown_by(f)} |\n" for f in faults())
    return HEAD + runs + FAULTS_HEAD + "".join(lines)


def run_of(verdict: Path) -> Run:
    """Read a run from its `verdict.json`."""
    document = json.loads(verdict.read_text(encoding="utf-8"))
    engine, counts = document["engine"], document["counts"]
    return {
        **{name: engine[name] for name in ("postgresql", "timescaledb", "edition")},
        "engine": engine["name"],
        "verdict": document["verdict"].replace("_", " "),
        **{name: counts[name] for name in ("facts", "tests", "findings")},
        "not_checked": Counter(item["reason"] for item in document["not_checked"]),
        "accepted": counts["accepted"] + counts["old"],
    }


def collected(folder: Path) -> list[Run]:
    """The runs whose reports are below the folder, by version; those without a verdict first."""
    found = map(run_of, sorted(folder.glob("*/verdict.json")))
    return sorted(
        found,
        key=lambda run: (
            *map(version_tuple, (run["timescaledb"], run["postgresql"])),
            run["engine"],
        ),
    )


def table(runs: list[Run]) -> str:
    """A Markdown table, and below it the reasons for unchecked items."""
    rule = ["---"] * len(_WORDS) + ["---:"] * len(_NUMBERS)
    lines = [_line((*_WORDS, *_NUMBERS)), _line(rule)]
    for run in runs:
        *others, not_checked = (value for name, value in run.items() if name != "accepted")
        totals = run.get("accepted", 0), sum(not_checked.values())
        lines.append(_line(map(cell, (*others, *totals))))
    reasons = dict.fromkeys(reason for run in runs for reason in run["not_checked"])
    notes = [f"- {cell(reason)}: {_where(reason, runs)}" for reason in reasons]
    return "\n".join([*lines, *(["", "Not checked, because", ""] if notes else []), *notes]) + "\n"


def _where(reason: str, runs: list[Run]) -> str:
    return ", ".join(
        f"{count} on {run['timescaledb'] or run['engine']}"
        for run in runs
        if (count := run["not_checked"].get(reason))
    )


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def faults() -> list[dict[str, str]]:
    """Each fault: `what` it is, what happens `then`, and its `test` or why it is `untested`."""
    listed: list[dict[str, str]] = tomllib.loads(FAULTS.read_text(encoding="utf-8"))["fault"]
    return listed


def _shown_by(fault: dict[str, str]) -> str:
    if "test" not in fault:
        return f"not tested here: {fault['untested']}"
    file, _, name = fault["test"].partition("::")
    return f"[{name.rpartition('::')[2]}](../{file})"


if __name__ == "__main__":
    if sys.argv[1:]:
        folder = Path(sys.argv[1])
        runs = collected(folder)
        text = json.dumps(runs, indent=2, ensure_ascii=False) + "\n"
        (folder / "matrix.json").write_text(text, encoding="utf-8")
        (folder / "matrix.md").write_text(table(runs), encoding="utf-8")
        sys.stdout.write(table(runs))
    else:
        PAGE.write_text(page(), encoding="utf-8")
