"""Write the reports of an audit into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.audits import Audits
from conformance.process.output import write
from conformance.reports import json_report
from conformance.reports.audits import markdown as audits_markdown
from conformance.reports.html import audits as audits_page
from conformance.reports.html import verdict as verdict_page
from conformance.reports.verdict import junit
from conformance.reports.verdict import markdown as verdict_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.comparing.verdict import Verdict

JSON_FILE = "audit.json"
MARKDOWN_FILE = "audit.md"
JUNIT_FILE = "audit.junit.xml"
PAGE_FILE = "audit.html"


def write_all(report: Verdict | Audits, folder: Path) -> None:
    """Write `audit.json`, `audit.md`, `audit.junit.xml` and `audit.html`.

    Each file is replaced atomically.

    Raises:
        ConformanceError: the folder is not writable.
    """
    if isinstance(report, Audits):
        markdown, page = audits_markdown.render(report), audits_page.render(report)
        verdicts = [(item.name, item.verdict) for item in report.databases]
    else:
        markdown = verdict_markdown.render(report, JSON_FILE)
        page = verdict_page.render(report)
        verdicts = [(report.engine.description, report)]
    write(folder / JSON_FILE, json_report.render(report))
    write(folder / MARKDOWN_FILE, markdown)
    write(folder / JUNIT_FILE, junit.render(verdicts, report.seconds))
    write(folder / PAGE_FILE, page)
