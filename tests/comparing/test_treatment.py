"""The census' table says what is done with every column of a catalog; what it lacks is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.comparing.census.postgresql import POSTGRESQL
from conformance.comparing.census.treatment import Treatment, untreated

CATALOGS = Path(__file__).with_name("catalogs.txt")

TABLE = {
    "pg_looked": Treatment(
        judged="oid name", seen="owner", irrelevant={"a counter": "pages rows", "a copy": "kind"}
    ),
    "pg_left": Treatment(reason="of the whole server"),
}


def test_what_is_done_with_a_column():
    assert TABLE["pg_looked"].columns == {
        "oid": "judged", "name": "judged", "owner": "seen", "pages": "irrelevant: a counter",
        "rows": "irrelevant: a counter", "kind": "irrelevant: a copy",
    }  # fmt: skip
    assert TABLE["pg_left"].columns == {}


def test_what_a_server_has_and_the_table_lacks():
    found = {
        "pg_new": ["oid", "name"],
        "pg_looked": ["oid", "newest", "pages", "newer", "kind"],
        "pg_left": ["oid", "name"],
        "pg_added": ["oid"],
    }
    assert list(untreated(TABLE, found)) == [
        "pg_added", "pg_looked.newest", "pg_looked.newer", "pg_new",
    ]  # fmt: skip
    assert not [*untreated(TABLE, {"pg_looked": [*TABLE["pg_looked"].columns], "pg_left": ["x"]})]


def catalogs(version):
    """Table of pg_catalog -> its columns on this version of PostgreSQL."""
    found = {}
    _, *tables = re.split(r"^(?=pg_)", CATALOGS.read_text(), flags=re.MULTILINE)
    for table in tables:
        name, _, words = table.partition(": ")
        columns = (word.partition(":") for word in words.split())
        found[name] = [
            column for column, _, only in columns if not only or str(version) in only.split(",")
        ]
    return {name: columns for name, columns in found.items() if columns}


@pytest.mark.parametrize("version", [15, 16, 17, 18])
def test_every_table_and_column_of_each_postgresql_is_treated(version):
    """Also of the versions that the tests have no server of."""
    found = catalogs(version)
    assert len(found) >= 64
    assert list(untreated(POSTGRESQL, found)) == []


def test_nothing_is_treated_that_no_postgresql_has():
    found = {
        name: {c for version in (15, 16, 17, 18) for c in catalogs(version)[name]}
        for name in POSTGRESQL
    }
    left = {
        name: set(treatment.columns) - found[name]
        for name, treatment in POSTGRESQL.items()
        if not treatment.reason and set(treatment.columns) - found[name]
    }
    assert left == {}
