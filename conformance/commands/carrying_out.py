"""What every command that gives a verdict does."""

from __future__ import annotations

import gc
import sys
import time
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from conformance.errors import ConformanceError, why_no_verdict
from conformance.process.printing import printing
from conformance.process.progress import unwatched

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from conformance.comparing.verdict import EngineUsed, Verdict
    from conformance.gate.evidence.report import GateReport
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration
    from conformance.upgrade.report import UpgradeReport

    _Report = TypeVar("_Report", "Verdict", "GateReport", "UpgradeReport")


def asked(project: Configuration) -> EngineUsed:
    """The chosen engine for a report; without the URL, which may contain a password."""
    from conformance.comparing.verdict import EngineUsed
    from conformance.engines import is_local

    if "://" in project.engine:
        return EngineUsed("url", "database URL")
    return EngineUsed("local" if is_local(project.engine) else project.engine, project.engine)


def carry_out(  # noqa: PLR0913 - what differs between the commands
    run: Callable[[Progress], _Report],
    *,
    no_verdict: Callable[[str], _Report],
    write: Callable[[_Report], None],
    show: Callable[[_Report, Console], None],
    stage: Callable[[_Report], _Report] = lambda report: report,
    progress: Progress = unwatched,
    ended: Callable[[], None] = lambda: None,
    json_file: str | None = None,
) -> NoReturn:
    """Run a command, write its reports, show the verdict, and exit with its code.

    Args:
        run: runs the command and returns its report.
        stage: applies to the report what the project says about findings.
        no_verdict: creates a report from the reason why there is no verdict.
        write: writes the report files.
        show: prints the report.
        ended: called after the last call of `progress`.
        json_file: the file for the report as JSON; `-` is standard output, which then contains
            nothing else.
    """
    from conformance.process.interrupts import interruptible
    from conformance.process.output import write as write_file
    from conformance.reports.json_report import render

    # The modules stay until the end: the garbage collector need not look at them again and again.
    gc.freeze()
    to_stderr = json_file == "-"
    started = time.monotonic()
    try:
        # Models and migrations may print, which must not end up in the JSON.
        with (
            redirect_stdout(sys.stderr) if to_stderr else nullcontext(),
            interruptible(progress) as asking,
        ):
            report = stage(run(asking))
    # Exit codes 0 and 1 mean a verdict; any exception exits with 2.
    except BaseException as error:
        seconds = time.monotonic() - started
        report = replace(no_verdict(why_no_verdict(error)), seconds=seconds)
    finally:
        ended()
    try:
        write(report)
        if json_file is not None and not to_stderr:
            write_file(Path(json_file), render(report))
    except ConformanceError as error:
        report = no_verdict(str(error))
    if to_stderr:
        with printing():
            click.echo(render(report), nl=False)
    if report.could_not_run is not None:
        click.echo(f"conformance: {report.could_not_run}", err=True)
    else:
        from rich.console import Console

        with printing():
            show(report, Console(stderr=to_stderr, soft_wrap=True))
    sys.exit(report.exit_code)
