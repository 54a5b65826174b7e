"""What the project makes of an upgrade's changes."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from rich.console import Console

from conformance.comparing.acceptance import Acceptance, Policy
from conformance.comparing.verdict import EngineUsed
from conformance.reports import json_report
from conformance.reports.upgrade import console, junit, markdown
from conformance.upgrade.adopted import settle
from conformance.upgrade.report import Change, UpgradeReport

ENGINE = EngineUsed("url", "server")
LOST = Change("lost", "rows:curves", "rows of curves: fewer")
BROKEN = Change("broken", "suite:rows:curves:upsert", "upsert fails")
RENAMED = Change("renamed", "policy-name:curves", "another name")


def settled(*changes, accepted=(), **values):
    policy = Policy("upgrade", date(2027, 3, 31), accepted, **values)
    return settle(UpgradeReport(ENGINE, ENGINE, changes=changes), policy)


def shown(report):
    file = io.StringIO()
    console.show(report, Console(file=file, width=200))
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (LOST, "lost:rows:curves"),
        (LOST, "rows:curves"),
        (LOST, "lost"),
        (BROKEN, "broken:suite:rows:curves:upsert"),
        (BROKEN, "rows:curves:*"),
    ],
)
def test_accepted_by_any_of_its_names(change, name):
    report = settled(change, accepted=(Acceptance(name, "known"),))
    assert (report.verdict, report.counts["accepted"]) == ("conforms", 1)
    (found,) = json.loads(json_report.render(report))["changes"]
    assert (found["accepted"], found["harmful"]) == ("known", False)
    assert f"{change.message} — accepted: known" in markdown.render(report)
    assert f'<skipped message="{change.message} Accepted: known"' in junit.render(report)


def test_the_others_count():
    report = settled(LOST, BROKEN, accepted=(Acceptance("lost:*", "known"),))
    assert report.verdict == "differs"
    assert [change.accepted for change in report.changes] == ["known", None]


def test_what_a_check_found_on_the_first_day():
    report = settled(BROKEN, old={"rows:curves:upsert"})
    assert (report.verdict, report.changes[0].accepted) == ("conforms", "The baseline has it.")


def test_after_its_last_day_it_counts_again():
    report = settled(LOST, accepted=(Acceptance("lost:*", "soon", date(2027, 3, 30)),))
    assert report.verdict == "differs"
    assert "accepted until 2027-03-30" in report.changes[0].message


def test_what_is_harmless_needs_no_acceptance():
    assert settled(RENAMED, accepted=(Acceptance("renamed", "x"),)).changes == (RENAMED,)


@pytest.mark.parametrize("name", ["rows", "rows:*", "lost", "lost:rows:curves"])
def test_a_warning_does_not_fail_the_upgrade(name):
    report = settled(LOST, severities={name: "warning"})
    assert (report.verdict, report.exit_code) == ("conforms", 0)
    (found,) = json.loads(json_report.render(report))["changes"]
    assert (found["severity"], found["harmful"]) == ("warning", False)
    said = "Counts as warning: severities of the project."
    assert f"{LOST.message} — {said}" in markdown.render(report)
    assert f"<system-out>{LOST.message} {said}</system-out>" in junit.render(report)
    assert f"  {LOST.message}\n    {said}\n" in shown(report)


def test_a_kind_that_is_harmless_can_count():
    report = settled(RENAMED, severities={"renamed": "error"})
    assert (report.verdict, report.exit_code) == ("differs", 1)
    said = "Counts as error: severities of the project."
    assert f"- {RENAMED.message} — {said}" in markdown.render(report).partition("<details>")[0]
    assert f'<failure type="renamed" message="{RENAMED.message}"' in junit.render(report)
    accepted = (Acceptance("renamed", "known"),)
    assert settled(RENAMED, severities={"renamed": "error"}, accepted=accepted).exit_code == 0


def test_the_longest_severity_applies():
    severities = {"lost": "warning", "lost:rows:curves": "error"}
    assert settled(LOST, severities=severities).verdict == "differs"
