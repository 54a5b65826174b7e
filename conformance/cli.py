"""The command line: a thin shell over the pipeline."""

from __future__ import annotations

import os
import sys
import time
import warnings
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click
from rich.console import Console
from rich.markup import escape

from conformance.checking.options import PROFILES
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.errors import ConformanceError, why_no_verdict
from conformance.process.interrupts import heeded
from conformance.process.output import write as write_file
from conformance.process.printing import printing
from conformance.process.progress import unwatched
from conformance.project.models import DEFAULT_MODELS
from conformance.reports.json_report import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.gate.evidence.report import GateReport
    from conformance.process.progress import Progress
    from conformance.upgrade.report import UpgradeReport

_Report = TypeVar("_Report", "Verdict", "GateReport", "UpgradeReport")

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
    epilog="Everything else is handed to pytest: -k market_data, -n 2.",
)
@click.option("--engine", default="auto", show_default=True, metavar="auto|embedded|container|URL")
@click.option("--image", metavar="IMAGE", help="The container's image.")
@_models
@click.option("--alembic-ini", default="alembic.ini", show_default=True, type=click.Path())
@click.option("--reports", default=REPORTS, show_default=True, type=click.Path(path_type=Path))
@click.option("--writes", metavar="MODULE", help="The module with insert_new and upsert.")
@click.option("--profile", type=click.Choice(PROFILES), help="How much is generated.")
@click.option("--seed", type=int, metavar="N", help="Draw the examples that N gives.")
@click.option("--examples", type=click.IntRange(1), metavar="N", help="Examples of each property.")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def check(  # noqa: PLR0913, PLR0917 - one argument for each option
    engine: str,
    image: str | None,
    models: str,
    alembic_ini: str,
    reports: Path,
    writes: str | None,
    profile: str | None,
    seed: int | None,
    examples: int | None,
    pytest_arguments: tuple[str, ...],
) -> None:
    """Start TimescaleDB, migrate it, and run the conformance suite."""
    from conformance.checking.choices import Choices
    from conformance.checking.run import run_suite
    from conformance.reports.verdict import console as verdict_console
    from conformance.reports.verdict.files import write_all

    choices = Choices(engine, image, models, alembic_ini, reports, writes, profile, seed, examples)
    _carry_out(
        lambda progress: run_suite(choices, pytest_arguments, Console(stderr=True), progress),
        no_verdict=lambda reason: Verdict(_asked(engine), could_not_run=reason),
        write=lambda verdict: write_all(verdict, reports),
        show=lambda verdict, console: verdict_console.show(verdict, console, str(reports)),
    )


@main.command()
@click.argument("url")
@click.option("--json", "json_file", metavar="FILE", help="Write the verdict as JSON; - is stdout.")
@click.option("--schema", default="public", show_default=True, help="Schema of the models' tables.")
@_models
def audit(url: str, json_file: str | None, schema: str, models: str) -> None:
    """Compare a living database with the models; reads only, safe on production."""
    from conformance.audit import audit as audit_database
    from conformance.project.models import load_metadata
    from conformance.reports.verdict import console as verdict_console

    _carry_out(
        lambda _: audit_database(url, load_metadata(models), schema=schema),
        no_verdict=lambda reason: Verdict(EngineUsed("url", "database URL"), could_not_run=reason),
        write=lambda _: None,
        show=verdict_console.show,
        json_file=json_file,
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
    from conformance.reports.gate import console as gate_console
    from conformance.reports.gate.files import write_all

    if base is not None and from_revision is not None:
        raise click.UsageError("Give --base or --from-revision, not both.")
    choices = Choices(engine, image, models, alembic_ini, base, from_revision)
    with Console(stderr=True).status("starting") as status:
        _carry_out(
            lambda progress: run_gate(choices, progress),
            no_verdict=lambda reason: GateReport(_asked(engine), could_not_run=reason),
            write=lambda report: write_all(report, reports, os.environ),
            show=lambda report, console: gate_console.show(report, console, str(reports)),
            progress=lambda step: status.update(escape(step)),
            ended=status.stop,
            json_file=json_file,
        )


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
    from conformance.upgrade.rehearsal import rehearse
    from conformance.upgrade.report import UpgradeReport

    choices = Choices(before, after, engine, image, models, alembic_ini, reports, suite)
    steps = Console(stderr=True, soft_wrap=True)
    _carry_out(
        lambda progress: rehearse(choices, progress),
        no_verdict=lambda reason: UpgradeReport(
            choices.not_seen(before), choices.not_seen(after), could_not_run=reason
        ),
        write=lambda report: write_all(report, reports),
        show=lambda report, console: upgrade_console.show(report, console, str(reports)),
        progress=lambda step: steps.print(escape(step), style="dim"),
    )


def _asked(engine: str) -> EngineUsed:
    """The engine that was asked for; a URL may hold a password."""
    return EngineUsed("url", "database URL") if "://" in engine else EngineUsed(engine, engine)


def _carry_out(  # noqa: PLR0913 - what differs between the commands
    run: Callable[[Progress], _Report],
    *,
    no_verdict: Callable[[str], _Report],
    write: Callable[[_Report], None],
    show: Callable[[_Report, Console], None],
    progress: Progress = unwatched,
    ended: Callable[[], None] = lambda: None,
    json_file: str | None = None,
) -> NoReturn:
    """Run a command, write its reports, show the verdict, and leave with its exit code.

    Args:
        no_verdict: a report that says in a sentence why there is no verdict.
        ended: called when `progress` has been told everything.
        json_file: where the report is wanted as JSON as well; `-` is standard output, which then
            has nothing else on it.
    """
    to_stderr = json_file == "-"
    started = time.monotonic()
    try:
        # What models and migrations print is no part of the JSON.
        with (
            redirect_stdout(sys.stderr) if to_stderr else nullcontext(),
            heeded(progress) as asking,
        ):
            report = run(asking)
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
        with printing():
            show(report, Console(stderr=to_stderr, soft_wrap=True))
    sys.exit(report.exit_code)


if __name__ == "__main__":
    main()
