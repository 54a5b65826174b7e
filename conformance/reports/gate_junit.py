"""The gate's report as JUnit XML: one test case for each check and for each finding.

The format is that of pytest and of Jenkins' JUnit plugin: `testsuites` of `testsuite`, one for
each revision.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.gate.report import GateFinding, GateReport, RevisionReport

_COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}
#: What XML 1.0 cannot hold, escaped or not (W3C, Extensible Markup Language 1.0, Char).
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: GateReport) -> str:
    """One XML document, ended by a newline."""
    suites = ElementTree.Element("testsuites", name="conformance gate")
    for revision in report.revisions:
        _add_revision(suites, revision, report.findings_of(revision.revision))
    known = {revision.revision for revision in report.revisions}
    rest = [finding for finding in report.findings if finding.revision not in known]
    if rest or report.not_checked or report.could_not_run is not None:
        _add_rest(suites, report, rest)
    for name in ("tests", *_COUNTS):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    suites.set("time", f"{report.seconds:.3f}")
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _add_revision(
    suites: ElementTree.Element, revision: RevisionReport, findings: Iterable[GateFinding]
) -> None:
    suite = ElementTree.SubElement(suites, "testsuite", name=_clean(revision.revision))
    for check in revision.checks:
        _add_case(suite, check)
    for finding in findings:
        _add_finding(suite, finding)
    _count(suite, revision.seconds)


def _add_rest(
    suites: ElementTree.Element, report: GateReport, findings: Iterable[GateFinding]
) -> None:
    """What belongs to no revision."""
    suite = ElementTree.SubElement(suites, "testsuite", name="gate")
    if report.could_not_run is not None:
        case = _add_case(suite, "could not run")
        ElementTree.SubElement(case, "error", message=_clean(report.could_not_run))
    for finding in findings:
        _add_finding(suite, finding)
    for item in report.not_checked:
        case = _add_case(suite, item.id)
        ElementTree.SubElement(case, "skipped", message=_clean(item.reason))
    _count(suite)


def _add_finding(suite: ElementTree.Element, finding: GateFinding) -> None:
    """A failure if the gate stays shut for it, skipped if accepted, else a remark on a success."""
    case = _add_case(suite, finding.id)
    if finding.fails:
        failure = ElementTree.SubElement(
            case, "failure", type=finding.code, message=_clean(finding.message)
        )
        failure.text = _clean(finding.way_out)
    elif finding.accepted is not None:
        message = _clean(f"{finding.message} Accepted: {finding.accepted}")
        ElementTree.SubElement(case, "skipped", message=message)
    else:
        said = ElementTree.SubElement(case, "system-out")
        said.text = _clean(f"{finding.severity}: {finding.message} {finding.way_out}")


def _add_case(suite: ElementTree.Element, name: str) -> ElementTree.Element:
    attributes = {"classname": suite.get("name", ""), "name": _clean(name), "time": "0"}
    return ElementTree.SubElement(suite, "testcase", attributes)


def _count(suite: ElementTree.Element, seconds: float = 0.0) -> None:
    suite.set("tests", str(len(suite)))
    for name, outcome in _COUNTS.items():
        suite.set(name, str(len(suite.findall(f"testcase/{outcome}"))))
    suite.set("time", f"{seconds:.3f}")


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
