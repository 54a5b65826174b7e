"""Findings that a revision accepts."""

from __future__ import annotations

import pytest

from conformance.gate.evidence.report import GateFinding
from conformance.gate.rules.acceptance import accept

SCAN = GateFinding("lock-scan", "2", "curves", "It reads.", "Wait.")
OTHER = GateFinding("lock-scan", "2", "signals", "It reads.", "Wait.")
FAILED = GateFinding("upgrade-failed", "2", "", "It fails.", "Mend it.")
REFUSED = GateFinding("compression-forbids", "2", "", "It is refused.", "Mend it.")


def outcome(accepted, *findings, **more):
    return [
        (item.code, item.subject, item.accepted) for item in accept("2", accepted, findings, **more)
    ]


def test_by_code():
    assert outcome({"lock-scan": " tiny "}, SCAN, OTHER) == [
        ("lock-scan", "curves", "tiny"),
        ("lock-scan", "signals", "tiny"),
    ]


def test_by_code_and_subject():
    assert outcome({"lock-scan:curves": "tiny"}, SCAN, OTHER) == [
        ("lock-scan", "curves", "tiny"),
        ("lock-scan", "signals", None),
    ]


def test_without_a_reason():
    assert outcome({"lock-scan": ""}, SCAN) == [
        ("lock-scan", "curves", None),
        ("accepted-without-reason", "lock-scan", None),
    ]


@pytest.mark.parametrize("key", ["rewrite", "lock-scan:signals", "no-such-code", "upgrade-failed"])
def test_what_does_not_occur(key):
    assert outcome({key: "why"}, SCAN) == [
        ("lock-scan", "curves", None),
        ("accepted-in-vain", key, None),
    ]


def test_a_code_that_nobody_knows_is_called_so():
    (finding,) = accept("2", {"lock-hold": "why"}, [])
    assert "no finding can have that name" in finding.message


@pytest.mark.parametrize("finding", [FAILED, REFUSED])
def test_an_upgrade_that_fails_cannot_be_accepted(finding):
    assert outcome({finding.code: "why"}, finding, judged=False) == [(finding.code, "", None)]


def test_squawk_is_asked_first():
    accepted = {"squawk:renaming-column": "nobody uses it"}
    assert outcome(accepted) == [("accepted-in-vain", "squawk:renaming-column", None)]
    assert outcome(accepted, squawk_ran=False) == []


def test_what_compression_forbids_can_be_accepted_where_the_upgrade_succeeds():
    assert outcome({REFUSED.code: "why"}, REFUSED) == [(REFUSED.code, "", "why")]


def test_a_finding_that_is_not_accepted_hides_none_that_is():
    rewrite = GateFinding("rewrite", "2", "curves", "It writes.", "Wait.")
    assert outcome({"rewrite": "tiny"}, SCAN, rewrite) == [
        ("lock-scan", "curves", None),
        ("rewrite", "curves", "tiny"),
    ]
