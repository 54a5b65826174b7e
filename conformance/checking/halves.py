"""Run the suite in two halves at the same time: one here, one in another process."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from conformance.adoption.stage import policy_for
from conformance.checking.collector import Collector
from conformance.checking.process import verdict_of
from conformance.checking.run import SUITE, check_on
from conformance.comparing.acceptance import as_judged, judge_all
from conformance.known_gaps import KNOWN_GAPS
from conformance.process.output import write
from conformance.reports.junit import merged
from conformance.reports.verdict.console import mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from rich.console import Console

    from conformance.checking.choices import Choices
    from conformance.checking.process import SuiteProcess
    from conformance.comparing.verdict import Verdict
    from conformance.engines.started import Session
    from conformance.process.progress import Progress

#: The test files of the other process, so that both processes take about as long. Files that need
#: the same databases are in the same half: starting a database takes as long as many checks.
_BESIDE = frozenset({"test_faults.py", "test_rows.py"})
#: The same where test_sessions.py has work: it takes half of the time.
_BESIDE_SESSIONS = _BESIDE | {"test_histories.py"}
#: Its tests are divided: each is short, and needs a database that both halves have.
_GAPS = "test_known_gaps.py"
#: Divided as well: the tests of migrations need the databases of test_migrations.py, and the others
#: those of test_rows.py.
_FAULTS = "test_faults.py"
_FAULTS_OF_MIGRATIONS = ("test_a_migration_",)
_FAULTS_OF_ROWS = ("test_a_batch_", "test_batches_", "test_compression_")
_JUNIT_BESIDE = "junit-beside.xml"


def in_halves(
    other: SuiteProcess, session: Session, choices: Choices, console: Console, progress: Progress
) -> Verdict:
    """The verdict of both halves.

    Args:
        other: a process without an order.
        session: the engine of the half that runs here; the other half starts its own engine.
        console: prints the verdict on the structure as soon as it is known.

    Raises:
        ConformanceError: a half has no verdict.
    """
    here, there = _halves(has_sessions=session.engine.capabilities.concurrent_sessions)
    other.order(replace(choices, junit=_JUNIT_BESIDE), there)
    collector = Collector(session, progress, lambda found: _show(found, choices, console))
    here.append("--conformance-facts-at-once")
    verdict = check_on(session, choices, here, progress, collector)
    found = other.verdict(progress)
    _merge_junit(choices.reports / choices.junit, choices.reports / _JUNIT_BESIDE)
    return _both(verdict, verdict_of(found))


def _halves(*, has_sessions: bool) -> tuple[list[str], list[str]]:
    """The arguments of pytest for the half that runs here, and for the other."""
    chapters = {path.name for path in SUITE.glob("test_*.py")}
    if has_sessions:
        return _all_but(_BESIDE_SESSIONS), _all_but(chapters - _BESIDE_SESSIONS)
    gaps = [f"--deselect={_GAPS}::test_known_gap[{gap.code}]" for gap in KNOWN_GAPS]
    return (
        [*_all_but(_BESIDE - {_FAULTS}), *_without(_FAULTS_OF_ROWS), *gaps[::2]],
        [
            *_all_but(chapters - _BESIDE - {_GAPS}),
            *_without(_FAULTS_OF_MIGRATIONS),
            *gaps[1::2],
        ],
    )


def _without(beginnings: Iterable[str]) -> list[str]:
    return [f"--deselect={_FAULTS}::{beginning}" for beginning in beginnings]


def _all_but(names: Collection[str]) -> list[str]:
    return [f"--ignore={SUITE / name}" for name in sorted(names)]


def _show(found: Collector, choices: Choices, console: Console) -> None:
    """Print the verdict on the structure while the rows are still being checked."""
    policy = policy_for(choices.project, "check")
    judged = [as_judged(finding, judge_all(finding, policy)) for finding in found.findings]
    counted = [item for item in judged if judge_all(item, policy).excused is None]
    for finding in counted:
        console.print(mark(finding) + Text(finding.message), highlight=False)
    facts = f"{found.by_kind.total()} facts hold"
    differing = [finding for finding in counted if finding.fails]
    differs = f", {len(differing)} do not" if differing else ""
    console.print(f"Structure: {facts}{differs}. Checking rows and migrations.", style="dim")


def _both(one: Verdict, other: Verdict) -> Verdict:
    findings, unseen = other.findings, other.not_checked
    tried = Counter(one.tried)
    tried.update(other.tried)
    stages = {
        f"beside: {stage}" if stage in one.stages else stage: seconds
        for stage, seconds in other.stages.items()
    }
    return replace(
        one,
        findings=(*one.findings, *(item for item in findings if item not in one.findings)),
        not_checked=(*one.not_checked, *(item for item in unseen if item not in one.not_checked)),
        tests=one.tests + other.tests,
        consequences=one.consequences + other.consequences,
        tried=dict(tried),
        stages={**one.stages, **stages},
    )


def _merge_junit(into: Path, other: Path) -> None:
    if into.exists() and other.exists():
        write(into, merged(into.read_text("utf-8"), other.read_text("utf-8")))
        other.unlink()
