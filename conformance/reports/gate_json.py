"""The gate's report as JSON; docs/gate.md has the schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.gate.report import GateReport


def render(report: GateReport) -> str:
    """One JSON document, in UTF-8 and with a newline at its end."""
    return json.dumps(report.as_data(), indent=2, ensure_ascii=False) + "\n"
