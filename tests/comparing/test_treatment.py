"""The census' table says what is done with every column of a catalog; what it lacks is told."""

from __future__ import annotations

from conformance.comparing.census.treatment import Treatment, untreated

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
