"""A verdict as a page: findings by relation, and the schema as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.codes import SEVERITIES
from conformance.comparing.verdict import describe_counts
from conformance.reports.grouping import by_reason
from conformance.reports.html.diagram import HEIGHT, WIDTH, diagram
from conformance.reports.html.environment import render as render_page
from conformance.reports.html.explanations import explanations
from conformance.reports.html.subjects import by_relation
from conformance.reports.html.timeline import timeline

if TYPE_CHECKING:
    from conformance.comparing.findings import Finding
    from conformance.comparing.verdict import Verdict

#: Verdict -> the tone of its colours.
TONES = {"conforms": "good", "differs": "bad", "could_not_run": "unknown"}
#: What a page shows of each; the JSON report has everything.
_MOST, _MOST_OF_ONE, _MOST_RELATIONS, _MOST_COLUMNS = 500, 200, 150, 60


def render(verdict: Verdict) -> str:
    """Render one HTML document, which needs no other file and no network."""
    relations = (verdict.schema or {"relations": []})["relations"]
    numbers = {relation["name"]: number for number, relation in enumerate(relations)}
    grouped = by_relation(verdict.findings, numbers)
    worst = {name: found[0].severity for name, found in grouped.items() if name}
    drawn = sorted(relations, key=lambda relation: relation["name"] not in worst)[:_MOST_RELATIONS]
    drawn.sort(key=lambda relation: numbers[relation["name"]])
    lines = [(numbers[r["name"]], r, line) for r in drawn if (line := timeline(r)) is not None]
    # Accepted findings need no page.
    pages = explanations(finding.topic for finding in verdict.findings)
    return render_page(
        "verdict.html.jinja",
        verdict=verdict,
        tone=TONES[verdict.verdict],
        figures=_figures(verdict),
        contents=_contents(verdict, grouped, relations=bool(drawn), lines=bool(lines)),
        grouped=grouped,
        severities=[s for s in SEVERITIES if any(f.severity == s for f in verdict.findings)],
        numbers=numbers,
        worst=worst,
        marked={name: _columns(found) for name, found in grouped.items()},
        relations=drawn,
        count_of_relations=len(relations),
        diagram=diagram(relations),
        lines=lines,
        not_checked=by_reason(verdict.not_checked),
        explanations=pages,
        generated=_generated(verdict),
        box_width=WIDTH,
        box_height=HEIGHT,
        most=_MOST,
        most_of_one=_MOST_OF_ONE,
        most_columns=_MOST_COLUMNS,
    )


def _figures(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Label, number and tone of what is counted; zeros that mean nothing are left out."""
    counts = verdict.counts
    errors = counts["findings"] - counts["warnings"]
    items = [
        ("errors", errors, "bad" if errors else "good"),
        ("warnings", counts["warnings"], "unknown" if counts["warnings"] else ""),
        ("facts hold", counts["facts"], ""),
        ("tests pass", counts["tests"], ""),
        ("not checked", counts["not_checked"], ""),
        ("accepted", counts["accepted"], ""),
        ("old", counts["old"], ""),
        ("seen, not judged", counts["seen"], ""),
        ("left to others", counts["left"], ""),
    ]
    always = ("errors", "warnings", "facts hold", "not checked")
    return [
        (label, f"{number:,}", tone) for label, number, tone in items if number or label in always
    ]


def _contents(
    verdict: Verdict, grouped: dict[str, list[Finding]], *, relations: bool, lines: bool
) -> list[tuple[str, str]]:
    excused: tuple[Any, ...] = (
        verdict.accepted, verdict.old, verdict.baseline, verdict.not_checked, verdict.seen,
        verdict.left,
    )  # fmt: skip
    items = [
        (bool(grouped), "findings", "Findings"),
        (relations, "schema", "The schema"),
        (lines, "ages", "As rows grow older"),
        (relations, "relations", "Tables and views"),
        (any(excused), "others", "What does not count"),
    ]
    return [(anchor, label) for there, anchor, label in items if there]


def _columns(findings: list[Finding]) -> set[str]:
    return {f.object.rpartition(".")[2] for f in findings if f.kind == "column"}


def _generated(verdict: Verdict) -> str:
    origin = ", ".join(f"{name} {value}" for name, value in (verdict.generated or {}).items())
    tried = describe_counts(verdict.tried)
    return f"{tried} ({origin})" if tried else ""
