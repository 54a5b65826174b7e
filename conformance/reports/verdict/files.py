"""Write the reports of a run into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.process.output import write
from conformance.process.visible import visible
from conformance.reports import json_report
from conformance.reports.html import verdict as verdict_page
from conformance.reports.verdict import markdown as markdown_report

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.comparing.verdict import Verdict

JSON_FILE = "verdict.json"
MARKDOWN_FILE = "verdict.md"
PAGE_FILE = "verdict.html"
#: Written by pytest, which escapes no more than XML forbids.
JUNIT_FILE = "junit.xml"


def write_all(verdict: Verdict, folder: Path) -> None:
    """Write `verdict.json`, `verdict.md` and `verdict.html`. Each file is replaced atomically.

    In `junit.xml`, which pytest has written, invisible characters become visible.
    """
    write(folder / JSON_FILE, json_report.render(verdict))
    write(folder / MARKDOWN_FILE, markdown_report.render(verdict))
    write(folder / PAGE_FILE, verdict_page.render(verdict))
    if (folder / JUNIT_FILE).exists():
        write(folder / JUNIT_FILE, visible((folder / JUNIT_FILE).read_text("utf-8")))
