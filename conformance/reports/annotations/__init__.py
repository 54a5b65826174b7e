"""Findings for the places where a reviewer reads: GitHub, GitLab, and readers of SARIF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reports.annotations import github, gitlab, sarif

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reports.annotations.annotation import Annotations

#: Format -> its writer. Each gives a text that ends with a newline, or no text.
FORMATS: dict[str, Callable[[Annotations], str]] = {
    "github": github.render,
    "gitlab": gitlab.render,
    "sarif": sarif.render,
}
