"""The verdict on a terminal: one screen, findings first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from conformance.comparing.codes import SEVERITIES
from conformance.comparing.enumerating import first_of
from conformance.comparing.findings import CATALOG
from conformance.comparing.verdict import describe_counts
from conformance.reports.fitting import fit, more_findings, places_that_fit
from conformance.reports.grouping import by_reason, objects_of, seen_by_kind
from conformance.reports.headline import show_headline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from conformance.comparing.findings import Finding
    from conformance.comparing.verdict import Baseline, Verdict

#: The number of findings that fits on a screen; the written reports have all findings.
_MOST_FINDINGS = 15
_MOST_NAMES = 6
_SIGNS = {"error": ("✗", "red"), "warning": ("!", "yellow"), "note": ("i", "blue")}


def show(
    verdict: Verdict, console: Console, reports: str | None = None, *, stages: bool = False
) -> None:
    """Print the verdict.

    Args:
        reports: the folder of the written reports, if any.
        stages: also print how long each stage took.
    """
    # What fails comes first: of a hundred warnings most are not shown.
    ordered = sorted(verdict.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    for finding in (ordered[place] for place in places_that_fit(ordered, _MOST_FINDINGS)):
        console.print(fit(mark(finding) + Text(finding.message, style="bold"), console))
        console.print(fit(Text(f"  {finding.hint}", style="dim"), console))
        console.print(Text(f"  {finding.id}\n", style="cyan"))
    rest = len(verdict.findings) - _MOST_FINDINGS
    if rest > 0:
        console.print(more_findings(rest, reports), highlight=False, markup=False)
    ways = [f"{condition}{command} {does}" for condition, command, does in verdict.ways_out]
    if ways:
        console.print("\n".join([*ways, ""]), highlight=False, markup=False)
    for line in _summary(verdict):
        console.print(line, highlight=False)
    if stages:
        for stage, seconds in sorted(verdict.stages.items(), key=lambda item: -item[1]):
            console.print(f"  {seconds:8.2f} s   {stage}", highlight=False)
    show_headline(console, "Verdict", verdict.verdict, reports)


def mark(finding: Finding) -> Text:
    """A cross if the finding fails the run, else the sign of a warning or a note."""
    sign, style = _SIGNS[finding.severity]
    return Text(f"{sign} ", style=style)


def _summary(verdict: Verdict) -> Iterator[Text]:
    engine = verdict.engine
    yield Text(f"  engine       {engine}")
    if engine.note:
        yield Text(f"               {engine.note}")
    if verdict.could_not_run is not None:
        yield Text(f"  {verdict.could_not_run}")
        return
    yield Text(f"  checked      {_checked(verdict)} in {verdict.seconds:.1f} s")
    if verdict.by_kind:
        kinds = ", ".join(f"{count} {kind}" for kind, count in verdict.by_kind.items())
        yield Text(f"               {kinds}", style="dim")
    yield from _census_lines(verdict)
    yield from _excused(verdict)
    if any(verdict.tried.values()):
        yield Text(f"  generated    {describe_counts(verdict.tried)} ({_origin(verdict)})")
    if verdict.consequences:
        moot = _count(verdict.consequences, "fact")
        depend = "depends" if verdict.consequences == 1 else "depend"
        yield Text(f"  moot         {moot} that {depend} on a finding above")
    for reason, ids in by_reason(verdict.not_checked).items():
        yield Text(f"  not checked  {len(ids)}: {reason}")
        # A known gap has a sentence after its ticket, which the written reports have.
        names = [name.partition(": ")[0] for name in objects_of(ids)]
        yield Text(f"               {_some(list(dict.fromkeys(names)))}", style="dim")


def _census_lines(verdict: Verdict) -> Iterator[Text]:
    """The number of objects that were read, and the objects that were not judged."""
    if not verdict.accounted:
        return
    total, kinds = sum(verdict.accounted.values()), len(verdict.accounted)
    line = f"accounted for {_count(total, 'object')} of {_count(kinds, 'kind')}"
    if verdict.seen:
        line += f"; {len(verdict.seen)} seen, not judged:"
    yield Text(f"               {line}")
    for kind, names in seen_by_kind(verdict.seen).items():
        yield Text(f"               {kind} {_some(names)}", style="dim")
    for item in verdict.seen:
        if item.kind == CATALOG:
            yield Text(f"               {item.reason}")


def _excused(verdict: Verdict) -> Iterator[Text]:
    """What does not count, and why."""
    for item in verdict.accepted[:_MOST_FINDINGS]:
        until = f" (until {item.until})" if item.until else ""
        yield Text(f"  accepted     {item.finding.message}")
        yield Text(f"               {item.finding.id}: {item.reason}{until}", style="dim")
    rest = len(verdict.accepted) - _MOST_FINDINGS
    if rest > 0:
        yield Text(f"               …and {rest} more accepted")
    if verdict.baseline is not None:
        yield Text(f"  baseline     {_baseline(verdict.baseline)}")
        if verdict.baseline.note:
            yield Text(f"               {verdict.baseline.note}")
    for left in verdict.left:
        names = f": {_some([*left.objects])}" if left.objects else ""
        count = _count(len(left.objects), "object")
        yield Text(f"  left         {count} to others by {left.pattern}{names}")


def _baseline(baseline: Baseline) -> str:
    waits = "waits" if baseline.waiting == 1 else "wait"
    mended = f", {len(baseline.mended)} mended" if baseline.mended else ""
    return f"{_count(baseline.waiting, 'old finding')} {waits} in {baseline.file}{mended}"


def _some(names: list[str]) -> str:
    """The first few names and the number of the others."""
    return first_of(names, _MOST_NAMES)


def _checked(verdict: Verdict) -> str:
    parts = [f"{_count(verdict.facts, 'fact')} {'holds' if verdict.facts == 1 else 'hold'}"]
    if verdict.tests:
        parts.append(
            f"{_count(verdict.tests, 'test')} {'passes' if verdict.tests == 1 else 'pass'}"
        )
    found = _count(len(verdict.findings), "finding")
    counted = {"warning": verdict.counts["warnings"], "note": verdict.counts["notes"]}
    if lesser := ", ".join(_count(number, noun) for noun, number in counted.items() if number):
        found += f" ({lesser})"
    return ", ".join([*parts, found])


def _origin(verdict: Verdict) -> str:
    """The options that generate the same examples again: `profile quick, seed 1`."""
    return ", ".join(f"{name} {value}" for name, value in (verdict.generated or {}).items())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
