"""Write the gate's reports into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.process.output import write
from conformance.reports import json_report
from conformance.reports.gate import junit as gate_junit
from conformance.reports.gate import markdown as gate_markdown
from conformance.reports.html import gate as gate_page
from conformance.reports.pages import pages_address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance.gate.evidence.report import GateReport

JSON_FILE = "gate.json"
MARKDOWN_FILE = "gate.md"
JUNIT_FILE = "gate.junit.xml"
PAGE_FILE = "gate.html"


def write_all(report: GateReport, folder: Path, environment: Mapping[str, str]) -> None:
    """Write `gate.json`, `gate.md`, `gate.junit.xml` and `gate.html`. Each is replaced atomically.

    Args:
        environment: the environment variables, which GitHub Actions sets in a workflow.

    Raises:
        ConformanceError: the folder is not writable.
    """
    write(folder / JSON_FILE, json_report.render(report))
    write(folder / MARKDOWN_FILE, gate_markdown.render(report, pages_address(environment)))
    write(folder / JUNIT_FILE, gate_junit.render(report))
    write(folder / PAGE_FILE, gate_page.render(report))
