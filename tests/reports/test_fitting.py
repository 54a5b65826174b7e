"""A message takes ten lines of a terminal at most; the reports have all of it."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.text import Text

from conformance.comparing.findings import Finding
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.gate.evidence.report import GateFinding, GateReport
from conformance.reports.fitting import MOST_LINES, fit
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
