"""Write the reports of a command into a folder; each file is replaced atomically.

A writer is imported only when it is used: a command does not load the reports of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.audits import Audits
from conformance.process.output import write
from conformance.process.visible import visible
from conformance.reports import json_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance.comparing.verdict import Verdict
    from conformance.gate.evidence.report import GateReport
    from conformance.upgrade.report import UpgradeReport

#: Written by pytest, which escapes no more than XML forbids.
_OF_PYTEST = "junit.xml"


def write_verdict(verdict: Verdict, folder: Path) -> None:
    """Write `verdict.json`, `verdict.md` and `verdict.html`.

    In `junit.xml`, which pytest has written, invisible characters become visible.

    Raises:
        ConformanceError: the folder is not writable.
    """
    from conformance.reports.html import verdict as page
    from conformance.reports.verdict import markdown

    texts = {"md": markdown.render(verdict), "html": page.render(verdict)}
    _write(folder, "verdict", verdict, texts)
    if (folder / _OF_PYTEST).exists():
        write(folder / _OF_PYTEST, visible((folder / _OF_PYTEST).read_text("utf-8")))


def write_audit(report: Verdict | Audits, folder: Path) -> None:
    """Write `audit.json`, `audit.md`, `audit.junit.xml` and `audit.html`, as `write_verdict`."""
    from conformance.reports.audits import markdown as audits_markdown
    from conformance.reports.html import audits as audits_page
    from conformance.reports.html import verdict as verdict_page
    from conformance.reports.verdict import junit
    from conformance.reports.verdict import markdown as verdict_markdown

    if isinstance(report, Audits):
        markdown, page = audits_markdown.render(report), audits_page.render(report)
        verdicts = [(item.name, item.verdict) for item in report.databases]
    else:
        markdown = verdict_markdown.render(report, "audit.json")
        page = verdict_page.render(report)
        verdicts = [(report.engine.description, report)]
    cases = junit.render(verdicts, report.seconds)
    _write(folder, "audit", report, {"md": markdown, "junit.xml": cases, "html": page})


def write_gate(report: GateReport, folder: Path, environment: Mapping[str, str]) -> None:
    """Write `gate.json`, `gate.md`, `gate.junit.xml` and `gate.html`, as `write_verdict`.

    Args:
        environment: the environment variables, which GitHub Actions sets in a workflow.
    """
    from conformance.reports.gate import junit, markdown
    from conformance.reports.html import gate as page
    from conformance.reports.pages import pages_address

    text, cases = markdown.render(report, pages_address(environment)), junit.render(report)
    texts = {"md": text, "junit.xml": cases, "html": page.render(report)}
    _write(folder, "gate", report, texts)


def write_upgrade(report: UpgradeReport, folder: Path) -> None:
    """Write `upgrade.json`, `.md`, `.junit.xml` and `.html`, as `write_verdict`."""
    from conformance.reports.html import upgrade as page
    from conformance.reports.upgrade import junit, markdown

    text, cases = markdown.render(report), junit.render(report)
    texts = {"md": text, "junit.xml": cases, "html": page.render(report)}
    _write(folder, "upgrade", report, texts)


def _write(
    folder: Path,
    name: str,
    report: Verdict | Audits | GateReport | UpgradeReport,
    texts: Mapping[str, str],
) -> None:
    """Write the report as JSON, and texts by what follows the name of their file."""
    for ending, text in {"json": json_report.render(report), **texts}.items():
        write(folder / f"{name}.{ending}", text)
