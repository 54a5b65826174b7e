"""Write the gate's reports into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conformance.gate.evidence.codes import PAGES
from conformance.process.output import write
from conformance.reports import json_report
from conformance.reports.gate import junit as gate_junit
from conformance.reports.gate import markdown as gate_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.gate.evidence.report import GateReport

JSON_FILE = "gate.json"
MARKDOWN_FILE = "gate.md"
JUNIT_FILE = "gate.junit.xml"


def write_all(report: GateReport, folder: Path, environment: Mapping[str, str]) -> None:
    """`gate.json`, `gate.md` and `gate.junit.xml`; each is replaced in one step.

    Args:
        environment: the process's variables; a workflow of GitHub says by them where it runs.

    Raises:
        ConformanceError: the folder cannot be written.
    """
    write(folder / JSON_FILE, json_report.render(report))
    write(folder / MARKDOWN_FILE, gate_markdown.render(report, pages_address(environment)))
    write(folder / JUNIT_FILE, gate_junit.render(report))


def pages_address(environment: Mapping[str, str]) -> str:
    """What stands before a page's path: links in a comment need a whole address.

    It is known where a workflow of GitHub runs in the repository that the pages are in; any other
    project has this package installed, and not its pages.

    Source: GitHub's documentation, "Variables reference"; a pull request's own commit is gone
    after the merge, its base stays.
    """
    if environment.get("GITHUB_ACTIONS") != "true" or not Path(PAGES).is_dir():
        return ""
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    commit = environment.get("GITHUB_BASE_REF") or environment["GITHUB_SHA"]
    return f"{server}/{repository}/blob/{commit}/"
