"""Write docs/census.md from the census' table.

python docs/generate_census.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from conformance.comparing.census.postgresql import POSTGRESQL  # noqa: E402 - the path is set above
from conformance.comparing.census.timescaledb import TIMESCALEDB  # noqa: E402
from conformance.comparing.facts import EXISTS, KINDS, FactKey  # noqa: E402
from conformance.comparing.seen import is_seen  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.census.treatment import Table, Treatment

PAGE = ROOT / "docs" / "census.md"

HEAD = """\
# The census

`python docs/generate_census.py` writes this page from the code; do not edit it. A test fails while
the page is stale.

A verdict accounts for every object in scope: all objects in the schemas of the models, and all
objects of the whole database. Each object is either

- **judged**: the object is a fact, and a finding if the models and the database disagree; or
- **seen, not judged**: no model declares the object, and the object changes neither rows nor
  plans. The verdict names the object. An object that a model declares is always judged.

An object that belongs to an extension is a part of the extension. The verdict names functions,
operators, casts and views of an extension or of PostgreSQL that were altered after `CREATE
EXTENSION` or initdb; pg_upgrade makes all members of an extension anew. The verdict also names
tables and schemas of both on which somebody has further privileges. Chunks, materializations and
compressed tables are parts of their hypertable or continuous aggregate. The sequence of a column is
a part of the column.

The census reads the server's own catalogs. The tables below say how each relation and column of
the catalogs is treated. If the server has a relation or column that the tables lack, the verdict
names it: "TimescaleDB 2.99.0 has timescaledb_information.something, which this version does not
check".

## Kinds of objects

| kind | an undeclared object is |
| --- | --- |
"""

POSTGRESQL_HEAD = """
## PostgreSQL

Tables of `pg_catalog` in PostgreSQL 15 to 18. The views of `pg_catalog` are left out: they show
what these tables contain, or what the server is doing.

"""

TIMESCALEDB_HEAD = """
## TimescaleDB

Tables and views that belong to the extension, in 2.17 to 2.29 and 2.30's development.

"""


def kinds() -> Iterator[str]:
    """A row for each kind of fact."""
    for kind in KINDS:
        key = FactKey(kind, "", "", EXISTS)
        yield f"| {kind} | {'seen, not judged' if is_seen(key, True) else 'a finding'} |\n"


def relations(table: Table) -> Iterator[str]:
    """A row for each relation."""
    yield "| relation | kinds | judged | seen | not read, and why |\n"
    yield "| --- | --- | --- | --- | --- |\n"
    for name, treatment in sorted(table.items()):
        yield f"| `{name}` | {', '.join(treatment.kinds)} | {columns(treatment.judged)} "
        yield f"| {columns(treatment.seen)} | {irrelevant(treatment)} |\n"


def columns(names: str) -> str:
    """As code, one after the other."""
    return ", ".join(f"`{name}`" for name in names.split())


def irrelevant(treatment: Treatment) -> str:
    """Why nothing, or which columns, are looked at."""
    if treatment.reason:
        return treatment.reason
    return "<br>".join(
        f"{columns(names)}: {reason}" for reason, names in treatment.irrelevant.items()
    )


def page() -> str:
    """The whole file."""
    parts = [HEAD, *kinds(), POSTGRESQL_HEAD, *relations(POSTGRESQL)]
    return "".join([*parts, TIMESCALEDB_HEAD, *relations(TIMESCALEDB)]).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
