"""The audits of several databases as a page: a table of verdicts, and each finding once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.codes import SEVERITIES
from conformance.reports.html.environment import render as render_page
from conformance.reports.html.explanations import explanations
from conformance.reports.html.verdict import TONES

if TYPE_CHECKING:
    from conformance.comparing.audits import Audits

#: The number of findings that a page shows; the JSON report has all.
_MOST = 500


def render(audits: Audits) -> str:
    """Render one HTML document, which needs no other file and no network."""
    shared = audits.findings
    counts = audits.counts
    return render_page(
        "audits.html.jinja",
        audits=audits,
        # What needs attention first.
        databases=sorted(audits.databases, key=lambda item: -item.verdict.exit_code),
        tone=TONES[audits.verdict],
        tones=TONES,
        figures=[
            ("conform", f"{counts['conforms']:,}", "good" * bool(counts["conforms"])),
            ("differ", f"{counts['differs']:,}", "bad" * bool(counts["differs"])),
            (
                "could not run",
                f"{counts['could_not_run']:,}",
                "unknown" * bool(counts["could_not_run"]),
            ),
            ("findings", f"{len(shared):,}", ""),
        ],
        contents=[("databases", "Databases"), *([("findings", "Findings")] if shared else [])],
        shared=shared,
        severities=[s for s in SEVERITIES if any(item.finding.severity == s for item in shared)],
        against=any(item.verdict.against for item in audits.databases),
        explanations=explanations(item.finding.topic for item in shared),
        most=_MOST,
    )
