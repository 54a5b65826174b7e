"""Every kind that is declared by name alone: three alterations of each, and what changes nothing.

The objects are those of the census, one of each kind.
"""

from __future__ import annotations

import pytest

from conformance.declarations import DatabaseObject
from conformance.declarations.objects import OBJECT_KINDS

from .test_census import SEEN

#: What no transaction of a test can make: of a server that is set up for it.
NOT_MADE = {"security_label", "subscription"}
FURTHER = (
    ("window_function", "nth()",
     "CREATE FUNCTION nth() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number'"),
)  # fmt: skip
CASES = [
    pytest.param(kind, name, sql, id=kind)
    for kind, name, sql in (*SEEN, *FURTHER)
    if kind in OBJECT_KINDS
]
NAMES = [pytest.param(*case.values[:2], id=case.id) for case in CASES]
each_kind = pytest.mark.parametrize(("kind", "name", "sql"), CASES)


@pytest.fixture
def make(database):
    """Make the object, and say what the server calls its definition; None where it tells none."""

    def made(kind: str, name: str, sql: str) -> str | None:
        if kind == "conversion" and not database.capabilities.concurrent_sessions:
            pytest.skip("the embedded server ends when it loads a conversion's library")
        database.execute(sql)
        found = (
            item for item in database.compare().seen if (item.kind, item.object) == (kind, name)
        )
        return next(found).reason or None

    return made


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_one_that_is_not_there(database, kind, name):
    database.expect({f"{kind}:{name}:exists"}, database.requiring(DatabaseObject(kind, name)))


@each_kind
def test_one_under_another_name(database, make, kind, name, sql):
    make(kind, name, sql)
    other = DatabaseObject(kind, f"other {name}")
    database.expect({f"{kind}:other {name}:exists"}, database.requiring(other))
    both = database.requiring(other, DatabaseObject(kind, name))
    database.expect({f"{kind}:other {name}:exists"}, both)


@each_kind
def test_one_of_another_definition(database, make, kind, name, sql):
    """Or, where the server tells none, of any."""
    make(kind, name, sql)
    other = database.requiring(DatabaseObject(kind, name, "made otherwise"))
    database.expect({f"{kind}:{name}:definition"}, other)


@each_kind
def test_one_as_declared(database, make, kind, name, sql):
    definition = make(kind, name, sql)
    database.expect((), database.requiring(DatabaseObject(kind, name)))
    # Of a schema it is not a definition that is said.
    if definition is not None and kind != "schema":
        compared = database.compare(database.requiring(DatabaseObject(kind, name, definition)))
        assert not compared.findings
        assert (kind, name) not in {(item.kind, item.object) for item in compared.seen}


def test_every_kind_has_an_object():
    assert {case.values[0] for case in CASES} | NOT_MADE == set(OBJECT_KINDS)
