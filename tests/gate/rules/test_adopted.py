"""What the project makes of the gate's findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from conformance.comparing.acceptance import Acceptance, Policy
from conformance.comparing.findings import NotChecked
from conformance.comparing.verdict import EngineUsed
from conformance.gate.evidence.report import GateFinding, GateReport, RevisionReport
from conformance.gate.rules.adopted import settle

FACT = "column:places.area:exists"
DRIFT = GateFinding("drift", "0002", FACT, "The column is there.", "Declare it.")
HELD = GateFinding("lock-held", "0002", "places", "A lock is held.", "Commit between.")
SCAN = GateFinding("lock-scan", "0002", "places", "Rows are read.", "Wait.")
OFFLINE = GateFinding("offline-differs", "0002", "", "It does something else.", "Ask in SQL.")
NO_TIMEOUT = GateFinding("no-lock-timeout", "0002", "places", "It waits.", "SET lock_timeout.")
FAILED = GateFinding("upgrade-failed", "0002", "", "The upgrade fails.", "Mend it.")


def report(*findings, **values):
    return GateReport(
        EngineUsed("url", "server"), "main", "0001", (RevisionReport("0002", "", "0002.py"),),
        findings, **values,
    )  # fmt: skip


def settled(*findings, accepted=(), **values):
    policy = Policy("gate", date(2027, 3, 31), accepted, **values)
    return settle(report(*findings), policy)


@pytest.mark.parametrize(
    "name", [FACT, f"drift:0002:{FACT}", f"drift:{FACT}", "drift", "column:places.*", "drift:*"]
)
def test_accepted_by_any_of_its_names(name):
    found = settled(DRIFT, accepted=(Acceptance(name, "it is the vendor's"),))
    assert found.verdict == "passes"
    assert [item.accepted for item in found.findings] == ["it is the vendor's"]
    assert found.counts["accepted"] == 1


def test_what_a_check_found_on_the_first_day_is_old():
    found = settled(DRIFT, old={FACT})
    assert (found.verdict, found.findings[0].accepted) == ("passes", "The baseline has it.")
    assert settled(HELD, old={FACT}).verdict == "fails"


def test_only_drift_is_called_by_its_subject():
    assert settled(HELD, accepted=(Acceptance("places", "x"),)).verdict == "fails"


def test_after_its_last_day_it_fails_again():
    found = settled(DRIFT, accepted=(Acceptance(FACT, "soon", date(2027, 3, 1)),))
    assert found.verdict == "fails"
    assert found.findings[0].message == (
        "The column is there (accepted until 2027-03-01, which is over: soon)."
    )


@pytest.mark.parametrize(
    ("message", "words"),
    [("Drops column X.", "Drops column X (accepted"), ("Drops X", "Drops X (accepted")],
)
def test_a_message_ends_with_one_full_stop(message, words):
    over = Acceptance(FACT, "soon", date(2027, 3, 1))
    (found,) = settled(replace(DRIFT, message=message), accepted=(over,)).findings
    assert found.message == f"{words} until 2027-03-01, which is over: soon)."
    (found,) = settled(replace(DRIFT, message=message)).findings
    assert found.message == message


def test_without_a_new_revision_no_rule_is_missed():
    policy = Policy("gate", date(2027, 3, 31), house_rules={"offline_sql": False})
    assert settle(replace(report(), revisions=()), policy).not_checked == ()


def test_severities():
    assert settled(HELD, severities={"lock-held": "warning"}).verdict == "passes"
    found = settled(HELD, SCAN, severities={"lock-*": "error", "lock-held": "warning"})
    assert [(item.code, item.severity) for item in found.findings] == [
        ("lock-scan", "error"), ("lock-held", "warning"),
    ]  # fmt: skip
    assert found.verdict == "fails"


def test_what_nobody_can_accept():
    found = settled(
        FAILED,
        accepted=(Acceptance("upgrade-failed", "x"),), old={FAILED.id},
        severities={"upgrade-failed": "warning"},
    )  # fmt: skip
    assert (found.verdict, found.findings) == ("fails", (FAILED,))


def test_a_project_may_want_its_revisions_exact():
    vain = GateFinding("accepted-in-vain", "0002", "rewrite", "It does not occur.", "Take it out.")
    assert settled(vain).verdict == "passes"
    found = settled(
        vain,
        severities={"accepted-in-vain": "error"},
        accepted=(Acceptance("accepted-in-vain", "no"),),
    )
    assert (found.verdict, found.findings[0].accepted) == ("fails", None)


def test_what_a_revision_accepts_stays_so():
    own = GateFinding("lock-held", "0002", "places", "Held.", "Wait.", accepted="by the revision")
    found = settled(own, accepted=(Acceptance("lock-held", "by the project"),))
    assert found.findings == (own,)


def test_nothing_is_in_vain_in_a_part_of_the_migrations():
    assert settled(accepted=(Acceptance("lock-held:*", "x"),)).findings == ()


@pytest.mark.parametrize(
    ("finding", "rule"), [(OFFLINE, "offline_sql"), (NO_TIMEOUT, "waiting_on_writers")]
)
def test_house_rules(finding, rule):
    (found,) = settled(finding).findings
    assert found.hint.startswith(f"{finding.hint} This is a house rule")
    assert f"{rule} = false" in found.hint
    off = settled(finding, HELD, house_rules={rule: False})
    assert [item.code for item in off.findings] == ["lock-held"]
    reason = f"the project has switched off the house rule {rule}"
    assert off.not_checked == (NotChecked(finding.code, reason),)


def test_without_a_verdict_nothing_is_said():
    stopped = report(could_not_run="No server.")
    policy = Policy("gate", date(2027, 3, 31), house_rules={"offline_sql": False})
    assert settle(stopped, policy) == stopped
