"""A verdict: its result, its counts, and its data for reports."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import (
    NEWEST_TIMESCALEDB_SEEN,
    REASONS,
    Capabilities,
    Server,
    version_tuple,
)
from conformance.comparing.findings import Finding, NotChecked, Seen
from conformance.comparing.verdict import EngineUsed, Verdict, describe_counts

ENGINE = EngineUsed("url", "server at localhost", "17.5", "2.23.0", "community")
FINDING = Finding("t:a:b", "t", "a", "b", "missing", 1, None, "It is missing.", "Make it.")


@pytest.mark.parametrize(
    ("verdict", "word", "code"),
    [
        (Verdict(ENGINE), "conforms", 0),
        (Verdict(ENGINE, not_checked=(NotChecked("a", "why"),)), "conforms", 0),
        (Verdict(ENGINE, (FINDING,)), "differs", 1),
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
    )  # fmt: skip
    counts = {
        "facts": 3, "tests": 4, "findings": 1, "consequences": 5, "rows": 6, "examples": 0,
        "histories": 7, "not_checked": 2, "objects": 9, "seen": 2,
    }  # fmt: skip
    assert verdict.counts == counts
    assert list(verdict.counts) == list(counts)
    assert verdict.as_data() == {
        "verdict": "differs",
        "engine": {
            "name": "url", "description": "server at localhost", "postgresql": "17.5",
            "timescaledb": "2.23.0", "edition": "community", "note": "",
        },
        "counts": counts,
        "generated": {"seed": 1},
        "findings": [
            {
                "id": "t:a:b", "kind": "t", "object": "a", "attribute": "b",
                "disagreement": "missing", "expected": 1, "observed": None,
                "message": "It is missing.", "hint": "Make it.", "severity": "error",
            }
        ],
        "seen": [
            {"kind": "view", "object": "v"}, {"kind": "cast", "object": "c", "reason": "why"},
        ],
        "accounted": {"table": 8, "view": 1},
        "not_checked": [{"id": "a", "reason": "why"}, {"id": "b", "reason": "why"}],
        "seconds": 1.235,
        "stages": {"rows": 0.123},
    }  # fmt: skip
    assert Verdict(ENGINE, could_not_run="No.").as_data()["message"] == "No."


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
    assert str(server) == "PostgreSQL 17.5, TimescaleDB 2.23.0 (community edition)"
    assert EngineUsed.of("url", "server at localhost", server) == ENGINE
    assert EngineUsed.of("url", "here", server, "Chosen by auto.").note == "Chosen by auto."


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
