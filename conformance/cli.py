"""The command line: a thin shell over the pipeline."""

from __future__ import annotations

import os
import sys
import time
import warnings
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.errors import ConformanceError, why_no_verdict
from conformance.process.interrupts import heeded
from conformance.process.printing import printing
from conformance.project.models import DEFAULT_MODELS
from conformance.reports.verdict import console as console_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

REPORTS = Path("build/conformance")

_models = click.option(
    "--models",
    default=DEFAULT_MODELS,
    show_default=True,
    metavar="PKG:METADATA",
    help="The SQLAlchemy metadata to compare with.",
)


class _Commands(click.Group):
    """Commands of which one that is interrupted anywhere could not run; 1 would be a verdict."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("conformance: Interrupted.", err=True)
            return ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="timescaledb-conformance")
def main() -> None:
    """Prove that a TimescaleDB schema is what its SQLAlchemy models say.

    Exit codes: 0 conforms, 1 differs, 2 could not run.
    """
    # Migrations run many times over: what their code warns of is shown once.
    warnings.simplefilter("once", append=True)


@main.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Everything else is handed to pytest: -k market_data, -n 2, --profile thorough.",
)
@click.option("--engine", default="auto", show_default=True, metavar="auto|embedded|container|URL")
@click.option("--image", metavar="IMAGE", help="The container's image.")
@_models
@click.option("--alembic-ini", default="alembic.ini", show_default=True, type=click.Path())
@click.option("--reports", default=REPORTS, show_default=True, type=click.Path(path_type=Path))
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def check(  # noqa: PLR0913, PLR0917 - one argument for each option
    engine: str,
    image: str | None,
    models: str,
    alembic_ini: str,
    reports: Path,
    pytest_arguments: tuple[str, ...],
) -> None:
    """Start TimescaleDB, migrate it, and run the conformance suite."""
    from conformance.checking.run import Choices, run_suite
    from conformance.reports.verdict.files import write_all

    choices = Choices(engine, image, models, alembic_ini, reports)

    _finish(
        lambda hear: run_suite(choices, pytest_arguments, Console(stderr=True), hear),
        _asked(engine),
        write=lambda verdict: write_all(verdict, reports),
        reports=str(reports),
    )


@main.command()
@click.argument("url")
@click.option("--json", "json_file", metavar="FILE", help="Write the verdict as JSON; - is stdout.")
@click.option("--schema", default="public", show_default=True, help="Schema of the models' tables.")
@_models
def audit(url: str, json_file: str | None, schema: str, models: str) -> None:
    """Compare a living database with the models; reads only, safe on production."""
    from conformance.audit import audit as audit_database
    from conformance.process.output import write
    from conformance.project.models import load_metadata
    from conformance.reports import json_report

    def write_json(verdict: Verdict) -> None:
        if json_file == "-":
            with printing():
                click.echo(json_report.render(verdict), nl=False)
        elif json_file is not None:
            write(Path(json_file), json_report.render(verdict))

    _finish(
        lambda _: audit_database(url, load_metadata(models), schema=schema),
        EngineUsed("url", "database URL"),
        write=write_json,
        to_stderr=json_file == "-",
    )


@main.command()
@click.argument("folder", default=REPORTS, type=click.Path(path_type=Path))
def matrix(folder: Path) -> None:
    """What ran where: collect the verdicts in the folders below FOLDER into one table."""
    from conformance.process.output import write
    from conformance.reports import matrix as matrix_report

    try:
        runs = matrix_report.collect(folder.glob("*/verdict.json"))
        write(folder / "matrix.json", matrix_report.as_json(runs))
        write(folder / "matrix.md", matrix_report.render(runs))
    except ConformanceError as error:
        click.echo(f"conformance: {error}", err=True)
        sys.exit(2)
    click.echo(matrix_report.render(runs), nl=False)


@main.command()
@click.option("--base", metavar="GIT_REF", help="What new revisions are new against.")
@click.option("--from-revision", metavar="REV", help="The last old revision, instead of --base.")
@click.option("--engine", default="auto", show_default=True, metavar="auto|embedded|container|URL")
@click.option("--image", metavar="IMAGE", help="The container's image.")
@_models
@click.option("--alembic-ini", default="alembic.ini", show_default=True, type=click.Path())
@click.option("--reports", default=REPORTS, show_default=True, type=click.Path(path_type=Path))
@click.option("--json", "json_file", metavar="FILE", help="Write the report as JSON; - is stdout.")
def gate(  # noqa: PLR0913, PLR0917 - one argument for each option
    base: str | None,
    from_revision: str | None,
    engine: str,
    image: str | None,
    models: str,
    alembic_ini: str,
    reports: Path,
    json_file: str | None,
) -> None:
    """Rehearse new migrations on generated rows, and judge what they do.

    Without --base: those that the working tree has since it left origin/main or main.

    Exit codes: 0 passes, 1 fails, 2 could not run.
    """
    from conformance.gate.evidence.report import GateReport
    from conformance.gate.run import Choices
    from conformance.gate.run import gate as run_gate
    from conformance.process.output import write
    from conformance.reports import json_report
    from conformance.reports.gate import console as gate_console
    from conformance.reports.gate import files as gate_files

    if base is not None and from_revision is not None:
        raise click.UsageError("Give --base or --from-revision, not both.")
    choices = Choices(engine, image, models, alembic_ini, base, from_revision)
    try:
        with (
            _standard_output_kept(json_file == "-"),
            Console(stderr=True).status("starting") as status,
            heeded(lambda text: status.update(escape(text))) as say,
        ):
            report = run_gate(choices, say)
    # Whatever it is, it is no verdict: 0 and 1 are.
    except BaseException as error:
        report = GateReport(_asked(engine), could_not_run=why_no_verdict(error))
    try:
        gate_files.write_all(report, reports, os.environ)
        if json_file not in (None, "-"):
            write(Path(str(json_file)), json_report.render(report))
    except ConformanceError as error:
        report = GateReport(_asked(engine), could_not_run=str(error))
    if json_file == "-":
        with printing():
            click.echo(json_report.render(report), nl=False)
    if report.could_not_run is not None:
        click.echo(f"conformance: {report.could_not_run}", err=True)
    else:
        console = Console(stderr=json_file == "-", soft_wrap=True)
        with printing():
            gate_console.show(report, console, str(reports))
    sys.exit(report.exit_code)


@main.command()
@click.option("--from", "before", required=True, metavar="IMAGE|VERSION", help="What is upgraded.")
@click.option("--to", "after", required=True, metavar="IMAGE|VERSION", help="What to.")
@click.option(
    "--engine", metavar="URL|container", help="The server that offers both versions of TimescaleDB."
)
@click.option("--image", metavar="IMAGE", help="The image of --engine container.")
@_models
@click.option("--alembic-ini", default="alembic.ini", show_default=True, type=click.Path())
@click.option("--reports", default=REPORTS, show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--suite/--no-suite", default=True, help="Whether the suite runs on the upgraded database."
)
def upgrade(  # noqa: PLR0913, PLR0917 - one argument for each option
    before: str,
    after: str,
    engine: str | None,
    image: str | None,
    models: str,
    alembic_ini: str,
    reports: Path,
    suite: bool,
) -> None:
    """Rehearse a TimescaleDB upgrade on generated rows: what changes, and whether it matters.

    Two images, or two versions that one server offers. Exit codes: 0 conforms (nothing that
    matters changes), 1 differs, 2 could not run.
    """
    from conformance.reports.upgrade import console as upgrade_console
    from conformance.reports.upgrade.files import write_all
    from conformance.upgrade.choices import Choices
    from conformance.upgrade.rehearsal import rehearse_or_say_why

    console = Console(stderr=True, soft_wrap=True)
    choices = Choices(before, after, engine, image, models, alembic_ini, reports, suite)
    report = rehearse_or_say_why(choices, lambda text: console.print(escape(text), style="dim"))
    try:
        write_all(report, reports)
    except ConformanceError as error:
        report = replace(report, could_not_run=str(error))
    if report.could_not_run is not None:
        click.echo(f"conformance: {report.could_not_run}", err=True)
    else:
        with printing():
            upgrade_console.show(report, Console(soft_wrap=True), str(reports))
    sys.exit(report.exit_code)


def _standard_output_kept(for_json: bool) -> AbstractContextManager[object]:
    """What models and migrations print goes to standard error where JSON is all that is wanted."""
    return redirect_stdout(sys.stderr) if for_json else nullcontext()


def _asked(engine: str) -> EngineUsed:
    """The engine that was asked for; a URL may hold a password."""
    return EngineUsed("url", "database URL") if "://" in engine else EngineUsed(engine, engine)


def _finish(
    run: Callable[[Callable[[str], None]], Verdict],
    engine: EngineUsed,
    *,
    write: Callable[[Verdict], None],
    reports: str | None = None,
    to_stderr: bool = False,
) -> None:
    """Run, write the reports, show the verdict, and leave with its exit code."""
    started = time.monotonic()
    try:
        with _standard_output_kept(to_stderr), heeded(lambda _: None) as hear:
            verdict = run(hear)
    # Whatever it is, it is no verdict: 0 and 1 are.
    except BaseException as error:
        seconds = time.monotonic() - started
        verdict = Verdict(engine, could_not_run=why_no_verdict(error), seconds=seconds)
    try:
        write(verdict)
    except ConformanceError as error:
        verdict = Verdict(engine, could_not_run=str(error))
        reports = None
    if verdict.could_not_run is not None:
        click.echo(f"conformance: {verdict.could_not_run}", err=True)
    else:
        with printing():
            console_report.show(verdict, Console(stderr=to_stderr, soft_wrap=True), reports)
    sys.exit(verdict.exit_code)


if __name__ == "__main__":
    main()
