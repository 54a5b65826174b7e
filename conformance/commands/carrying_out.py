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
from conformance.process.printing import printing, say
from conformance.process.progress import unwatched

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from conformance.comparing.audits import Audits
    from conformance.comparing.verdict import EngineUsed, Verdict
    from conformance.gate.evidence.report import GateReport
    from conformance.mending.report import FixReport
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration
    from conformance.upgrade.report import UpgradeReport

    _Report = TypeVar("_Report", "Verdict", "Audits", "GateReport", "UpgradeReport", "FixReport")


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
    annotate: Callable[[_Report], str] | None = None,
    annotations_file: str = "-",
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
        annotate: renders the findings as annotations; None: no annotations are wanted.
        annotations_file: the file for these, as `json_file`.
    """
    from conformance.process.interrupts import interruptible
    from conformance.reports.json_report import render

    # The modules stay until the end: the garbage collector need not look at them again and again.
    gc.freeze()
    outputs: list[tuple[str, Callable[[_Report], str]]] = []
    if json_file is not None:
        outputs.append((json_file, render))
    if annotate is not None:
        outputs.append((annotations_file, annotate))
    to_stderr = any(file == "-" for file, _ in outputs)
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
        report = replace(no_verdict(_reason(error)), seconds=seconds)
    finally:
        ended()
    try:
        write(report)
        printed = _written(report, outputs)
    except ConformanceError as error:
        report = no_verdict(str(error))
        printed = _written(report, [item for item in outputs if item[0] == "-"])
    if printed:
        with printing():
            click.echo(printed, nl=False)
    from rich.text import Text

    from conformance.process.visible import visible
    from conformance.reports.fitting import fit
    from conformance.reports.terminal import Terminal

    if report.could_not_run is not None:
        reason = Text(visible(f"conformance: {report.could_not_run}"))
        say(fit(reason, Terminal(stderr=True)).plain)
    else:
        with printing():
            show(report, Terminal(stderr=to_stderr, soft_wrap=True))
    sys.exit(report.exit_code)


def _reason(error: BaseException) -> str:
    """Why there is no verdict."""
    from conformance.engines.connecting import trouble_of_server

    if isinstance(error, Exception) and not isinstance(error, ConformanceError):
        return why_no_verdict(trouble_of_server(error, "the run") or error)
    return why_no_verdict(error)


def _written(report: _Report, outputs: list[tuple[str, Callable[[_Report], str]]]) -> str:
    """Write the report into the files; return what is for standard output."""
    from conformance.process.output import write

    printed = ""
    for file, render in outputs:
        text = render(report)
        if file == "-":
            printed += text
        else:
            write(Path(file), text)
    return printed
