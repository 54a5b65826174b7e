"""The gate's report as JUnit XML: one test case for each check and each finding.

The format is that of pytest and Jenkins' JUnit plugin: `testsuites` with a `testsuite` for
each revision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from conformance.reports.junit import (
    add_case,
    add_finding,
    add_skipped,
    add_suite,
    clean,
    count,
    new_report,
)
from conformance.reports.junit import render as render_xml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.gate.evidence.report import GateFinding, GateReport, RevisionReport


def render(report: GateReport) -> str:
    """Return one XML document that ends with a newline."""
    suites = new_report("conformance gate")
    for revision in report.revisions:
        _add_revision(suites, revision, report.findings_of(revision.revision))
    known = {revision.revision for revision in report.revisions}
    rest = [finding for finding in report.findings if finding.revision not in known]
    if rest or report.not_checked or report.could_not_run is not None:
        _add_rest(suites, report, rest)
    return render_xml(suites, report.seconds)


def _add_revision(
    suites: ElementTree.Element, revision: RevisionReport, findings: Iterable[GateFinding]
) -> None:
    suite = add_suite(suites, revision.revision)
    for check in revision.checks:
        add_case(suite, check)
    for finding in findings:
        add_finding(suite, finding, finding.accepted)
    count(suite, revision.seconds)


def _add_rest(
    suites: ElementTree.Element, report: GateReport, findings: Iterable[GateFinding]
) -> None:
    """Add the findings and unchecked items that are not about a single revision."""
    suite = add_suite(suites, "gate")
    if report.could_not_run is not None:
        case = add_case(suite, "could not run")
        ElementTree.SubElement(case, "error", message=clean(report.could_not_run))
    for finding in findings:
        add_finding(suite, finding, finding.accepted)
    for item in report.not_checked:
        add_skipped(suite, item)
    count(suite)
