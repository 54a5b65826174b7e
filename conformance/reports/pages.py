"""The URLs of the pages about findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conformance.comparing.codes import PAGES
from conformance.comparing.facts import KINDS
from conformance.gate.evidence.codes import code as code_named
from conformance.gate.evidence.codes import is_code

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The variable with the URL of the repository that has the pages, up to the path of a file.
VARIABLE = "CONFORMANCE_PAGES"


def pages_address(environment: Mapping[str, str]) -> str:
    """The prefix that turns a page's path into a URL, which links in a comment need.

    The variable `CONFORMANCE_PAGES` names the prefix. Without it the prefix is known only if a
    GitHub workflow runs in the repository that contains the pages; other projects install this
    package without its repository.

    Source: GitHub's documentation, "Variables reference". The URL names the pull request's base,
    since its own commit may disappear after the merge.

    Returns:
        Empty if the address is unknown.
    """
    if given := environment.get(VARIABLE):
        return given
    if environment.get("GITHUB_ACTIONS") != "true" or not Path(PAGES).is_dir():
        return ""
    server, repository = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    commit = environment.get("GITHUB_BASE_REF") or environment.get("GITHUB_SHA")
    return f"{server}/{repository}/blob/{commit}/" if server and repository and commit else ""


def address_of(name: str, prefix: str) -> str:
    """The URL of the page about a code or a kind of fact; empty if it is unknown."""
    page = ""
    if is_code(name):
        page = code_named(name).page
    elif name in KINDS:
        page = f"{PAGES}checks.md#{name}"
    if "://" in page:
        return page
    return f"{prefix}{page}" if prefix and page else ""
