"""Run the suite with pytest, here and in another process, and combine the verdicts."""

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
from conformance.pipeline import scope_of
from conformance.process.output import make_folder
from conformance.process.progress import unwatched
from conformance.project.alembic_files import configures_alembic, says_none
from conformance.project.migrations import Migrations
from conformance.project.models import import_fixtures, metadata_for
from conformance.project.scripts import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from conformance.checking.choices import Choices
    from conformance.checking.process import SuiteProcess
    from conformance.comparing.verdict import Verdict
    from conformance.engines.started import Session
    from conformance.process.progress import Progress

SUITE = Path(__file__).parents[1] / "suite"


def run_suite(
    choices: Choices,
    arguments: Sequence[str],
    console: Console,
    progress: Progress = unwatched,
    other: SuiteProcess | None = None,
) -> Verdict:
    """Start the engine, run the suite, stop the engine.

    Args:
        arguments: further arguments of pytest, such as `-k market_data`.
        other: a process that runs a part of the suite; None: all runs in this one.
        console: shows the progress, and the verdict on the structure as soon as it is known.
        progress: called with each check that begins.

    Raises:
        ConformanceError: the engine, the models or the migrations are not available.
    """
    from conformance.checking.halves import in_halves

    started = time.monotonic()
    make_ready(choices)
    with _shown(console, progress) as shown:
        session = start_session(choices.project.engine, choices.project.image, shown)
        stages = {"engine": time.monotonic() - started}
        try:
            _anticipate(session, choices)
            if other is not None:
                verdict = in_halves(other, session, choices, console, shown)
            else:
                verdict = check_on(session, choices, arguments, shown)
            stages |= verdict.stages
            return replace(verdict, seconds=time.monotonic() - started, stages=stages)
        finally:
            session.engine.stop()


def make_ready(choices: Choices) -> None:
    """Report errors of the models and of the report folder before anything is started.

    Raises:
        ConformanceError: the models are not available, or the folder cannot be made.
    """
    scope_of(metadata_for(choices.project), choices.project.schemas, choices.project.leave)
    import_fixtures(choices.project)
    make_folder(choices.reports)


def check_on(
    session: Session,
    choices: Choices,
    arguments: Sequence[str],
    progress: Progress = unwatched,
    collector: Collector | None = None,
) -> Verdict:
    """Run the suite on a started engine.

    Args:
        arguments: further arguments of pytest, such as `-k market_data`.
        progress: called with each check that begins.
        collector: collects the results; None: a new one.

    Raises:
        ConformanceError: the models or the migrations are not available.
    """
    started = time.monotonic()
    # Fixtures of the project may create the schema without migrations, and so may `prepare`.
    ini = choices.project.alembic_ini
    migrated = configures_alembic(ini)
    elsewhere = choices.project.fixtures or (says_none(ini) and choices.project.prepare)
    if migrated or not elsewhere:
        Migrations.on(session.engine, config_for(choices.project)).use_their_version(session.engine)
    # Read now: pytest stops the engine at its end.
    used = session.used
    collector = collector or Collector(session, progress)
    with _settings_of_the_suite():
        status = pytest.main([*_FIXED, *choices.for_pytest(), *arguments], plugins=[collector])
    found = collector.verdict(int(status), used, time.monotonic() - started)
    return replace(found, migrated=migrated)


def _anticipate(session: Session, choices: Choices) -> None:
    """Begin to prepare the migrated database while pytest is still collecting."""
    # The check that needs the migrations reports their errors.
    with suppress(Exception):
        migrations = Migrations.on(session.engine, config_for(choices.project))
        session.engine.anticipate(migrations.template())


@contextmanager
def _shown(console: Console, progress: Progress) -> Iterator[Progress]:
    """A Progress that also shows each step on the console."""
    bar = bars.Progress(
        bars.SpinnerColumn(), bars.TextColumn("{task.description}", markup=False),
        bars.TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("starting", total=None)

        def show(step: str) -> None:
            progress(step)
            chapter = step.split("::", maxsplit=1)[0].rsplit("/", 1)[-1].removesuffix(".py")
            bar.update(task, description=chapter.removeprefix("test_"))

        yield show


#: The arguments of pytest in every run.
_FIXED = (
    # The folder of the suite, not its module name: for a name pytest would read conftest.py of the
    # working directory and of its tests/, which are meant for the project's own tests.
    str(SUITE),
    f"--rootdir={SUITE}",
    f"--confcutdir={SUITE}",
    # A worker of xdist begins with the project's folder on its path.
    "-p", "conformance.checking.imports",
    "-p", "pytest_alembic",
    "-p", "hypothesispytest",
    "-p", "xdist",
    "-p", "conformance.pytest_plugin",
    # The verdict replaces the output of pytest.
    "-p", "no:terminal",
    "-p", "no:cacheprovider",
    # Plugins that no check uses, and that cost time for each check.
    "-p", "no:logging",
    "-p", "no:doctest",
    "-p", "no:unittest",
    "-p", "no:stepwise",
    "-p", "no:legacypath",
    # It collects garbage ten times at the end.
    "-p", "no:unraisableexception",
    "-c", str(SUITE / "pytest.ini"),
)  # fmt: skip


#: Only the plugins that the suite uses. Other plugins could change what is checked, and cost time:
#: pytest rewrites all modules of every package with a plugin. Only pytest 8.4 has an option for it.
_NO_OTHER_PLUGINS = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"


@contextmanager
def _settings_of_the_suite() -> Iterator[None]:
    """Set pytest's variables for the suite; those that are set are for the project's own tests."""
    names = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", _NO_OTHER_PLUGINS)
    kept = {name: os.environ.pop(name, None) for name in names}
    os.environ[_NO_OTHER_PLUGINS] = "1"
    try:
        yield
    finally:
        del os.environ[_NO_OTHER_PLUGINS]
        os.environ.update({name: value for name, value in kept.items() if value is not None})
