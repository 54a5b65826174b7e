"""The verdict's reports name what does not count: accepted, old, left, warnings."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from conformance.comparing.findings import Accepted, Finding, Left, NotChecked
from conformance.comparing.verdict import Baseline, EngineUsed, Verdict
from conformance.reports.verdict import console as verdict_console
from conformance.reports.verdict import markdown

ENGINE = EngineUsed("url", "server at localhost", "17.5", "2.23.0", "community")
SPREAD = Finding(
    "column:curves.spread:exists", "column", "curves.spread", "exists", "unexpected", None, True,
    "column curves.spread: is there", "Declare it.",
)  # fmt: skip
NOTE = replace(SPREAD, id="column:curves.note:exists", message="column curves.note: is there")
WARNING = replace(NOTE, severity="warning")
EXCUSED = Verdict(
    ENGINE,
    (WARNING,),
    accepted=(Accepted(SPREAD, "the | vendor's", "2027-03-31"), Accepted(NOTE, "so be it")),
    old=(NOTE,),
    left=(Left("celery_*", ("table celery_task", "view celery_done")), Left("django_*")),
    baseline=Baseline("base.json", 1, ("table:x:exists",), "A note."),
    facts=3,
)


def shown(verdict):
    file = io.StringIO()
    verdict_console.show(verdict, Console(file=file, width=200))
    return file.getvalue()


def test_console():
    text = shown(EXCUSED)
    for line in (
        "! column curves.note: is there\n",
        "  checked      3 facts hold, 1 finding (1 warning) in",
        "  accepted     column curves.spread: is there\n"
        "               column:curves.spread:exists: the | vendor's (until 2027-03-31)\n",
        "               column:curves.note:exists: so be it\n",
        "  baseline     1 old finding waits in base.json, 1 mended\n               A note.\n",
        "  left         2 objects to others by celery_*: table celery_task, view celery_done\n",
        "  left         0 objects to others by django_*\n",
        "Verdict: conforms\n",
    ):
        assert line in text


def test_what_fails_is_shown_before_warnings():
    text = shown(replace(EXCUSED, findings=(*(WARNING,) * 20, SPREAD)))
    assert text.startswith("✗ column curves.spread: is there\n")
    assert "…and 6 more findings: --reports FOLDER writes them all.\n" in text


def test_many_accepted_ones_do_not_fill_the_screen():
    text = shown(replace(EXCUSED, accepted=EXCUSED.accepted * 10))
    assert text.count("  accepted  ") == 15
    assert "…and 5 more accepted" in text


def test_markdown():
    text = markdown.render(EXCUSED)
    for line in (
        "## ✅ The schema conforms\n",
        "| `column:curves.note:exists` | a warning: **column curves.note: is there**<br>",
        "1 old finding in the baseline `base.json`, 1 mended. A note.\n",
        "### 2 accepted\n\n| id | what differs | accepted because |\n| --- | --- | --- |\n"
        "| `column:curves.spread:exists` | column curves.spread: is there "
        "| the \\| vendor's (until 2027-03-31) |\n",
        "<details><summary>Left to others: 2</summary>\n\n"
        "- `celery_*`: 2 (table celery\\_task, view celery\\_done)\n- `django_*`: 0\n",
        "<details><summary>Old, from the baseline: 1</summary>\n\n"
        "- `column:curves.note:exists`: column curves.note: is there\n",
    ):
        assert line in text


def test_nothing_of_it_is_said_where_there_is_nothing():
    verdict = Verdict(ENGINE, (SPREAD,))
    for text in (shown(verdict), markdown.render(verdict)):
        for word in ("accepted", "baseline", "left", "warning", "Left", "Old"):
            assert word not in text


def test_a_note_is_told_from_a_warning():
    note = replace(NOTE, severity="note")
    text = shown(replace(EXCUSED, findings=(note, WARNING, SPREAD)))
    signs = [line[0] for line in text.splitlines() if line.startswith(("✗ ", "! ", "i "))]
    assert signs == ["✗", "!", "i"]
    assert "3 findings (1 warning, 1 note)" in text
    assert "a note: **column curves.note: is there**" in markdown.render(
        replace(EXCUSED, findings=(note,))
    )
    assert replace(EXCUSED, findings=(note, WARNING)).counts["notes"] == 1


def test_known_gaps_are_one_entry():
    gap = "known gap timescaledb#{} of TimescaleDB 2.23.0-dev: {}"
    verdict = replace(
        EXCUSED,
        not_checked=(
            NotChecked("check:test_histories[a]", gap.format(1, "An UPDATE: wrong.")),
            NotChecked("check:test_histories[b]", gap.format(1, "An UPDATE: wrong.")),
            NotChecked("check:test_known_gap[c]", gap.format(2, "A DELETE.")),
            NotChecked("check:test_known_gap[d]", f"possible {gap.format(3, 'A MERGE.')}"),
        ),
    )
    assert (
        "  not checked  2: known gaps of TimescaleDB 2.23.0-dev\n"
        "               timescaledb#1, timescaledb#2\n"
        "  not checked  1: possible known gaps of TimescaleDB 2.23.0-dev\n"
        "               timescaledb#3\n"
    ) in shown(verdict)
    document = markdown.render(verdict)
    for sentence in ("timescaledb#1: An UPDATE: wrong.", "timescaledb#2: A DELETE."):
        assert document.count(sentence) == 1
