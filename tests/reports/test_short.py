"""The verdict in a few lines, after each change."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from conformance.comparing.findings import Accepted, NotChecked
from conformance.comparing.verdict import Verdict
from conformance.reports.verdict import short

from .test_pages import COLUMN, ENGINE, INTERVAL

CONFORMING = Verdict(ENGINE, facts=1179, seconds=6.6)


def shown(verdict):
    console = Console(file=io.StringIO(), width=200)
    short.show(verdict, console, "12:03:41")
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("verdict", "lines"),
    [
        (CONFORMING, ["12:03:41 conforms: 1,179 facts hold, in 6.6 s"]),
        (replace(CONFORMING, facts=1), ["12:03:41 conforms: 1 fact holds, in 6.6 s"]),
        (
            replace(CONFORMING, findings=(COLUMN, INTERVAL)),
            [
                "12:03:41 differs: 2 findings, 1,179 facts hold, in 6.6 s",
                "  ✗ hypertable readings: chunk interval is 7 days",
                "  ! column readings.value is missing",
            ],
        ),
        (
            replace(
                CONFORMING, not_checked=(NotChecked("a", "b"),), old=(INTERVAL,),
                accepted=(Accepted(INTERVAL, "why"),),
            ),
            [
                "12:03:41 conforms: 1,179 facts hold, 1 not checked, 1 accepted, 1 old, in 6.6 s",
            ],
        ),
        (
            Verdict(ENGINE, could_not_run="No server [answers]."),
            ["12:03:41 could not run: No server [answers]."],
        ),
    ],
)  # fmt: skip
def test_lines(verdict, lines):
    assert shown(verdict) == lines


def test_many_findings_are_counted():
    lines = shown(replace(CONFORMING, findings=(INTERVAL,) * 12))
    assert len(lines) == 12
    assert lines[-1] == "  …and 2 more findings."
