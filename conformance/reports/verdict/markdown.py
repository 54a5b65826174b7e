"""The verdict as Markdown, for a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reports.grouping import by_reason, objects_of
from conformance.reports.templates import template

if TYPE_CHECKING:
    from conformance.comparing.verdict import Verdict

#: A comment on GitHub holds 65,536 characters; a finding takes about 400.
_MOST_FINDINGS = 100


def render(verdict: Verdict, json_file: str = "verdict.json") -> str:
    """Render the findings first; unchecked items are collapsed.

    Args:
        json_file: the name of the report that has all findings.
    """
    not_checked = {
        reason: objects_of(ids) for reason, ids in by_reason(verdict.not_checked).items()
    }
    rendered = template("verdict/verdict.md.jinja").render(
        verdict=verdict, not_checked=not_checked, most=_MOST_FINDINGS, json_file=json_file
    )
    return rendered.strip() + "\n"
