"""The options of a sequence that differ from PostgreSQL's defaults."""

from __future__ import annotations

import pytest

from conformance.comparing.sequences import INTEGER_TYPES, Sequence

LARGEST = {"smallint": 32767, "integer": 2147483647, "bigint": 9223372036854775807}


def test_the_types():
    assert set(LARGEST) == INTEGER_TYPES


@pytest.mark.parametrize(("kind", "largest"), LARGEST.items())
def test_the_defaults_of_every_type_go_without_saying(kind, largest):
    assert Sequence(kind).describe("always") == "always"
    assert Sequence(kind, 1, 1, 1, largest, 1, False).describe("always") == "always"
    down = Sequence(kind, -1, -1, -largest - 1, -1, 1, False)
    assert down.describe("by default") == "by default (increment -1)"
    assert Sequence(kind, increment=-1).describe("always") == "always (increment -1)"
    # Those of older dumps go further than their column.
    assert Sequence(kind, minvalue=1, maxvalue=2**70).describe("always") == "always"
    far = Sequence(kind, increment=-1, minvalue=-(2**70), maxvalue=-1)
    assert far.describe("always") == "always (increment -1)"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"start": 100}, "start 100"),
        ({"increment": 10}, "increment 10"),
        ({"minvalue": 5}, "minvalue 5"),
        ({"minvalue": 0, "start": 1}, "start 1, minvalue 0"),
        ({"maxvalue": 9}, "maxvalue 9"),
        ({"cache": 20}, "cache 20"),
        ({"cycle": True}, "cycle"),
        ({"cycle": True, "start": 2, "cache": 3}, "start 2, cache 3, cycle"),
        ({"increment": -2, "maxvalue": 7}, "increment -2, maxvalue 7"),
        ({"increment": -1, "start": 1, "maxvalue": 5}, "start 1, increment -1, maxvalue 5"),
    ],
)
def test_what_is_not_the_default(changes, told):
    assert Sequence("smallint", **changes).describe("always") == f"always ({told})"
