"""What the project makes of an upgrade's changes. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.comparing.acceptance import judge

if TYPE_CHECKING:
    from conformance.comparing.acceptance import Policy
    from conformance.upgrade.report import Change, UpgradeReport


def settle(report: UpgradeReport, policy: Policy) -> UpgradeReport:
    """The report with the project's acceptances, severities and baseline."""
    return replace(report, changes=tuple(_settled(change, policy) for change in report.changes))


def _settled(change: Change, policy: Policy) -> Change:
    judgement = judge(change.names, policy)
    change = replace(change, severity=judgement.severity)
    if not change.harmful:
        return change
    return replace(change, message=change.message + judgement.addition, accepted=judgement.excused)
