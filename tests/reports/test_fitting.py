"""A message takes ten lines of a terminal at most; the reports have all of it."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.text import Text

from conformance.comparing.findings import Finding
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.gate.evidence.report import GateFinding, GateReport
from conformance.reports.fitting import MOST_LINES, fit, places_that_fit
from conformance.reports.gate import console as gate_console
from conformance.reports.verdict import console as verdict_console

LONG = " ".join(f"word{number}" for number in range(1000))
ENGINE = EngineUsed("embedded", "embedded", "17.5", "2.23.0", "community")


def printed(show, report):
    console = Console(file=StringIO(), width=80)
    show(report, console)
    return console.file.getvalue().splitlines()


def test_a_short_message_is_shown_as_it_is():
    console = Console(file=StringIO(), width=80)
    text = Text("a\nb", style="bold")
    assert fit(text, console) is text


def test_a_long_message_keeps_its_beginning_and_its_end():
    console = Console(file=StringIO(), width=80)
    wrapped = len(Text(LONG).wrap(console, 80))
    lines = fit(Text(LONG), console).plain.splitlines()
    assert len(lines) == MOST_LINES
    assert lines[6] == f"…{wrapped - 9} lines are left out; the written reports have them…"
    assert lines[0].startswith("word0")
    assert lines[-1].endswith("word999")


def test_a_finding_of_a_check_fits():
    finding = Finding("a:b:c", "a", "b", "c", "different", None, None, LONG, LONG)
    lines = printed(verdict_console.show, Verdict(ENGINE, findings=(finding,)))
    assert sum("word" in line for line in lines) == 2 * (MOST_LINES - 1)


def test_a_finding_of_the_gate_fits():
    finding = GateFinding("upgrade-failed", "0002", "", LONG, LONG)
    lines = printed(gate_console.show, GateReport(ENGINE, findings=(finding,)))
    assert sum("word" in line for line in lines) == 2 * (MOST_LINES - 1)


def finding(kind, severity="error"):
    return Finding(f"{kind}:t:exists", kind, "t", "exists", "missing", True, None, "", "", severity)


def test_many_findings_of_one_kind_do_not_hide_those_of_others():
    columns = [finding("column")] * 40
    found = [*columns, finding("hypertable"), finding("index"), finding("index")]
    assert places_that_fit(found, 5) == [0, 1, 40, 41, 42]
    assert places_that_fit(found, 2) == [0, 40]
    assert places_that_fit(columns, 3) == [0, 1, 2]
    assert places_that_fit(found[38:], 15) == [0, 1, 2, 3, 4]
    assert places_that_fit([], 15) == []


def test_warnings_of_many_kinds_do_not_hide_errors():
    errors = [finding("column")] * 4
    warnings = [finding(kind, "warning") for kind in ("comment", "chunk", "job")]
    assert places_that_fit([*errors, *warnings], 5) == [0, 1, 2, 3, 4]
