"""JUnit XML in the format of pytest and Jenkins' JUnit plugin: `testsuites` of `testsuite`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from conformance.comparing.findings import Finding
from conformance.process.visible import visible

if TYPE_CHECKING:
    from conformance.comparing.findings import NotChecked
    from conformance.gate.evidence.report import GateFinding

_COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}
#: Characters that XML 1.0 does not allow (W3C, Extensible Markup Language 1.0, Char).
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def new_report(name: str) -> ElementTree.Element:
    """Create the root of a document."""
    return ElementTree.Element("testsuites", name=name)


def add_suite(report: ElementTree.Element, name: str) -> ElementTree.Element:
    """Add a suite."""
    return ElementTree.SubElement(report, "testsuite", name=clean(name))


def add_case(suite: ElementTree.Element, name: str) -> ElementTree.Element:
    """Add a case, which passes unless it gets a child `failure`, `error` or `skipped`."""
    attributes = {"classname": suite.get("name", ""), "name": clean(name), "time": "0"}
    return ElementTree.SubElement(suite, "testcase", attributes)


def add_finding(
    suite: ElementTree.Element, finding: Finding | GateFinding, excused: str | None = None
) -> None:
    """Add a finding: a failure if it fails the run, skipped if it is accepted, else output.

    Args:
        excused: why the finding does not count; None if it does.
    """
    case = add_case(suite, finding.id)
    if excused is not None:
        message = clean(f"{finding.message} Accepted: {excused}")
        ElementTree.SubElement(case, "skipped", message=message)
    elif finding.fails:
        code = finding.kind if isinstance(finding, Finding) else finding.code
        failure = ElementTree.SubElement(
            case, "failure", type=clean(code), message=clean(finding.message)
        )
        failure.text = clean(finding.hint)
    else:
        output = ElementTree.SubElement(case, "system-out")
        output.text = clean(f"{finding.severity}: {finding.message} {finding.hint}")


def add_skipped(suite: ElementTree.Element, item: NotChecked) -> None:
    """Add what could not be decided."""
    case = add_case(suite, item.id)
    ElementTree.SubElement(case, "skipped", message=clean(item.reason))


def count(suite: ElementTree.Element, seconds: float = 0.0) -> None:
    """Set the counts of a suite that has all its cases."""
    suite.set("tests", str(len(suite)))
    for name, outcome in _COUNTS.items():
        suite.set(name, str(len(suite.findall(f"testcase/{outcome}"))))
    suite.set("time", f"{seconds:.3f}")


def render(report: ElementTree.Element, seconds: float) -> str:
    """Return one XML document that ends with a newline; `count` was called for every suite."""
    for name in ("tests", *_COUNTS):
        report.set(name, str(sum(int(suite.get(name, "0")) for suite in report)))
    report.set("time", f"{seconds:.3f}")
    ElementTree.indent(report)
    text = ElementTree.tostring(report, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def merged(*reports: str) -> str:
    """Merge the suites of several documents into one document."""
    into = new_report("conformance")
    for report in reports:
        root = ElementTree.fromstring(report)  # noqa: S314 - written by pytest, a moment ago
        into.extend([root] if root.tag == "testsuite" else root.findall("testsuite"))
    return render(into, sum(float(suite.get("time", "0")) for suite in into))


def clean(text: str) -> str:
    """Replace the characters that XML does not allow."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text))
