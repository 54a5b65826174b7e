"""Tables that a revision touches, and that had no rows to show what it does to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from conformance.gate.evidence.state import State
from conformance.gate.rules.outcomes import tables_without_rows

from .cases import REVISION, TABLE, Evidence, lock, statement

BEFORE = State(
    {},
    Counter(),
    {7: TABLE, 8: replace(TABLE, name="b", rows=0), 9: replace(TABLE, name="a", rows=0)},
)


def touched(sql, *locks):
    return tables_without_rows(Evidence(REVISION, BEFORE, (statement(1, sql, locks=locks),)))


def test_the_empty_ones_are_named():
    assert touched("ALTER TABLE", lock("a"), lock("b"), lock("t")) == ["a", "b"]


@pytest.mark.parametrize(
    ("sql", "mode", "existed", "found"),
    [
        ("ALTER TABLE a", "ACCESS EXCLUSIVE", True, ["a"]),
        ("ALTER TABLE a", "ACCESS EXCLUSIVE", False, []),
        ("SELECT 1 FROM a", "ACCESS SHARE", True, []),
        ("INSERT INTO a", "ROW EXCLUSIVE", True, []),
        ("UPDATE a", "ROW EXCLUSIVE", True, ["a"]),
        ("DELETE FROM a", "ROW EXCLUSIVE", True, ["a"]),
        ("DELETE FROM a", "ROW EXCLUSIVE", False, []),
    ],
)
def test_what_counts_as_touching(sql, mode, existed, found):
    assert touched(sql, lock("a", mode, existed=existed)) == found
