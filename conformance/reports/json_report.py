"""A verdict or another report as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.process.visible import json_text

if TYPE_CHECKING:
    from conformance.comparing.audits import Audits
    from conformance.comparing.verdict import Verdict
    from conformance.gate.evidence.report import GateReport
    from conformance.mending.report import FixReport
    from conformance.upgrade.report import UpgradeReport


def render(verdict: Verdict | Audits | GateReport | UpgradeReport | FixReport) -> str:
    """Return one JSON document that ends with a newline."""
    return json_text(verdict.as_data())
