"""Write the gate's reports into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conformance.comparing.codes import PAGES
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
    """Write `gate.json`, `gate.md` and `gate.junit.xml`. Each file is replaced atomically.

    Args:
        environment: the environment variables, which GitHub Actions sets in a workflow.

    Raises:
        ConformanceError: the folder is not writable.
    """
    write(folder / JSON_FILE, json_report.render(report))
    write(folder / MARKDOWN_FILE, gate_markdown.render(report, pages_address(environment)))
    write(folder / JUNIT_FILE, gate_junit.render(report))


def pages_address(environment: Mapping[str, str]) -> str:
    """The prefix that turns a page's path into a URL, which links in a comment need.

    The prefix is known only if a GitHub workflow runs in the repository that contains the pages;
    other projects install this package without its pages.

    Source: GitHub's documentation, "Variables reference". The URL names the pull request's base,
    since its own commit may disappear after the merge.
    """
    if environment.get("GITHUB_ACTIONS") != "true" or not Path(PAGES).is_dir():
        return ""
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    commit = environment.get("GITHUB_BASE_REF") or environment["GITHUB_SHA"]
    return f"{server}/{repository}/blob/{commit}/"
