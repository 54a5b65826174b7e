"""Checks whose findings the project does not count: reported as skipped, with the reason."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from conformance.adoption.stage import policy_for
from conformance.checking import outcomes
from conformance.checking.collector import findings_of
from conformance.checking.options import options_of
from conformance.comparing.acceptance import Policy, judge_all
from conformance.comparing.codes import ERROR
from conformance.comparing.house_rules import rule_of_check

if TYPE_CHECKING:
    from conformance.comparing.findings import Finding

_POLICY = pytest.StashKey[Policy]()


def policy_of(config: pytest.Config) -> Policy:
    """What the project says about findings of the suite.

    Raises:
        ConformanceError: the configuration, or the baseline, is wrong.
    """
    if _POLICY not in config.stash:
        config.stash[_POLICY] = policy_for(options_of(config), "check")
    return config.stash[_POLICY]


def switched_off(item: pytest.Item) -> str | None:
    """Why the check is not run: the project has switched its house rule off."""
    rule = rule_of_check(getattr(item, "originalname", item.name))
    return policy_of(item.config).off(rule.finding) if rule else None


def excuse(item: pytest.Item, report: pytest.TestReport) -> None:
    """Turn a failure into a skip, where nothing that it found counts.

    The findings stay on the report: the verdict names them.
    """
    properties = dict(report.user_properties)
    if not report.failed or outcomes.COULD_NOT_RUN in properties:
        return
    findings = findings_of(report)
    reasons = [_reason(finding, policy_of(item.config)) for finding in findings]
    if all(reason is not None for reason in reasons):
        path, line, _ = item.location
        said = "\n".join(
            f"{reason}\n{finding.message}"
            for reason, finding in zip(reasons, findings, strict=True)
        )
        report.outcome = "skipped"
        report.longrepr = (path, line or 0, f"Skipped: {said}")
        data = json.dumps([asdict(finding) for finding in findings])
        report.user_properties.append((outcomes.EXCUSED, data))


def _reason(finding: Finding, policy: Policy) -> str | None:
    judgement = judge_all(finding, policy)
    if judgement.entry is not None:
        return f"accepted: {judgement.entry.reason}"
    if judgement.old:
        return "in the baseline"
    severity = judgement.severity or finding.severity
    return None if severity == ERROR else f"a {severity}"
