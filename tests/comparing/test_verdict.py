"""A verdict: its result, its counts, and its data for reports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from conformance.comparing.capabilities import (
    NEWEST_TIMESCALEDB_SEEN,
    REASONS,
    Capabilities,
    Server,
    version_tuple,
)
from conformance.comparing.findings import Accepted, Finding, Left, NotChecked, Seen
from conformance.comparing.verdict import Baseline, EngineUsed, Verdict, describe_counts
from conformance.reports import json_report

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/verdict.schema.json").read_text(encoding="utf-8")
)
ENGINE = EngineUsed("url", "server at localhost", "17.5", "2.23.0", "community")
FINDING = Finding("t:a:b", "t", "a", "b", "missing", 1, None, "It is missing.", "Make it.")


@pytest.mark.parametrize(
    ("verdict", "word", "code"),
    [
        (Verdict(ENGINE), "conforms", 0),
        (Verdict(ENGINE, not_checked=(NotChecked("a", "why"),)), "conforms", 0),
        (Verdict(ENGINE, (FINDING,)), "differs", 1),
        (Verdict(ENGINE, (replace(FINDING, severity="warning"),)), "conforms", 0),
        (Verdict(ENGINE, accepted=(Accepted(FINDING, "why"),), old=(FINDING,)), "conforms", 0),
        (Verdict(ENGINE, (FINDING,), could_not_run="No server."), "could_not_run", 2),
        (Verdict(ENGINE, could_not_run=""), "could_not_run", 2),
    ],
)
def test_the_word_and_the_exit_code(verdict, word, code):
    assert (verdict.verdict, verdict.exit_code) == (word, code)


def test_data():
    verdict = Verdict(
        ENGINE, (FINDING,), (NotChecked("a", "why"), NotChecked("b", "why")), facts=3, tests=4,
        consequences=5, accounted={"table": 8, "view": 1},
        seen=(Seen("view", "v"), Seen("cast", "c", "why")), tried={"rows": 6, "histories": 7},
        generated={"seed": 1}, seconds=1.23456, stages={"rows": 0.12345},
        accepted=(Accepted(FINDING, "so", "2027-01-31"),),
        old=(replace(FINDING, id="t:a:c"),), left=(Left("b*", ("view b", "view c")),),
        moot=("t:a:d",), baseline=Baseline("base.json", 1, ("t:a:e",), "Written."),
    )  # fmt: skip
    counts = {
        "facts": 3, "tests": 4, "findings": 1, "consequences": 5, "rows": 6, "examples": 0,
        "histories": 7, "not_checked": 2, "objects": 9, "seen": 2, "warnings": 0, "notes": 0,
        "accepted": 1, "old": 1, "left": 2,
    }  # fmt: skip
    assert verdict.counts == counts
    assert list(verdict.counts) == list(counts)
    finding = {
        "id": "t:a:b", "kind": "t", "object": "a", "attribute": "b", "disagreement": "missing",
        "expected": 1, "observed": None, "message": "It is missing.", "hint": "Make it.",
        "severity": "error", "mendable": False, "others": (),
    }  # fmt: skip
    assert verdict.as_data() == {
        "verdict": "differs",
        "engine": {
            "name": "url", "description": "server at localhost", "postgresql": "17.5",
            "timescaledb": "2.23.0", "edition": "community", "note": "",
            "locale": "",
        },
        "counts": counts,
        "generated": {"seed": 1},
        "findings": [finding],
        "accepted": [{**finding, "reason": "so", "until": "2027-01-31"}],
        "old": [{**finding, "id": "t:a:c"}],
        "baseline": {"file": "base.json", "waiting": 1, "mended": ("t:a:e",), "note": "Written."},
        "left": [{"pattern": "b*", "count": 2, "objects": ["view b", "view c"]}],
        "seen": [
            {"kind": "view", "object": "v"}, {"kind": "cast", "object": "c", "reason": "why"},
        ],
        "accounted": {"table": 8, "view": 1},
        "not_checked": [{"id": "a", "reason": "why"}, {"id": "b", "reason": "why"}],
        "seconds": 1.235,
        "stages": {"rows": 0.123},
        "schema": None,
        "against": None,
    }  # fmt: skip
    assert Verdict(ENGINE, could_not_run="No.").as_data()["message"] == "No."
    for item in (verdict, Verdict(ENGINE, could_not_run="No.")):
        Draft202012Validator(SCHEMA).validate(json.loads(json_report.render(item)))


def test_findings_are_counted_by_severity():
    severities = ("error", "warning", "warning", "note", "note", "note")
    verdict = Verdict(ENGINE, tuple(replace(FINDING, severity=word) for word in severities))
    counts = verdict.counts
    assert (counts["findings"], counts["warnings"], counts["notes"]) == (6, 2, 3)


@pytest.mark.parametrize("part", ["findings", "accepted", "old"])
def test_the_schema_knows_every_key(part):
    given = Verdict(ENGINE, (FINDING,), accepted=(Accepted(FINDING, "so"),), old=(FINDING,))
    data = json.loads(json_report.render(given))
    validator = Draft202012Validator(SCHEMA)
    assert validator.is_valid(data)
    data[part][0]["unknown"] = 1
    assert not validator.is_valid(data)
    del data[part][0]["unknown"], data[part][0]["severity"]
    assert not validator.is_valid(data)


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        ({}, ""),
        ({"rows": 1}, "1 row"),
        ({"rows": 50, "examples": 1, "histories": 0}, "50 rows, 1 example"),
        ({"histories": 2, "examples": 3}, "3 examples, 2 histories"),
    ],
)
def test_what_was_tried_in_words(tried, words):
    assert describe_counts(tried) == words


def test_the_engine():
    told = "server at localhost: PostgreSQL 17.5, TimescaleDB 2.23.0 (community edition)"
    assert str(ENGINE) == told
    assert str(EngineUsed("url", "server at localhost")) == "server at localhost"
    server = Server("17.5", "2.23.0", "community")
    assert server.capabilities == Capabilities(community_edition=True)
    assert replace(server, edition="apache").capabilities == Capabilities(community_edition=False)
    assert str(server) == "PostgreSQL 17.5, TimescaleDB 2.23.0 (community edition)"
    assert EngineUsed.of("url", "server at localhost", server) == ENGINE
    assert EngineUsed.of("url", "here", server, "Chosen by auto.").note == "Chosen by auto."
    server = replace(server, locale="UTF8, C")
    assert EngineUsed.of("url", "server at localhost", server) == replace(ENGINE, locale="UTF8, C")


def test_a_server_newer_than_any_that_was_seen():
    major, minor = NEWEST_TIMESCALEDB_SEEN
    assert Server("17.5", f"{major}.{minor}.9", "apache").note is None
    server = Server("17.5", f"{major}.{minor + 1}.0", "apache")
    note = f"TimescaleDB {major}.{minor + 1}.0 is newer than {major}.{minor}, the newest one seen"
    assert server.note == note
    assert EngineUsed.of("url", "here", server, "Chosen.").note == f"Chosen. {note}."
    assert EngineUsed.of("url", "here", server).note == f"{note}."


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("2.23.0-dev", (2, 23, 0)),
        ("2.23", (2, 23)),
        ("2.x.1", (2,)),
        ("2.17-a-b.3", (2, 17)),
        ("", ()),
    ],
)
def test_versions(text, numbers):
    assert version_tuple(text) == numbers


def test_what_a_check_needs():
    able = Capabilities(copy=True, crashable=True)
    assert able.missing() is None
    assert able.missing("copy", "crashable") is None
    assert able.missing("copy", "restartable", "background_workers") == REASONS["restartable"]
    assert Capabilities() == Capabilities(False, False, False, False, False, False)
    with pytest.raises(
        KeyError, match=r"unknown capability 'telepathy'; there are background_workers, c"
    ):
        able.missing("telepathy")


def test_the_way_out_of_a_database_that_has_not_run_all_revisions():
    """A revision that mends what they are about to bring would bring it twice."""
    mendable = replace(FINDING, mendable=True)
    (_, command, _), *others = Verdict(ENGINE, (mendable,)).ways_out
    assert (command, others) == ("conformance fix", [])
    pending = replace(FINDING, id="migration:alembic:pending", severity="warning")
    (_, command, _), *others = Verdict(ENGINE, (mendable, pending)).ways_out
    assert (command, others) == ("alembic upgrade heads", [])
