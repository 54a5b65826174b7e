"""What the project, not a revision, makes of the gate's findings. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.comparing.acceptance import IN_VAIN, judge
from conformance.comparing.findings import NotChecked
from conformance.comparing.house_rules import HOUSE_RULES, rule_of
from conformance.gate.evidence.report import worst_first
from conformance.gate.rules.acceptance import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.acceptance import Policy
    from conformance.gate.evidence.report import GateFinding, GateReport


def settle(report: GateReport, policy: Policy) -> GateReport:
    """The report with the project's acceptances, severities, baseline and house rules."""
    if report.could_not_run is not None:
        return report
    wanted = (finding for finding in report.findings if policy.off(finding.code) is None)
    findings = sorted((_settled(finding, policy) for finding in wanted), key=worst_first)
    off = tuple(_switched_off(policy)) if report.revisions else ()
    return replace(report, findings=tuple(findings), not_checked=(*report.not_checked, *off))


def _settled(finding: GateFinding, policy: Policy) -> GateFinding:
    if finding.accepted is not None:
        return finding
    judgement = judge(finding.names, policy)
    if finding.code == IN_VAIN:
        return replace(finding, severity=judgement.severity or finding.severity)
    if finding.code in NEVER:
        return finding
    rule = rule_of(finding.code)
    return replace(
        finding,
        message=finding.message.rstrip(".") + judgement.addition + "."
        if judgement.addition
        else finding.message,
        hint=f"{finding.hint} {rule.said}" if rule else finding.hint,
        severity=judgement.severity or finding.severity,
        accepted=judgement.excused,
    )


def _switched_off(policy: Policy) -> Iterator[NotChecked]:
    for rule in HOUSE_RULES.values():
        for code in rule.codes:
            if (reason := policy.off(code)) is not None:
                yield NotChecked(code, reason)
