"""GitLab's Code Quality report, which merge requests show beside the lines.

Source: GitLab's documentation, "Code Quality report format".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.process.visible import json_text
from conformance.reports.annotations.annotation import COULD_NOT_RUN

if TYPE_CHECKING:
    from conformance.reports.annotations.annotation import Annotation, Annotations

_SEVERITIES = {"error": "critical", "warning": "minor", "note": "info"}


def render(annotations: Annotations) -> str:
    """Return one JSON list that ends with a newline."""
    issues = [_issue(item) for item in annotations.all]
    return json_text(issues)


def _issue(item: Annotation) -> dict[str, Any]:
    place = item.somewhere
    severity = "blocker" if item.code == COULD_NOT_RUN else _SEVERITIES[item.severity]
    return {
        "description": f"{item.message} {item.hint}".strip(),
        "check_name": item.code,
        "fingerprint": item.fingerprint,
        "severity": severity,
        "location": {"path": place.file, "lines": {"begin": place.line}},
    }
