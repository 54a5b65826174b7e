"""The report on an upgrade's rehearsal as a page: the changes of each way, the important first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reports.grouping import by_reason
from conformance.reports.html.environment import render as render_page
from conformance.reports.upgrade.sizes import locked, told

if TYPE_CHECKING:
    from conformance.upgrade.report import Change, UpgradeReport

_TONES = {"conforms": "good", "differs": "bad", "could_not_run": "unknown"}
#: The number of changes of a kind that a page shows; `upgrade.json` has all.
_MOST = 300


def render(report: UpgradeReport) -> str:
    """Render one HTML document, which needs no other file and no network."""
    prominent = {k: changes for k, changes in report.by_kind.items() if k.prominent}
    folded = {k: changes for k, changes in report.by_kind.items() if not k.prominent}
    return render_page(
        "upgrade.html.jinja",
        report=report,
        tone=_TONES[report.verdict],
        figures=_figures(report),
        contents=[
            (anchor, label)
            for there, anchor, label in (
                (report.ways, "ways", "Ways to the new version"),
                (prominent, "findings", "Important changes"),
                (folded, "others", "Other changes"),
                (report.not_checked, "unknown", "Not checked"),
            )
            if there
        ],
        locked=locked,
        told=told,
        tried=[way for way in report.ways if way.not_checked is None],
        prominent=prominent,
        folded=folded,
        not_checked=by_reason(report.not_checked),
        has_values=_have_values,
        most=_MOST,
    )


def _have_values(changes: tuple[Change, ...]) -> bool:
    """Whether a table of values says something; a known gap has none."""
    return any(change.before is not None or change.after for change in changes)


def _figures(report: UpgradeReport) -> list[tuple[str, str, str]]:
    """Label, number and tone of what is counted."""
    harmful = sum(change.harmful for change in report.changes)
    same = report.unchanged
    items = [
        ("harmful changes", harmful, "bad" if harmful else "good"),
        ("other changes", len(report.changes) - harmful, ""),
        ("rows unchanged", same.rows, ""),
        ("columns of values unchanged", same.columns, ""),
        ("facts unchanged", same.facts, ""),
        ("checks pass", same.checks, ""),
        ("not checked", len(report.not_checked), ""),
    ]
    if not same.checks:
        # Nothing is said of a suite that did not run.
        items = [item for item in items if item[0] != "checks pass"]
    return [(label, f"{number:,}", tone) for label, number, tone in items]
