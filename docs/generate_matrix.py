"""Write docs/matrix.md from docs/matrix.json, the runs that were seen.

    python docs/generate_matrix.py

`conformance matrix FOLDER` collects runs into such a file.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from conformance.reports import matrix  # noqa: E402 - after the project's folder is on the path

RUNS = ROOT / "docs" / "matrix.json"
PAGE = ROOT / "docs" / "matrix.md"

HEAD = """\
<!-- Written by docs/generate_matrix.py from docs/matrix.json; do not edit. -->
# What runs where

TimescaleDB 2.17 and later on PostgreSQL 15 to 18 is supported, in both editions. An older one is
refused in one sentence before anything is created; a newer one than any that was seen is used,
and noted in the report.

What each needs:

- The suite: a server that loads TimescaleDB, and a role that may create databases and the
  extension.
- `conformance audit`: a role that may connect to a database with the extension; it may be
  read-only.
- The migration: a role that may create the extension and tables, and the Community edition or
  `-x apache=allow`.

What a server cannot decide is not checked, and never counted as passed: the Apache edition has no
compression and no policies, and some checks need several sessions or a server that can be stopped.

## Seen

Each line is one run of `conformance check` over the models and the migration of this project. The
numbers grow with the suite. `.ci/run` makes this table anew for the engines it has, in
`build/conformance/matrix.md`; so does `conformance matrix` for the reports of any runs.

"""


def page() -> str:
    """The whole file."""
    return HEAD + matrix.render(matrix.from_json(RUNS.read_text(encoding="utf-8")))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
