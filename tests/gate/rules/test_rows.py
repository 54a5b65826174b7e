"""What is said of rows that were there, on made-up states."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from conformance.comparing.facts import FactKey
from conformance.gate.evidence.evidence import Evidence
from conformance.gate.evidence.state import Contents, State
from conformance.gate.revisions.new import Revision
from conformance.gate.rules.rows import judge_rows
from conformance.intervals import Interval

REVISION = Revision("2", (), "", Path("2.py"), "2.py", {})
AGE = FactKey("policy", "t", "retention", "drop_after")


def state(rows=3, **facts):
    return State(facts.get("facts", {}), Counter(), {7: Contents(7, "t", False, rows, {}, ())})


def subjects(before, after):
    return [
        (item.code, item.subject) for item in judge_rows(Evidence(REVISION, before, after=after))
    ]


@pytest.mark.parametrize(
    ("rows", "code"), [(2, "data-lost"), (0, "data-lost"), (4, "data-changed")]
)
def test_fewer_rows_are_lost_and_more_are_others(rows, code):
    assert subjects(state(), state(rows)) == [(code, "t")]


def days(number):
    return {AGE: Interval.parse(f"{number} days")}


@pytest.mark.parametrize(
    ("earlier", "later", "found"),
    [
        ({}, days(30), True),
        (days(60), days(30), True),
        (days(30), days(30), False),
        (days(30), days(60), False),
        (days(30), {}, False),
        ({AGE: 500}, {AGE: 400}, True),
        ({AGE: 400}, {AGE: 500}, False),
        ({AGE: 400}, {AGE: 400}, False),
    ],
)
def test_a_retention_that_drops_more(earlier, later, found):
    expected = [("data-lost", "t.retention")] if found else []
    assert subjects(state(facts=earlier), state(facts=later)) == expected


def test_an_empty_table_loses_nothing():
    assert subjects(state(0), state(0, facts=days(30))) == []
