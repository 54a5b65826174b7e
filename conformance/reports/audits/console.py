"""The audits of several databases on a terminal: findings first, then a table of verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from conformance.reports.fitting import more_findings, places_that_fit
from conformance.reports.headline import show_headline

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.comparing.audits import Audited, Audits, Shared

#: The number of findings that fits on a screen; the written reports have all findings.
_MOST_FINDINGS = 15
#: The number of databases that are named with a finding.
_MOST_NAMES = 6
_STYLES = {"conforms": "green", "differs": "red", "could_not_run": "yellow"}
#: Of one database, of several.
_VERBS = {
    "conforms": ("conforms", "conform"),
    "differs": ("differs", "differ"),
    "could_not_run": ("could not run", "could not run"),
}
COLUMNS = (
    "database", "TimescaleDB", "verdict", "findings", "accepted", "not checked", "seconds",
)  # fmt: skip
#: The columns from here on are numbers.
FIRST_NUMBER = 3


def cells(item: Audited) -> tuple[str, ...]:
    """The row of a database; a database without a verdict has no numbers."""
    verdict = item.verdict
    none = verdict.could_not_run is not None
    return (
        item.name,
        verdict.engine.timescaledb,
        verdict.verdict.replace("_", " "),
        "" if none else str(len(verdict.findings)),
        # What the baseline has does not count either.
        "" if none else str(len(verdict.accepted) + len(verdict.old)),
        "" if none else str(len(verdict.not_checked)),
        f"{verdict.seconds:.1f}",
    )


def remark(item: Audited) -> str:
    """Why a database has no verdict, or what is special about its server, on one line."""
    return " ".join((item.verdict.could_not_run or item.verdict.engine.note).split())


def show(audits: Audits, console: Console, reports: str | None = None) -> None:
    """Print the findings, the table and the worst verdict.

    Args:
        reports: the folder of the written reports, if any.
    """
    shared = audits.findings
    for place in places_that_fit([item.finding for item in shared], _MOST_FINDINGS):
        _show_finding(shared[place], console)
    if len(shared) > _MOST_FINDINGS:
        rest = more_findings(len(shared) - _MOST_FINDINGS, reports)
        console.print(rest, highlight=False, markup=False)
    _show_table(audits, console)
    counts = audits.counts
    summary = ", ".join(
        f"{number} {_VERBS[name][number != 1]}" for name, number in counts.items() if number
    )
    console.print(f"\n  audited      {summary} in {audits.seconds:.1f} s", highlight=False)
    show_headline(console, "Audit", audits.verdict, reports)


def _show_finding(item: Shared, console: Console) -> None:
    mark = Text("✗ ", style="red") if item.finding.fails else Text("! ", style="yellow")
    console.print(mark + Text(item.finding.message, style="bold"))
    console.print(Text(f"  {item.finding.hint}", style="dim"))
    names = item.databases
    where = item.where
    if len(names) > _MOST_NAMES and len(names) < item.number:
        where = f"in {', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
    console.print(Text(f"  {where}"))
    console.print(Text(f"  {item.finding.id}\n", style="cyan"))


def _show_table(audits: Audits, console: Console) -> None:
    rows = [cells(item) for item in audits.databases]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    console.print(Text(_line(COLUMNS, widths), style="dim"))
    for item, row in zip(audits.databases, rows, strict=True):
        line = Text(_line(row, widths))
        line.highlight_words([row[2]], _STYLES[item.verdict.verdict])
        console.print(line)
        if more := remark(item):
            console.print(Text(f"      {more}", style="yellow"))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    parts = (
        cell.rjust(width) if number >= FIRST_NUMBER else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"  {'  '.join(parts)}".rstrip()
