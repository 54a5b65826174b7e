"""The report on an upgrade's rehearsal on a terminal: harmful changes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from conformance.reports.fitting import fit
from conformance.reports.grouping import by_reason
from conformance.reports.headline import show_headline
from conformance.reports.upgrade.sizes import locked, told
from conformance.upgrade.report import IN_PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from conformance.upgrade.report import Kind, UpgradeReport, Way

#: The number of changes of a kind that fits on a screen; the written reports have all changes.
_MOST_CHANGES = 8
#: Shown instead of the number of checks that pass.
NO_SUITE = "no check of the suite ran on the upgraded database"


def show(report: UpgradeReport, console: Console, reports: str | None = None) -> None:
    """Print the report.

    Args:
        reports: the folder of the written reports, if any.
    """
    for line in (*_changes(report), *_summary(report)):
        console.print(fit(line, console), highlight=False)
    show_headline(console, "Upgrade", report.verdict, reports)


def _changes(report: UpgradeReport) -> Iterator[Text]:
    for kind, changes in report.by_kind.items():
        yield _heading(kind)
        for change in changes[:_MOST_CHANGES]:
            yield Text(f"  {change.message}", style="bold" if change.harmful else "")
            if change.remark:
                yield Text(f"    {change.remark}", style="dim")
        if len(changes) > _MOST_CHANGES:
            yield Text(f"  …and {len(changes) - _MOST_CHANGES} more")
        yield Text("")


def _heading(kind: Kind) -> Text:
    sign, style = ("✗", "red") if kind.harmful else ("!", "yellow")
    if not kind.prominent:
        sign, style = "·", "blue"
    return Text(f"{sign} {kind.title}: ", style=style) + Text(kind.meaning, style="dim")


def _summary(report: UpgradeReport) -> Iterator[Text]:
    yield Text(f"  before       {report.before}")
    yield Text(f"  after        {report.after}")
    for way in report.ways:
        yield Text(f"  {way.name:<13}{_way(way)}")
        for notice in way.notices:
            yield Text(f"{'':15}{notice}", style="dim")
        if way.name == IN_PLACE and report.update is not None:
            for sentence in locked(report.update):
                yield Text(f"{'':15}{sentence}")
    for estimate in report.estimates:
        yield Text(f"  ≈ {told(estimate)}")
        yield Text(f"    {estimate.arithmetic}", style="dim")
    if report.sizes:
        yield Text(f"  sizes        {report.sizes}")
    same = report.unchanged
    suite = f"{same.checks} checks pass on the upgraded database" if same.checks else NO_SUITE
    yield Text(
        f"  unchanged    {same.rows} rows, {same.columns} columns of values, {same.facts} facts; "
        f"{suite}; in {report.seconds:.0f} s"
    )
    for reason, ids in by_reason(report.not_checked).items():
        more = f" and {len(ids) - _MOST_CHANGES} more" if len(ids) > _MOST_CHANGES else ""
        yield Text(f"  not checked  {len(ids)}: {reason}")
        yield Text(f"{'':15}{', '.join(ids[:_MOST_CHANGES])}{more}", style="dim")


def _way(way: Way) -> str:
    if way.not_checked is not None:
        return "not checked"
    return f"{way.method} {way.seconds:.1f} s" if way.method else "failed"
