"""The gate's report on a terminal: findings first, then the locks of every statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from conformance.comparing.codes import NOTE
from conformance.comparing.enumerating import first_of
from conformance.reports.fitting import fit
from conformance.reports.gate.copies import costs
from conformance.reports.gate.copies import told as told_of_copy
from conformance.reports.gate.estimates import told
from conformance.reports.grouping import by_reason
from conformance.reports.headline import show_headline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from conformance.gate.evidence.report import GateFinding, GateReport, RevisionReport, Statement

_STYLES = {"error": ("✗", "red"), "warning": ("!", "yellow"), "note": ("i", "blue")}
_SQL_WIDTH = 72
_MOST_NAMES = 6
_INHERITED = "inherited-drift"


def show(report: GateReport, console: Console, reports: str | None = None) -> None:
    """Print the report.

    Args:
        reports: the folder of the written reports, if any.
    """
    for findings in _together(report.findings):
        if len(findings) == 1:
            _show_finding(findings[0], console)
        else:
            _show_inherited(findings, console)
    for revision in report.revisions:
        _show_revision(revision, console)
    for line in _summary(report):
        console.print(line, highlight=False)
    show_headline(console, "Gate", report.verdict, reports)


def _together(findings: Iterable[GateFinding]) -> list[list[GateFinding]]:
    """The findings in their order; notes on inherited differences with one hint as one."""
    groups: dict[object, list[GateFinding]] = {}
    for finding in findings:
        note = finding.code == _INHERITED and finding.severity == NOTE and finding.accepted is None
        groups.setdefault((finding.revision, finding.hint) if note else id(finding), []).append(
            finding
        )
    return list(groups.values())


def _show_inherited(findings: Sequence[GateFinding], console: Console) -> None:
    first = findings[0]
    sign, style = _STYLES[first.severity]
    said = f"{first.revision}: {len(findings)} differences were there before the new revisions:"
    ids = _some([finding.subject for finding in findings])
    console.print(Text(f"{sign} {first.code} ", style=style) + Text(f"{said} {ids}", style="bold"))
    console.print(Text(f"  {first.hint}", style="dim"))
    console.print(Text(f"  {_page_of(first)}\n", style="cyan"))


def _show_finding(finding: GateFinding, console: Console) -> None:
    sign, style = _STYLES[finding.severity]
    if finding.accepted is not None:
        sign, style = "✓", "green"
    head = Text(f"{sign} {finding.code} ", style=style)
    message = Text(f"{finding.revision}: {finding.message}", style="bold")
    console.print(fit(head + message, console))
    if finding.accepted is not None:
        console.print(Text(f"  Accepted: {finding.accepted}\n", style="dim"))
    else:
        console.print(fit(Text(f"  {finding.hint}", style="dim"), console))
        console.print(Text(f"  {_page_of(finding)}\n", style="cyan"))


def _page_of(finding: GateFinding) -> str:
    """The command or URL that shows the page about the finding."""
    return finding.page if "://" in finding.page else f"conformance explain {finding.code}"


def _show_revision(revision: RevisionReport, console: Console) -> None:
    title = f"{revision.revision} {revision.title}".rstrip()
    console.print(Text(title, style="bold") + Text(f"  {revision.file}", style="dim"))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, right in (("", True), ("statement", False), ("ms", True), ("locks", False)):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    table.add_column("held ms", justify="right")
    own = [statement for statement in revision.statements if not statement.by_alembic]
    for statement in own:
        table.add_row(
            str(statement.number),
            Text(_shortened(statement.sql)),
            _milliseconds(statement.seconds),
            Text("\n".join(_effects(statement))),
            "" if statement.held_seconds is None else _milliseconds(statement.held_seconds),
        )
    if own:
        console.print(table)
    for estimate in revision.estimates:
        console.print(Text(f"  ≈ {told(estimate)}"))
        console.print(Text(f"    {estimate.arithmetic}", style="dim"))
    for check in revision.checks:
        console.print(Text(f"  ✓ {check}", style="dim"))
    console.print()


def _effects(statement: Statement) -> Iterator[str]:
    """Locks on existing relations, rewrites, and the server's messages."""
    for lock in statement.locks:
        if lock.existed:
            yield f"{lock.mode} {lock}"
    for item in statement.rewrites:
        yield f"rewrites {item}"
    for part in statement.partly_compressed:
        yield f"leaves {part} partly compressed"
    yield from costs(statement)
    for notice in statement.notices:
        yield f"{notice.severity}: {_shortened(notice.message)}"


def _summary(report: GateReport) -> Iterator[Text]:
    if not report.revisions:
        yield Text(f"  No new revision: nothing to rehearse. Compared with {report.base}.")
        yield from _not_checked(report)
        return
    yield Text(f"  engine       {report.engine}")
    if report.engine.note:
        yield Text(f"               {report.engine.note}")
    base = f"{report.base}, at {report.base_revision}" if report.base_revision else report.base
    yield Text(f"  base         {base}")
    counts = report.counts
    found = ", ".join(
        f"{counts[name]} {name}{'s' * (counts[name] != 1)}" for name in ("error", "warning", "note")
    )
    number = len(report.revisions)
    yield Text(
        f"  rehearsed    {number} revision{'s' * (number != 1)} in {report.seconds:.1f} s: "
        f"{found}, {counts['accepted']} accepted"
    )
    if report.sizes:
        yield Text(f"  sizes        {report.sizes}")
    if report.copy is not None:
        for number, sentence in enumerate(told_of_copy(report.copy)):
            yield Text(f"  {'' if number else 'copy':<13}{sentence}")
    yield from _not_checked(report)


def _not_checked(report: GateReport) -> Iterator[Text]:
    for reason, names in by_reason(report.not_checked).items():
        yield Text(f"  not checked  {len(names)}: {reason}")
        yield Text(f"               {_some(names)}", style="dim")


def _some(names: Sequence[str]) -> str:
    """The first few names and the number of the others; the written reports have all."""
    return first_of(names, _MOST_NAMES)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SQL_WIDTH else f"{words[: _SQL_WIDTH - 1]}…"
