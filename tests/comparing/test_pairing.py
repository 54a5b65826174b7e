"""Which of several relations that look alike is which."""

from __future__ import annotations

import pytest

from conformance.comparing.facts import EXISTS, FactKey
from conformance.comparing.pairing import mutual, pairs


def keys(tables):
    return [FactKey("table", table, "", EXISTS) for table in tables.split()]


@pytest.mark.parametrize(
    ("missing", "undeclared", "expected"),
    [
        ("a.x", "b.y", "a.x=b.y"),
        ("x", "y z", ""),
        ("x y", "z", ""),
        ("a.x", "", ""),
        ("a.x b.x", "a.y b.y", "a.x=a.y b.x=b.y"),
        ("a.x b.x c.x", "a.y b.y", "a.x=a.y b.x=b.y"),
        ("b.x b.y", "a.x a.y", "b.x=a.x b.y=a.y"),
        ("a.x a.y", "x y", "a.x=x a.y=y"),
        ("a.x b.y", "a.y b.x", ""),
        ("a.x", "a.y b.x", ""),
        ("a.x a.y b.z", "a.u a.v b.w", "b.z=b.w"),
    ],
    ids=[
        "the only one",
        "one of two",
        "two of one",
        "none",
        "in each schema",
        "not in a new schema",
        "of the same name",
        "out of the default schema",
        "schema and name disagree",
        "schema or name",
        "a schema of two",
    ],
)
def test_the_one_that_it_can_be(missing, undeclared, expected):
    found = pairs(keys(missing), keys(undeclared))
    assert " ".join(f"{one.table}={other.table}" for one, other in found) == expected


def test_two_columns_of_a_table_are_a_pair():
    missing, undeclared = (FactKey("column", "t", name, EXISTS) for name in "ab")
    assert [*pairs([missing], [undeclared])] == [(missing, undeclared)]


@pytest.mark.parametrize(
    ("missing", "undeclared", "expected"),
    [
        ("a1", "b1", "a1=b1"),
        ("a1", "b2", ""),
        ("a1 a2", "b2 b1", "a1=b1 a2=b2"),
        ("a1 c1 a2", "b2 b1 d1", "a2=b2"),
        ("a1 a2", "b1 b3", "a1=b1"),
        ("a1 c1", "b1 b2", ""),
        ("a1", "b1 b2", ""),
        ("a1 a2", "b1", ""),
    ],
    ids=[
        "one",
        "another definition",
        "two",
        "two of three",
        "one of two",
        "two like one",
        "one was dropped",
        "one was added",
    ],
)
def test_what_is_like_one_and_like_nothing_else(missing, undeclared, expected):
    """The number is the definition."""
    found = mutual(keys(missing), keys(undeclared), lambda one, other: one[1][-1] == other[1][-1])
    assert " ".join(f"{one.table}={other.table}" for one, other in found) == expected
