"""`conformance check`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from conformance.checking.process import SuiteProcess, has_second_core
from conformance.commands.annotating import Annotating, annotation_options
from conformance.commands.carrying_out import asked, carry_out
from conformance.commands.options import baseline_options, options
from conformance.extras import require
from conformance.project.configuration import configured


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Other arguments are passed to pytest: -k market_data, -n 2.",
)
@options("engine", "image", "models", "alembic_ini", "schemas", "reports", "writes")
@options("profile", "seed", "examples")
@click.option("--timings", is_flag=True, help="Show how long each stage of the run takes.")
@click.option("--watch", is_flag=True, help="Check the facts again after each change of a file.")
@baseline_options
@annotation_options
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def check(  # noqa: PLR0913 - click gives each option by its name
    pytest_arguments: tuple[str, ...],
    *,
    timings: bool,
    watch: bool,
    format_: str | None,
    output: str | None,
    write_baseline: str | None,
    grow_baseline: bool,
    **given: Any,
) -> None:
    """Run the conformance suite on a newly migrated TimescaleDB.

    Exit codes: 0 conforms, 1 differs, 2 could not run.
    """
    require("suite", "conformance check")
    other = None
    if not watch and not pytest_arguments and has_second_core():
        # Before the imports below, so that both processes import at the same time.
        other = click.get_current_context().with_resource(SuiteProcess())
    from conformance.adoption.stage import Choices as Adopting
    from conformance.adoption.stage import Stage
    from conformance.checking.choices import Choices, selects
    from conformance.checking.run import run_suite
    from conformance.comparing.verdict import Verdict
    from conformance.reports.files import write_verdict
    from conformance.reports.terminal import Terminal
    from conformance.reports.verdict import console as verdict_console

    if watch and (write_baseline or format_):
        raise click.UsageError("--watch writes neither a baseline nor annotations.")
    project = configured(**given)
    annotating = Annotating.of(project, format_, output)
    adopting = Adopting(
        write_baseline, grow_baseline, whole=not watch and not selects(pytest_arguments)
    )
    stage = Stage.of(project, "check", adopting)
    project = replace(project, baseline=stage.read_from)
    if watch:
        from conformance.commands.watching import watch_project

        watch_project(project, pytest_arguments, stage)
    carry_out(
        lambda progress: run_suite(
            Choices(project), pytest_arguments, Terminal(stderr=True), progress, other
        ),
        stage=stage,
        no_verdict=lambda reason: Verdict(asked(project), could_not_run=reason),
        write=lambda verdict: write_verdict(verdict, Path(project.reports)),
        show=lambda verdict, console: verdict_console.show(
            verdict, console, project.reports, stages=timings
        ),
        annotate=annotating.of_verdict if format_ else None,
        annotations_file=annotating.file,
    )
