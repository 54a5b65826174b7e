"""Run the suite with pytest, here and in a process beside, and make one verdict of it."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich import progress as bars

from conformance.checking.collector import Collector
from conformance.engines.started import start_session
from conformance.process.output import make_folder
from conformance.process.progress import unwatched
from conformance.project.migrations import Migrations
from conformance.project.models import import_fixtures, metadata_for
from conformance.project.scripts import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from conformance.checking.choices import Choices
    from conformance.comparing.verdict import Verdict
    from conformance.engines.started import Session
    from conformance.process.progress import Progress

SUITE = Path(__file__).parents[1] / "suite"


def run_suite(
    choices: Choices,
    arguments: Sequence[str],
    console: Console,
    progress: Progress = unwatched,
) -> Verdict:
    """Start the engine, run the suite, stop the engine.

    Without arguments a part of the suite runs in a process beside this one.

    Args:
        arguments: more of pytest's, such as `-k market_data`.
        console: where progress is shown, and the verdict on the structure as soon as it stands.
        progress: told what is checked next.

    Raises:
        ConformanceError: the engine, the models or the migration cannot be had.
    """
    from conformance.checking.halves import in_halves, worth_it

    started = time.monotonic()
    # What is wrong with the models or the folder is known before anything is started.
    metadata_for(choices.project)
    import_fixtures(choices.project)
    make_folder(choices.reports)
    with _shown(console, progress) as shown:
        session = start_session(choices.project.engine, choices.project.image, shown)
        stages = {"engine": time.monotonic() - started}
        try:
            _anticipate(session, choices)
            if not arguments and worth_it():
                verdict = in_halves(session, choices, console, shown)
            else:
                verdict = check_on(session, choices, arguments, shown)
            stages |= verdict.stages
            return replace(verdict, seconds=time.monotonic() - started, stages=stages)
        finally:
            session.engine.stop()


def check_on(
    session: Session,
    choices: Choices,
    arguments: Sequence[str],
    progress: Progress = unwatched,
    collector: Collector | None = None,
) -> Verdict:
    """Run the suite on an engine that is started already.

    Args:
        arguments: more of pytest's, such as `-k market_data`.
        progress: told what is checked next.
        collector: keeps what is found; None: one of its own.

    Raises:
        ConformanceError: the models or the migration cannot be had.
    """
    started = time.monotonic()
    Migrations.on(session.engine, config_for(choices.project)).use_their_version(session.engine)
    # Asked now: at pytest's end the engine is stopped.
    used = session.used
    collector = collector or Collector(session, progress)
    with _no_settings_of_the_environment():
        status = pytest.main([*_FIXED, *choices.for_pytest(), *arguments], plugins=[collector])
    return collector.verdict(int(status), used, time.monotonic() - started)


def _anticipate(session: Session, choices: Choices) -> None:
    """Let the migrated database get ready while pytest is still collecting."""
    # Whatever is wrong with the migrations is said by the check that needs them.
    with suppress(Exception):
        migrations = Migrations.on(session.engine, config_for(choices.project))
        session.engine.anticipate(migrations.template())


@contextmanager
def _shown(console: Console, progress: Progress) -> Iterator[Progress]:
    """The progress, which is shown on the console as well."""
    bar = bars.Progress(
        bars.SpinnerColumn(), bars.TextColumn("{task.description}"), bars.TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("starting", total=None)

        def show(step: str) -> None:
            progress(step)
            chapter = step.split("::", maxsplit=1)[0].rsplit("/", 1)[-1].removesuffix(".py")
            bar.update(task, description=chapter.removeprefix("test_"))

        yield show


#: How pytest is called, whatever is checked.
_FIXED = (
    # Its folder, not its name: of a name pytest would read conftest.py of the working directory,
    # and of tests/ in it. Those are for the project's own tests.
    str(SUITE),
    f"--rootdir={SUITE}",
    f"--confcutdir={SUITE}",
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
    "-c", str(SUITE / "pytest.ini"),
)  # fmt: skip


@contextmanager
def _no_settings_of_the_environment() -> Iterator[None]:
    """Options and plugins in the environment are for the project's own tests."""
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    try:
        yield
    finally:
        os.environ.update({name: value for name, value in kept.items() if value is not None})
