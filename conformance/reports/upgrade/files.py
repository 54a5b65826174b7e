"""Write the reports on an upgrade's rehearsal into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.process.output import write
from conformance.reports import json_report
from conformance.reports.html import upgrade as upgrade_page
from conformance.reports.upgrade import junit as upgrade_junit
from conformance.reports.upgrade import markdown as upgrade_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.upgrade.report import UpgradeReport

JSON_FILE = "upgrade.json"
MARKDOWN_FILE = "upgrade.md"
JUNIT_FILE = "upgrade.junit.xml"
PAGE_FILE = "upgrade.html"


def write_all(report: UpgradeReport, folder: Path) -> None:
    """Write `upgrade.json`, `.md`, `.junit.xml` and `.html`. Each file is replaced atomically.

    Raises:
        ConformanceError: the folder is not writable.
    """
    write(folder / JSON_FILE, json_report.render(report))
    write(folder / MARKDOWN_FILE, upgrade_markdown.render(report))
    write(folder / JUNIT_FILE, upgrade_junit.render(report))
    write(folder / PAGE_FILE, upgrade_page.render(report))
