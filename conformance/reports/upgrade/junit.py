"""The report on an upgrade's rehearsal as JUnit XML: a suite for each kind of change."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from conformance.reports.junit import add_case, add_suite, clean, count, new_report
from conformance.reports.junit import render as render_xml

if TYPE_CHECKING:
    from conformance.upgrade.report import UpgradeReport


def render(report: UpgradeReport) -> str:
    """Render harmful changes as failures, and other changes as passed cases with output."""
    document = new_report("conformance upgrade")
    _add_ways(document, report)
    for kind, changes in report.by_kind.items():
        suite = add_suite(document, kind.name)
        for change in changes:
            case = add_case(suite, change.subject)
            if change.accepted is not None:
                message = clean(f"{change.message} Accepted: {change.accepted}")
                ElementTree.SubElement(case, "skipped", message=message)
            elif change.harmful:
                text = clean(change.message)
                ElementTree.SubElement(case, "failure", type=kind.name, message=text)
            else:
                text = clean(f"{change.message} {change.remark}".rstrip())
                ElementTree.SubElement(case, "system-out").text = text
        count(suite)
    return render_xml(document, report.seconds)


def _add_ways(document: ElementTree.Element, report: UpgradeReport) -> None:
    """Add the ways that were tried, and everything that was not checked."""
    suite = add_suite(document, "upgrade")
    if report.could_not_run is not None:
        case = add_case(suite, "could not run")
        ElementTree.SubElement(case, "error", message=clean(report.could_not_run))
    for way in report.ways:
        if way.not_checked is None:
            case = add_case(suite, f"way:{way.name}")
            ElementTree.SubElement(case, "system-out").text = clean(way.method)
    for item in report.not_checked:
        case = add_case(suite, item.id)
        ElementTree.SubElement(case, "skipped", message=clean(item.reason))
    count(suite, report.seconds)
