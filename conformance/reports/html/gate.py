"""The gate's report as a page: findings by table, and each statement's locks over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.codes import SEVERITIES
from conformance.reports.gate.copies import told as told_of_copy
from conformance.reports.gate.estimates import told
from conformance.reports.gate.markdown import duration, effects
from conformance.reports.grouping import by_reason
from conformance.reports.html.environment import render as render_page
from conformance.reports.html.explanations import explanations
from conformance.reports.html.locks import track

if TYPE_CHECKING:
    from conformance.gate.evidence.report import GateFinding, GateReport

_TONES = {"passes": "good", "fails": "bad", "could_not_run": "unknown"}
#: What a page shows of each; `gate.json` has everything.
_MOST, _MOST_LOCKS = 300, 40
#: An object and its attribute, after the kind.
_PARTS_OF_AN_ID = 2
#: Kinds of facts whose objects are named by their table and a name of their own.
_OF_TABLES = frozenset(
    {
        "column", "unique", "foreign_key", "check", "exclusion", "index", "policy",
        "chunk_skipping", "trigger", "rule", "row_security_policy",
    }
)  # fmt: skip
#: Below this many seconds, tenths of a millisecond matter.
_FAST = 0.01


def render(report: GateReport) -> str:
    """Render one HTML document, which needs no other file and no network."""
    revisions = [(revision, track(revision)) for revision in report.revisions]
    return render_page(
        "gate.html.jinja",
        report=report,
        tone=_TONES[report.verdict],
        figures=_figures(report),
        contents=_contents(report),
        grouped=_by_table(report.findings),
        severities=[s for s in SEVERITIES if any(f.severity == s for f in report.findings)],
        revisions=revisions,
        anchors={
            (revision.revision, row.statement.number): f"statement-{number}-{row.statement.number}"
            for number, (revision, drawn) in enumerate(revisions)
            for row in drawn.rows[:_MOST]
        },
        not_checked=by_reason(report.not_checked),
        explanations=explanations(
            finding.code for finding in report.findings if "://" not in finding.page
        ),
        duration=_duration,
        effects=effects,
        told=told,
        told_of_copy=told_of_copy,
        most=_MOST,
        most_locks=_MOST_LOCKS,
    )


def _duration(seconds: float) -> str:
    """`0.4 ms`, `12 ms`, `1.5 s`: generated rows are few, and statements fast."""
    return f"{seconds * 1000:.1f} ms" if seconds < _FAST else duration(seconds)


def _by_table(findings: tuple[GateFinding, ...]) -> dict[tuple[str, str], list[GateFinding]]:
    """Findings by revision and subject, in the order of the report: the worst first."""
    grouped: dict[tuple[str, str], list[GateFinding]] = {}
    for finding in findings:
        grouped.setdefault((finding.revision, _table_of(finding.subject)), []).append(finding)
    return grouped


def _table_of(subject: str) -> str:
    """The table of a fact's id, which is the subject of drift; any other subject as it is."""
    kind, *objects = subject.split(":")
    if len(objects) < _PARTS_OF_AN_ID:
        return subject
    named = ":".join(objects[:-1])
    return named.rpartition(".")[0] or named if kind in _OF_TABLES else named


def _figures(report: GateReport) -> list[tuple[str, str, str]]:
    """Label, number and tone of what is counted."""
    counts = report.counts
    tones = {"error": "bad", "warning": "unknown"}
    items = [
        (f"{severity}s", f"{counts[severity]:,}", tones.get(severity, "") * bool(counts[severity]))
        for severity in SEVERITIES
    ]
    statements = sum(not s.by_alembic for r in report.revisions for s in r.statements)
    return [
        *items,
        ("accepted", f"{counts['accepted']:,}", ""),
        ("revisions", f"{len(report.revisions):,}", ""),
        ("statements", f"{statements:,}", ""),
        ("not checked", f"{counts['not_checked']:,}", ""),
    ]


def _contents(report: GateReport) -> list[tuple[str, str]]:
    items = [
        (report.findings, "findings", "Findings"),
        (report.revisions, "revisions", "Statements and locks"),
        (report.not_checked, "others", "Not checked"),
    ]
    return [(anchor, label) for there, anchor, label in items if there]
