"""SARIF 2.1.0, which GitHub's code scanning, GitLab and most editors read.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", and GitHub's
documentation, "SARIF support for code scanning".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from conformance.process.visible import json_text

if TYPE_CHECKING:
    from conformance.comparing.places import Place
    from conformance.reports.annotations.annotation import Annotation, Annotations, Rule

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: Below which paths are relative: the root of the repository.
_ROOT = "%SRCROOT%"


def render(annotations: Annotations) -> str:
    """Return one JSON document that ends with a newline."""
    rules = list(annotations.rules.values())
    numbers = {rule.code: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "timescaledb-conformance",
                "version": annotations.version,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "invocations": [_invocation(annotations)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, numbers[item.code]) for item in annotations.annotations],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(document)


def _invocation(annotations: Annotations) -> dict[str, Any]:
    """Whether there is a verdict: a run without results would look like one without findings."""
    ended: dict[str, Any] = {
        "executionSuccessful": annotations.could_not_run is None,
        "exitCode": annotations.exit_code,
    }
    if annotations.could_not_run is not None:
        notification: dict[str, Any] = {
            "level": "error",
            "message": {"text": annotations.could_not_run},
        }
        if annotations.place is not None:
            notification["locations"] = [{"physicalLocation": _location(annotations.place)}]
        ended["toolExecutionNotifications"] = [notification]
    return ended


def _rule(rule: Rule) -> dict[str, Any]:
    described: dict[str, Any] = {"id": rule.code, "shortDescription": {"text": rule.title}}
    if rule.page:
        described["help"] = {"text": rule.page, "markdown": rule.page}
    if rule.address:
        described["helpUri"] = rule.address
    return described


def _location(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": quote(place.file), "uriBaseId": _ROOT},
        "region": {"startLine": place.line},
    }


def _result(item: Annotation, number: int) -> dict[str, Any]:
    return {
        "ruleId": item.code,
        "ruleIndex": number,
        "level": item.severity,
        "message": {"text": f"{item.message} {item.hint}".strip()},
        "locations": [{"physicalLocation": _location(item.somewhere)}],
        "partialFingerprints": {
            "findingId/v1": item.fingerprint,
            # By this one GitHub recognises a finding of an earlier run.
            "primaryLocationLineHash": f"{item.fingerprint[:16]}:1",
        },
        "properties": {"id": item.id},
    }
