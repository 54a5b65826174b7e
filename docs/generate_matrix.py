"""Write docs/matrix.md from docs/matrix.json, the runs that were seen, and docs/faults.toml.

    python docs/generate_matrix.py

`conformance matrix FOLDER` collects runs into such a file.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from conformance.reports import matrix  # noqa: E402 - after the project's folder is on the path

RUNS = ROOT / "docs" / "matrix.json"
FAULTS = ROOT / "docs" / "faults.toml"
PAGE = ROOT / "docs" / "matrix.md"

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
`build/conformance/matrix.md`. `conformance matrix` writes it for the reports of any runs.

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
    runs = matrix.render(matrix.from_json(RUNS.read_text(encoding="utf-8")))
    lines = (f"| {f['what']} | {f['then']} | {_shown_by(f)} |\n" for f in faults())
    return HEAD + runs + FAULTS_HEAD + "".join(lines)


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
    PAGE.write_text(page(), encoding="utf-8")
