"""The verdict of an audit as JUnit XML: one suite for each database.

A kind of facts that hold is a case that passes; a finding is a case that fails, a warning one that
passes with output, and an accepted or unchecked item a skipped one.
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

    from conformance.comparing.verdict import Verdict


def render(verdicts: Iterable[tuple[str, Verdict]], seconds: float) -> str:
    """Return one XML document that ends with a newline.

    Args:
        verdicts: each with the name of its database.
        seconds: wall time.
    """
    report = new_report("conformance audit")
    for name, verdict in verdicts:
        _add(add_suite(report, name), verdict)
    return render_xml(report, seconds)


def _add(suite: ElementTree.Element, verdict: Verdict) -> None:
    if verdict.could_not_run is not None:
        case = add_case(suite, "could not run")
        ElementTree.SubElement(case, "error", message=clean(verdict.could_not_run))
    for kind in verdict.by_kind:
        add_case(suite, f"facts of kind {kind}")
    for finding in verdict.findings:
        add_finding(suite, finding)
    for item in verdict.accepted:
        add_finding(suite, item.finding, excused=item.reason)
    for finding in verdict.old:
        add_finding(suite, finding, excused="The baseline has it.")
    for unchecked in verdict.not_checked:
        add_skipped(suite, unchecked)
    count(suite, verdict.seconds)
