"""The audits of several databases as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reports.audits.console import COLUMNS, cells, remark
from conformance.reports.templates import template

if TYPE_CHECKING:
    from conformance.comparing.audits import Audits

#: A comment on GitHub holds 65,536 characters; a finding takes about 500.
_MOST_FINDINGS = 80


def render(audits: Audits) -> str:
    """Render the table of verdicts, then the findings."""
    rendered = template("audits/audits.md.jinja").render(
        audits=audits,
        columns=COLUMNS,
        cells=cells,
        remark=remark,
        findings=audits.findings,
        most=_MOST_FINDINGS,
    )
    return rendered.strip() + "\n"
