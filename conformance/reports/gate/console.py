"""The gate's report on a terminal: findings first, then the locks of every statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from conformance.reports.gate.estimates import told
from conformance.reports.grouping import by_reason
from conformance.reports.headline import show_headline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from conformance.gate.evidence.report import GateFinding, GateReport, RevisionReport, Statement

_STYLES = {"error": ("✗", "red"), "warning": ("!", "yellow"), "note": ("i", "blue")}
_SQL_WIDTH = 72
_MOST_NAMES = 6


def show(report: GateReport, console: Console, reports: str | None = None) -> None:
    """Print the report.

    Args:
        reports: the folder of the written reports, if any.
    """
    for finding in report.findings:
        _show_finding(finding, console)
    for revision in report.revisions:
        _show_revision(revision, console)
    for line in _summary(report):
        console.print(line, highlight=False)
    show_headline(console, "Gate", report.verdict, reports)


def _show_finding(finding: GateFinding, console: Console) -> None:
    sign, style = _STYLES[finding.severity]
    if finding.accepted is not None:
        sign, style = "✓", "green"
    head = Text(f"{sign} {finding.code} ", style=style)
    console.print(head + Text(f"{finding.revision}: {finding.message}", style="bold"))
    if finding.accepted is not None:
        console.print(Text(f"  Accepted: {finding.accepted}\n", style="dim"))
    else:
        console.print(Text(f"  {finding.hint}", style="dim"))
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
    yield from _not_checked(report)


def _not_checked(report: GateReport) -> Iterator[Text]:
    for reason, names in by_reason(report.not_checked).items():
        yield Text(f"  not checked  {len(names)}: {reason}")
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        yield Text(f"               {', '.join(names[:_MOST_NAMES])}{more}", style="dim")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SQL_WIDTH else f"{words[: _SQL_WIDTH - 1]}…"
