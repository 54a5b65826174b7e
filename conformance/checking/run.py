"""Run the suite with pytest in this process, and turn its reports into a verdict."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich import progress as bars

from conformance.checking import outcomes
from conformance.checking.options import as_arguments
from conformance.checking.profiles import generation_of
from conformance.checking.session import use_session
from conformance.comparing.facts import in_order
from conformance.comparing.findings import Finding, NotChecked
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.engines.started import Session, start_session
from conformance.errors import ConformanceError
from conformance.process.output import make_folder
from conformance.process.progress import unwatched
from conformance.project.migrations import Migrations, alembic_config
from conformance.project.models import load_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from conformance.process.progress import Progress

JUNIT_FILE = "junit.xml"
#: What pytest says of a check that is made for each of none.
_NO_SUBJECT = "got empty parameter set"


class Collector:
    """A pytest plugin: gives the session its engine, shows progress, keeps what was found."""

    def __init__(self, session: Session, bar: bars.Progress, progress: Progress) -> None:
        self.session = session
        self.progress = progress
        self.bar = bar
        self.task = bar.add_task("collecting", total=None)
        self.findings: list[Finding] = []
        self.not_checked: list[NotChecked] = []
        self.by_kind: Counter[str] = Counter()
        self.tests = 0
        self.consequences = 0
        self.tried: Counter[str] = Counter()
        self.generated: dict[str, str | int] | None = None
        self.stopped: str | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Before the plugin would start an engine of its own."""
        use_session(config, self.session)
        self.generated = generation_of(config).as_data()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported keeps pytest from running anything."""
        if report.failed and self.stopped is None:
            self.stopped = f"{report.nodeid} cannot be collected: {_sentence(report.longreprtext)}"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Now the number of checks is known."""
        if session.items:
            self.bar.update(self.task, total=len(session.items))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say what is being checked."""
        self.progress(nodeid)
        chapter = nodeid.split("::", maxsplit=1)[0].rsplit("/", 1)[-1].removesuffix(".py")
        self.bar.update(self.task, description=chapter.removeprefix("test_"))

    def pytest_runtest_logfinish(self) -> None:
        """One more is done."""
        self.bar.advance(self.task)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, or pytest.exit() with a sentence."""
        if self.stopped is None:
            message = getattr(excinfo.value, "msg", None) or "Interrupted."
            self.stopped = str(message).removeprefix("conformance: ")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the data that the check put on its report."""
        properties = dict(report.user_properties)
        if outcomes.COULD_NOT_RUN in properties:
            # Whatever the check made of it.
            self.stopped = str(properties[outcomes.COULD_NOT_RUN])
            return
        outcomes.add_tried(self.tried, report)
        if report.when == "call":
            self.not_checked += [
                NotChecked(*json.loads(str(value)))
                for name, value in report.user_properties
                if name == outcomes.PART_NOT_CHECKED
            ]
        if report.failed:
            self._failed(report)
        elif report.skipped:
            self._skipped(report, properties)
        elif report.when == "call":
            self._passed(properties)

    def _failed(self, report: pytest.TestReport) -> None:
        found = [value for name, value in report.user_properties if name == outcomes.FINDING]
        if found:
            new = [Finding(**json.loads(str(value))) for value in found]
            new = [finding for finding in new if finding not in self.findings]
            # Checks may share what they fail with.
            self.consequences += not new
            self.findings += new
        else:
            self.findings.append(_broken(report))

    def _skipped(self, report: pytest.TestReport, properties: dict[str, object]) -> None:
        if outcomes.CONSEQUENCE in properties:
            self.consequences += 1
            return
        reason = properties.get(outcomes.NOT_CHECKED)
        if reason is None:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "skipped"
            reason = str(reason).removeprefix("Skipped: ").removeprefix("not checked: ")
            # Of what the models do not have nothing is left unchecked.
            if reason.startswith(_NO_SUBJECT):
                return
        self.not_checked.append(NotChecked(_name(report), str(reason)))

    def _passed(self, properties: dict[str, object]) -> None:
        kind = properties.get(outcomes.FACT)
        if kind is None:
            self.tests += 1
        else:
            self.by_kind[str(kind)] += 1


@dataclass(frozen=True)
class Choices:
    """What is checked, and where; the suite's own options.

    Attributes:
        engine: `auto`, `embedded`, `container` or a database URL.
        image: the container's image; None: the default one.
        models: the metadata, `package.module:Base.metadata`.
        alembic_ini: Alembic's configuration.
        reports: the folder for the JUnit XML.
        writes: the module with the write path; None: `writes` in the package of the models.
        profile, seed, examples: how much is generated, and from what; None: the default.
    """

    engine: str
    image: str | None
    models: str
    alembic_ini: str
    reports: Path
    writes: str | None = None
    profile: str | None = None
    seed: int | None = None
    examples: int | None = None

    def for_pytest(self) -> list[str]:
        """As options of pytest."""
        options = as_arguments(**vars(self))
        options.append(f"--junitxml={self.reports / JUNIT_FILE}")
        # Where a conftest.py may override fixtures; beside the suite's pytest.ini there is none.
        return [*options, f"--rootdir={Path.cwd()}", f"--confcutdir={Path.cwd()}"]


def run_suite(
    choices: Choices,
    arguments: Sequence[str],
    console: Console,
    progress: Progress = unwatched,
) -> Verdict:
    """Start the engine, run the suite, stop the engine.

    Args:
        arguments: more of pytest's, such as `-k market_data`.
        console: where progress is shown.
        progress: told what is checked next.

    Raises:
        ConformanceError: the engine, the models or the migration cannot be had.
    """
    started = time.monotonic()
    # What is wrong with the models or the folder is known before anything is started.
    load_metadata(choices.models)
    make_folder(choices.reports)
    with _bar(console) as bar:
        kind = "of the URL" if "://" in choices.engine else choices.engine
        task = bar.add_task(f"starting engine {kind}", total=None)
        session = start_session(
            choices.engine,
            choices.image,
            lambda step: bar.update(task, description=step),
        )
        bar.update(task, visible=False)
    try:
        _anticipate(session, choices)
        return replace(
            check_on(session, choices, arguments, console, progress),
            seconds=time.monotonic() - started,
        )
    finally:
        session.engine.stop()


def check_on(
    session: Session,
    choices: Choices,
    arguments: Sequence[str],
    console: Console,
    progress: Progress = unwatched,
) -> Verdict:
    """Run the suite on an engine that is started already.

    Args:
        arguments: more of pytest's, such as `-k market_data`.
        progress: told what is checked next.

    Raises:
        ConformanceError: the models or the migration cannot be had.
    """
    started = time.monotonic()
    # Asked now: at pytest's end the engine is stopped.
    used = session.used
    with _bar(console) as bar:
        collector = Collector(session, bar, progress)
        with _no_settings_of_the_environment():
            status = pytest.main([*_FIXED, *choices.for_pytest(), *arguments], plugins=[collector])
    return _verdict(collector, int(status), used, time.monotonic() - started)


def _anticipate(session: Session, choices: Choices) -> None:
    """Let the migrated database get ready while pytest is still collecting."""
    # Whatever is wrong with the migrations is said by the check that needs them.
    with suppress(Exception):
        config = alembic_config(choices.alembic_ini)
        migrations = Migrations(config, session.engine.server.edition)
        session.engine.anticipate(migrations.template())


def _bar(console: Console) -> bars.Progress:
    return bars.Progress(
        bars.SpinnerColumn(),
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        console=console,
        transient=True,
    )


#: How pytest is called, whatever is checked.
_FIXED = (
    "--pyargs", "conformance.suite",
    # Only the plugins that the suite uses. Whatever else is installed could change what is checked,
    # and costs time: of each package with a plugin pytest rewrites every module, Hypothesis's too.
    "--disable-plugin-autoload",
    "-p", "pytest_alembic",
    "-p", "hypothesispytest",
    "-p", "xdist",
    "-p", "conformance.pytest_plugin",
    # The verdict takes the place of pytest's own output.
    "-p", "no:terminal",
    "-p", "no:cacheprovider",
    # What no check uses, and each of a thousand would pay for.
    "-p", "no:logging",
    "-p", "no:doctest",
    "-p", "no:unittest",
    "-p", "no:stepwise",
    "-p", "no:legacypath",
    "-c", str(Path(__file__).parents[1] / "suite" / "pytest.ini"),
)  # fmt: skip


@contextmanager
def _no_settings_of_the_environment() -> Iterator[None]:
    """Options and plugins in the environment are for the project's own tests."""
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    try:
        yield
    finally:
        os.environ.update({name: value for name, value in kept.items() if value is not None})


def _verdict(collector: Collector, status: int, used: EngineUsed, seconds: float) -> Verdict:
    stopping = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
    if collector.stopped is not None or status in stopping:
        raise ConformanceError(collector.stopped or "pytest stopped with an internal error.")
    if status == pytest.ExitCode.USAGE_ERROR:
        raise ConformanceError("pytest does not accept its arguments.", "See above.")
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise ConformanceError("No check matches.", "Choose others with -k.")
    return Verdict(
        used,
        tuple(collector.findings),
        tuple(collector.not_checked),
        facts=collector.by_kind.total(),
        tests=collector.tests,
        consequences=collector.consequences,
        tried=dict(collector.tried),
        generated=collector.generated,
        by_kind=in_order(collector.by_kind),
        seconds=seconds,
    )


def _name(report: pytest.TestReport) -> str:
    """The fact's id, or the test's name without its folder."""
    _, _, test = report.nodeid.partition("::")
    if test.startswith("test_fact[") and test.endswith("]"):
        return test.removeprefix("test_fact[").removesuffix("]")
    return f"check:{test}"


def _sentence(text: str) -> str:
    """The first line that pytest marks as the error, else the first line."""
    lines = [line for line in text.splitlines() if line.strip()] or ["(no reason given)"]
    marked = next((line for line in lines if line.startswith("E ")), lines[0])
    return marked.removeprefix("E ").strip()


def _broken(report: pytest.TestReport) -> Finding:
    """A check that failed without saying what it found, as pytest-alembic's do."""
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
        hint=f"The whole report is in {JUNIT_FILE}.",
    )
