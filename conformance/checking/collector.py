"""Collect the data of pytest's reports for a verdict."""

from __future__ import annotations

import gc
import json
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.checking import outcomes
from conformance.checking.choices import JUNIT_FILE
from conformance.checking.profiles import generation_of
from conformance.checking.session import use_session
from conformance.comparing.facts import in_order
from conformance.comparing.findings import Finding, Left, NotChecked, Seen
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.errors import ConformanceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.engines.started import Session
    from conformance.process.progress import Progress

#: pytest's reason for skipping a check that is parametrised over nothing.
_NO_SUBJECT = "got empty parameter set"


class Collector:
    """A pytest plugin that sets the engine, reports progress, and collects the results.

    Args:
        session: the engine for the pytest session.
        progress: called with the id of each check before it runs.
        decided: called when all facts are decided, if they are one check.
    """

    def __init__(
        self,
        session: Session,
        progress: Progress,
        decided: Callable[[Collector], None] = lambda _: None,
    ) -> None:
        self.session = session
        self.progress = progress
        self.decided = decided
        self.findings: list[Finding] = []
        self.not_checked: list[NotChecked] = []
        self.seen: list[Seen] = []
        self.left: list[Left] = []
        self.moot: list[str] = []
        self.accounted: Counter[str] = Counter()
        self.by_kind: Counter[str] = Counter()
        self.tests = 0
        self.consequences = 0
        self.tried: Counter[str] = Counter()
        self.generated: dict[str, str | int] | None = None
        self.schema: dict[str, Any] | None = None
        self.stopped: str | None = None
        self.stages: defaultdict[str, float] = defaultdict(float)

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Set the engine, before the plugin starts one of its own."""
        use_session(config, self.session)
        # The option is of the terminal's plugin, which is left out. Before pytest 9.2, an assertion
        # that fails asks for it, and without it its message is lost.
        config.option.verbose = 0
        self.generated = generation_of(config).as_data()

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        """Measure the time of collecting."""
        started = time.monotonic()
        yield
        # The modules stay until the end: the garbage collector need not look at them again.
        gc.freeze()
        self.stages["collection"] = time.monotonic() - started

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the error of a module that cannot be imported: pytest then runs no check."""
        if report.failed and self.stopped is None:
            self.stopped = f"{report.nodeid} cannot be collected: {_sentence(report.longreprtext)}"

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Report the check that begins."""
        self.progress(nodeid)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep the reason for stopping: Ctrl-C, or the sentence of pytest.exit()."""
        if self.stopped is None:
            message = getattr(excinfo.value, "msg", None) or "Interrupted."
            self.stopped = str(message).removeprefix("conformance: ")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the data on the report of a check."""
        self._take_schema(report)
        self.stages[_stage(report)] += report.duration
        properties = dict(report.user_properties)
        if outcomes.COULD_NOT_RUN in properties:
            # The outcome of the check does not matter.
            self.stopped = str(properties[outcomes.COULD_NOT_RUN])
            return
        outcomes.add_tried(self.tried, report)
        if outcomes.FACTS in properties and report.when == "call":
            self._facts(json.loads(str(properties[outcomes.FACTS])))
        if report.when == "call":
            parts = [
                NotChecked(*json.loads(str(value)))
                for name, value in report.user_properties
                if name == outcomes.PART_NOT_CHECKED
            ]
            self._account(report)
            # Several checks may have the same part.
            self.not_checked += [part for part in parts if part not in self.not_checked]
            self._warned(report)
        if report.failed or outcomes.EXCUSED in properties:
            self._failed(report)
        elif report.skipped:
            self._skipped(report, properties)
        elif report.when == "call":
            self._passed(properties)
        if outcomes.FACTS in properties and report.when == "call":
            self.decided(self)

    def _take_schema(self, report: pytest.TestReport) -> None:
        """Keep the picture of the schema, and take it off the report: JUnit's would have it."""
        for name, value in report.user_properties:
            if name == outcomes.SCHEMA:
                self.schema = json.loads(str(value))
        report.user_properties = [
            item for item in report.user_properties if item[0] != outcomes.SCHEMA
        ]

    def _account(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == outcomes.SEEN:
                self.seen.append(Seen(**json.loads(str(value))))
            elif name == outcomes.LEFT:
                left = json.loads(str(value))
                self.left.append(Left(left["pattern"], tuple(left["objects"])))
            elif name == outcomes.ACCOUNTED:
                self.accounted.update(json.loads(str(value)))

    def _warned(self, report: pytest.TestReport) -> None:
        """What a check that passes has found all the same: warnings."""
        if report.passed:
            found = _findings(report)
            self.findings += [finding for finding in found if finding not in self.findings]

    def _failed(self, report: pytest.TestReport) -> None:
        known = len(self.findings)
        for finding in findings_of(report):
            self._add(finding)
        # Several checks may have the same finding.
        self.consequences += len(self.findings) == known

    def _add(self, finding: Finding) -> None:
        """Add a finding, unless an earlier check has told it."""
        if finding in self.findings:
            return
        for place, known in enumerate(self.findings):
            if finding.kind != known.kind:
                continue
            # Of proposals only the words differ: Alembic takes two readings of a clock for a change
            # if the clock ticks between them.
            if finding.kind == "migration" and finding.id == known.id:
                return
            # An error of the same revision.
            if finding.kind == "check" and finding.observed == known.observed is not None:
                self.findings[place] = replace(known, others=(*known.others, finding.id))
                return
        self.findings.append(finding)

    def _skipped(self, report: pytest.TestReport, properties: dict[str, object]) -> None:
        if outcomes.CONSEQUENCE in properties:
            self.consequences += 1
            self.moot.append(_name(report))
            return
        reason = properties.get(outcomes.NOT_CHECKED)
        if reason is None:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "skipped"
            reason = str(reason).removeprefix("Skipped: ").removeprefix("not checked: ")
            # A check parametrised over zero tables has nothing to check.
            if reason.startswith(_NO_SUBJECT):
                return
        self.not_checked.append(NotChecked(_name(report), str(reason)))

    def _facts(self, decided: dict[str, Any]) -> None:
        """Keep the outcome of all facts, which are one check."""
        self.by_kind.update(decided["by_kind"])
        self.not_checked += [NotChecked(*item) for item in decided["not_checked"]]
        self.consequences += len(decided["moot"])
        self.moot += decided["moot"]

    def _passed(self, properties: dict[str, object]) -> None:
        if outcomes.FACTS in properties:
            return
        kind = properties.get(outcomes.FACT)
        if kind is None:
            self.tests += 1
        else:
            self.by_kind[str(kind)] += 1

    def verdict(self, status: int, used: EngineUsed, seconds: float) -> Verdict:
        """The verdict of the run.

        Args:
            status: the exit code of pytest.

        Raises:
            ConformanceError: the run has no verdict.
        """
        stopping = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        if self.stopped is not None or status in stopping:
            raise ConformanceError(self.stopped or "pytest stopped with an internal error.")
        if status == pytest.ExitCode.USAGE_ERROR:
            raise ConformanceError(
                "pytest does not accept the arguments.", "Read the error of pytest above."
            )
        if status == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise ConformanceError(
                "No check matches the arguments.", "Select other checks with -k."
            )
        return Verdict(
            used,
            tuple(self.findings),
            tuple(self.not_checked),
            tuple(self.seen),
            in_order(self.accounted),
            facts=self.by_kind.total(),
            tests=self.tests,
            consequences=self.consequences,
            tried=dict(self.tried),
            generated=self.generated,
            by_kind=in_order(self.by_kind),
            seconds=seconds,
            left=tuple(self.left),
            moot=tuple(self.moot),
            stages=dict(self.stages),
            schema=self.schema,
        )


def _stage(report: pytest.TestReport) -> str:
    """The test file; with `: preparation` for the time of its fixtures, mostly databases."""
    chapter = Path(report.fspath).stem.removeprefix("test_")
    return chapter if report.when == "call" else f"{chapter}: preparation"


def findings_of(report: pytest.TestReport) -> list[Finding]:
    """What a check that failed has found."""
    for name, value in report.user_properties:
        if name == outcomes.EXCUSED:
            return [Finding(**item) for item in json.loads(str(value))]
    return _findings(report) or [_broken(report)]


def _name(report: pytest.TestReport) -> str:
    """The id of a fact, or `check:` and the name of the test."""
    _, _, test = report.nodeid.partition("::")
    if test.startswith("test_fact[") and test.endswith("]"):
        return test.removeprefix("test_fact[").removesuffix("]")
    return f"check:{test}"


def _findings(report: pytest.TestReport) -> list[Finding]:
    """What the check put on its report."""
    return [
        Finding(**json.loads(str(value)))
        for name, value in report.user_properties
        if name == outcomes.FINDING
    ]


def _sentence(text: str) -> str:
    """The first line that pytest marks as an error, else the first line."""
    lines = [line for line in text.splitlines() if line.strip()] or ["(no reason given)"]
    marked = next((line for line in lines if line.startswith("E ")), lines[0])
    return marked.removeprefix("E ").strip()


def _broken(report: pytest.TestReport) -> Finding:
    """The finding of a check that failed without one, such as those of pytest-alembic."""
    name = _name(report)
    return Finding(
        id=name,
        kind="check",
        object=name.partition(":")[2],
        attribute=report.when or "call",
        disagreement="different",
        expected=None,
        observed=None,
        message=f"{name}: {_sentence(report.longreprtext)}",
        hint=f"Read the whole report in {JUNIT_FILE}.",
    )
