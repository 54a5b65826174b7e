"""The report of `conformance fix` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from conformance.reports.gate import console as gate_console
from conformance.reports.headline import show_headline

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.mending.report import FixReport, Unmended


def show(report: FixReport, console: Console) -> None:
    """Print what was mended and what was not, and the gate's report."""
    if report.gate is not None and report.gate.could_not_run is None:
        gate_console.show(report.gate, console)
        console.print()
    for line in _lines(report):
        console.print(line, highlight=False)
    show_headline(console, "Fix", _verdict(report), None)


def _lines(report: FixReport) -> list[Text]:
    lines = [Text(f"  findings of  {report.source}")]
    lines += _named("mended", report.mended)
    lines += _reasons("not mended", report.unmended)
    lines += _named("gone", report.gone)
    lines += _reasons("not undone", report.kept)
    if report.file:
        lines.append(Text(f"  written      {report.file}"))
    if report.gate is None:
        lines.append(Text(f"  gate         not run: {report.why_no_gate}"))
    elif report.gate.could_not_run is not None:
        lines.append(Text(f"  gate         could not run: {report.gate.could_not_run}"))
    return lines


def _named(word: str, ids: tuple[str, ...]) -> list[Text]:
    if not ids:
        return []
    head = Text(f"  {word:<12} {len(ids)}:")
    return [head, *(Text(f"               {name}", style="dim") for name in ids)]


def _reasons(word: str, items: tuple[Unmended, ...]) -> list[Text]:
    if not items:
        return []
    lines = [Text(f"  {word:<12} {len(items)}:")]
    for reason in dict.fromkeys(item.reason for item in items):
        ids = (item.id for item in items if item.reason == reason)
        lines += [Text(f"               {name}", style="bold") for name in ids]
        lines.append(Text(f"                 {reason}", style="dim"))
    return lines


def _verdict(report: FixReport) -> str:
    return report.verdict
