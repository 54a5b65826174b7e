"""The report on an upgrade's rehearsal as Markdown, for a comment or an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reports.grouping import by_reason
from conformance.reports.templates import template
from conformance.reports.upgrade.sizes import locked, told

if TYPE_CHECKING:
    from conformance.upgrade.report import UpgradeReport

#: A comment on GitHub holds 65,536 characters; a change takes about 150.
_MOST_CHANGES = 60


def render(report: UpgradeReport) -> str:
    """Render the verdict and the prominent changes; other changes are collapsed."""
    prominent = {
        kind: changes
        for kind, changes in report.by_kind.items()
        if kind.prominent or any(change.harmful for change in changes)
    }
    return (
        template("upgrade/upgrade.md.jinja")
        .render(
            report=report,
            prominent=prominent,
            folded={k: c for k, c in report.by_kind.items() if k not in prominent},
            not_checked=by_reason(report.not_checked),
            most=_MOST_CHANGES,
            locked=locked,
            told=told,
        )
        .strip()
        + "\n"
    )
