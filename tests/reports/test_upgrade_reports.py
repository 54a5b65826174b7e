"""The reports of an upgrade's rehearsal: what matters first, in every format."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree

import pytest
from rich.console import Console

from conformance.comparing.findings import NotChecked
from conformance.comparing.verdict import EngineUsed
from conformance.reports import json_report
from conformance.reports.files import write_upgrade
from conformance.reports.html import upgrade as upgrade_page
from conformance.reports.upgrade import console as upgrade_console
from conformance.reports.upgrade import junit as upgrade_junit
from conformance.reports.upgrade import markdown as upgrade_markdown
from conformance.upgrade.report import (
    AFRESH,
    IN_PLACE,
    RESTORED,
    Change,
    Unchanged,
    UpgradeReport,
    Way,
    worst_first,
)

from .samples import UPGRADE

BEFORE = EngineUsed("url", "server at db:5432", "17.5", "2.20.3", "community")
AFTER = EngineUsed("url", "server at db:5432", "17.5", "2.28.3", "community")
LOST = Change("lost", "rows:curves", "rows of curves: 64 before; 63 in place", 64, {IN_PLACE: 63})
RENAMED = Change("renamed", "policy-name:curves.compression", "name of policy curves: A | b")


def report(*changes, **values):
    ways = (
        Way(
            IN_PLACE, "ALTER EXTENSION timescaledb UPDATE TO '2.28.3'.", 1.25, ("WARNING: history",)
        ),
        Way(RESTORED, not_checked="pg_dump is not installed on this machine"),
        Way(AFRESH),
    )
    return UpgradeReport(
        BEFORE, AFTER, ways, worst_first(changes), Unchanged(462, 89, 1114, 1174),
        (NotChecked("way:restored", "pg_dump is not installed on this machine"),),
        seconds=31.4, **values,
    )  # fmt: skip


NOT_RUN = UpgradeReport(BEFORE, AFTER, could_not_run="No Docker daemon answers.")


@pytest.mark.parametrize(
    ("given", "verdict", "code"),
    [
        (report(), "conforms", 0),
        (report(RENAMED), "conforms", 0),
        (report(RENAMED, LOST), "differs", 1),
        (NOT_RUN, "could_not_run", 2),
    ],
    ids=["nothing", "harmless", "harmful", "not run"],
)
def test_verdict(given, verdict, code):
    assert (given.verdict, given.exit_code) == (verdict, code)
    assert json.loads(json_report.render(given))["verdict"] == verdict


def test_json():
    data = json.loads(json_report.render(report(RENAMED, LOST)))
    assert list(data) == [
        "verdict", "before", "after", "ways", "counts", "changes", "not_checked", "seconds",
        "update", "estimates", "sizes",
    ]  # fmt: skip
    assert data["changes"][0] == {
        "id": "lost:rows:curves", "harmful": True, "kind": "lost", "subject": "rows:curves",
        "message": "rows of curves: 64 before; 63 in place", "before": 64,
        "after": {"in place": 63}, "accepted": None, "severity": None,
    }  # fmt: skip
    assert data["counts"]["lost"] == data["counts"]["renamed"] == 1
    assert (data["counts"]["rows"], data["counts"]["checks"]) == (462, 1174)
    assert data["ways"][0] == {
        "name": "in place", "method": "ALTER EXTENSION timescaledb UPDATE TO '2.28.3'.",
        "seconds": 1.25, "notices": ["WARNING: history"], "not_checked": None,
    }  # fmt: skip


def test_markdown():
    text = upgrade_markdown.render(report(RENAMED, LOST))
    assert text.startswith("## ❌ The upgrade makes harmful changes\n")
    assert "- rows of curves: 64 before; 63 in place\n" in text
    # What matters stands before what does not, which is folded away and escaped.
    assert text.index("### Lost: 1") < text.index("<summary>Renamed by TimescaleDB: 1</summary>")
    assert "name of policy curves: A \\| b" in text
    assert (
        "| in place | ALTER EXTENSION timescaledb UPDATE TO '2.28.3'.<br>WARNING: history |" in text
    )
    assert "| restored | Not checked: pg\\_dump is not installed on this machine |  |" in text
    assert "| afresh | Failed. |  |" in text
    assert "\n\n\n" not in text


def test_markdown_shortens():
    changes = [Change("lost", f"rows:t{number}", f"rows of t{number}") for number in range(70)]
    text = upgrade_markdown.render(report(*changes))
    assert "…and 10 more; `upgrade.json` lists them all." in text


def test_markdown_without_a_verdict():
    assert upgrade_markdown.render(NOT_RUN) == (
        "## ⚠️ The upgrade could not be rehearsed\n\nNo Docker daemon answers.\n"
    )


def test_console():
    console = Console(file=io.StringIO(), width=200, soft_wrap=True)
    upgrade_console.show(report(RENAMED, LOST), console, "build")
    text = console.file.getvalue()
    assert (
        text.index("✗ Lost: ") < text.index("rows of curves: 64 before") < text.index("· Renamed")
    )
    assert "  in place     ALTER EXTENSION timescaledb UPDATE TO '2.28.3'. 1.2 s" in text
    assert "  restored     not checked" in text
    assert "  unchanged    462 rows, 89 columns of values, 1114 facts; 1174 checks" in text
    assert "  not checked  1: pg_dump is not installed on this machine\n" in text
    assert text.endswith("  reports      build\nUpgrade: differs\n")


def test_without_the_suite():
    """No number of checks, which would read as if the suite had run."""
    without = UpgradeReport(BEFORE, AFTER, unchanged=Unchanged(rows=462))
    console = Console(file=io.StringIO(), width=200, soft_wrap=True)
    upgrade_console.show(without, console)
    assert "; no check of the suite ran on the upgraded database; in" in console.file.getvalue()
    assert "No check of the suite ran on the upgraded" in upgrade_markdown.render(without)


def test_junit():
    root = ElementTree.fromstring(upgrade_junit.render(report(RENAMED, LOST)))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("5", "1", "1")
    (failure,) = root.iter("failure")
    assert (failure.get("type"), failure.get("message")) == ("lost", LOST.message)
    (error,) = ElementTree.fromstring(upgrade_junit.render(NOT_RUN)).iter("error")
    assert error.get("message") == "No Docker daemon answers."


def test_files(tmp_path):
    write_upgrade(report(LOST), tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "upgrade.html", "upgrade.json", "upgrade.junit.xml", "upgrade.md",
    ]  # fmt: skip


def test_every_report_says_what_the_update_locks_and_what_fits():
    said = (
        "locks curves and 8 chunks in ACCESS EXCLUSIVE mode",
        "does not fit: 36,228 lock-table entries",
        "228 + 12,000 x 3",
        "of 1 table, from the given file",
    )
    console = Console(file=io.StringIO(), width=200)
    upgrade_console.show(UPGRADE, console)
    assert isinstance(console.file, io.StringIO)
    written = (
        console.file.getvalue(),
        upgrade_markdown.render(UPGRADE),
        upgrade_page.render(UPGRADE),
    )
    for text in written:
        plain = text.replace("\\_", "_")
        assert [words for words in said if words not in plain] == []
    data = UPGRADE.as_data()
    assert list(data["update"]["rebuilt"]) == [{"name": "_timescaledb_catalog.chunk", "rows": 91}]
    assert [item["way"] for item in data["estimates"]] == ["in place"]
    assert data["sizes"] == "of 1 table, from the given file"
