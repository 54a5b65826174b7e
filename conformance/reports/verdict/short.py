"""The verdict in a few lines, for a terminal that shows one after each change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from conformance.reports.fitting import places_that_fit
from conformance.reports.html.text import plural

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.comparing.verdict import Verdict

#: The number of findings that fits on a screen; the written reports have all findings.
_MOST_FINDINGS = 10
_STYLES = {"conforms": "bold green", "differs": "bold red", "could_not_run": "bold yellow"}


def show(verdict: Verdict, console: Console, when: str) -> None:
    """Print the verdict and its findings: `12:03:41 conforms: 1,179 facts hold`.

    Args:
        when: the time of day.
    """
    word = Text(verdict.verdict.replace("_", " "), style=_STYLES[verdict.verdict])
    console.print(Text(f"{when} ", style="dim") + word + Text(f": {_counted(verdict)}"))
    ordered = sorted(verdict.findings, key=lambda finding: not finding.fails)
    for finding in (ordered[place] for place in places_that_fit(ordered, _MOST_FINDINGS)):
        mark = Text("  ✗ ", style="red") if finding.fails else Text("  ! ", style="yellow")
        console.print(mark + Text(finding.message))
    if len(ordered) > _MOST_FINDINGS:
        console.print(f"  …and {plural(len(ordered) - _MOST_FINDINGS, 'more finding')}.")


def _counted(verdict: Verdict) -> str:
    if verdict.could_not_run is not None:
        return verdict.could_not_run
    parts = [plural(len(verdict.findings), "finding")] if verdict.findings else []
    parts.append(f"{plural(verdict.facts, 'fact')} {'holds' if verdict.facts == 1 else 'hold'}")
    for number, what in (
        (len(verdict.not_checked), "not checked"),
        (len(verdict.accepted), "accepted"),
        (len(verdict.old), "old"),
    ):
        if number:
            parts.append(f"{number:,} {what}")
    return f"{', '.join(parts)}, in {verdict.seconds:.1f} s"
