"""The command line: a thin shell over the pipeline.

A command imports its modules when it runs. `--help` is therefore fast, and a command does not need
the packages of another one.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from conformance.errors import ConformanceError, why_no_verdict
from conformance.extras import require
from conformance.process.printing import printing
from conformance.process.progress import unwatched
from conformance.project.configuration import KEYS, configured

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from conformance.comparing.verdict import EngineUsed, Verdict
    from conformance.gate.evidence.report import GateReport
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration, Key
    from conformance.upgrade.report import UpgradeReport

    _Report = TypeVar("_Report", "Verdict", "GateReport", "UpgradeReport")


class _Commands(click.Group):
    """Commands that print one sentence and exit with 2 if there is no verdict."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("conformance: Interrupted.", err=True)
        except ConformanceError as error:
            click.echo(f"conformance: {error}", err=True)
        return ctx.exit(2)


def _reader(key: Key) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A callback for click that converts the text of an option to the value of the key."""

    def read(_context: click.Context, _option: click.Parameter, text: str | None) -> Any:
        try:
            return None if text is None else key.shape.read(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r} {error}.") from None

    return read


def _option(name: str, *more: str) -> Callable[[Any], Any]:
    """The option for a key of the configuration.

    Args:
        more: further names of the option.
    """
    key = KEYS[name]
    return click.option(
        f"--{name.replace('_', '-')}",
        *more,
        name,
        callback=_reader(key),
        metavar=key.metavar,
        help=key.described,
    )


def _options(*names: str) -> Callable[[Any], Any]:
    """The options for several keys, in this order."""

    def add(command: Any) -> Any:
        for name in reversed(names):
            command = _option(name)(command)
        return command

    return add


_adopting = (
    click.option(
        "--write-baseline",
        metavar="FILE",
        help="Write the findings of this run into the file; from then on only new ones fail.",
    ),
    click.option(
        "--grow-baseline", is_flag=True, help="Let --write-baseline add to a file that is there."
    ),
)


def _baseline(command: Any) -> Any:
    """The options about the baseline."""
    for option in reversed((_option("baseline"), *_adopting)):
        command = option(command)
    return command


_json = click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Write the report as JSON to FILE; - is standard output.",
)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="timescaledb-conformance")
def main() -> None:
    """Prove that a TimescaleDB database has the schema that its SQLAlchemy models declare.

    Options that are not given are read from [tool.conformance] in pyproject.toml.

    Exit codes: 0 conforms, 1 differs, 2 could not run.
    """
    # Migrations run many times: show each of their warnings once.
    warnings.simplefilter("once", append=True)


@main.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Other arguments are passed to pytest: -k market_data, -n 2.",
)
@_options("engine", "image", "models", "alembic_ini", "schemas", "reports", "writes")
@_options("profile", "seed", "examples")
@click.option("--timings", is_flag=True, help="Show how long each stage of the run takes.")
@_baseline
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def check(
    pytest_arguments: tuple[str, ...],
    *,
    timings: bool,
    write_baseline: str | None,
    grow_baseline: bool,
    **given: Any,
) -> None:
    """Run the conformance suite on a newly migrated TimescaleDB."""
    require("suite", "conformance check")
    from rich.console import Console

    from conformance.adoption.stage import Choices as Adopting
    from conformance.adoption.stage import Stage
    from conformance.checking.choices import Choices, selects
    from conformance.checking.run import run_suite
    from conformance.comparing.verdict import Verdict
    from conformance.reports.verdict import console as verdict_console
    from conformance.reports.verdict.files import write_all

    project = configured(**given)
    adopting = Adopting(write_baseline, grow_baseline, whole=not selects(pytest_arguments))
    stage = Stage.of(project, "check", adopting)
    project = replace(project, baseline=stage.read_from)
    _carry_out(
        lambda progress: run_suite(
            Choices(project), pytest_arguments, Console(stderr=True), progress
        ),
        stage=stage,
        no_verdict=lambda reason: Verdict(_asked(project), could_not_run=reason),
        write=lambda verdict: write_all(verdict, Path(project.reports)),
        show=lambda verdict, console: verdict_console.show(
            verdict, console, project.reports, stages=timings
        ),
    )


@main.command()
@click.argument("url")
@_json
@click.option(
    "--sizes",
    "sizes_file",
    metavar="FILE",
    help="Write rows, bytes, chunks and batches of each table, for the gate.",
)
@_option("schemas", "--schema")
@_option("models")
@_baseline
def audit(
    url: str,
    json_file: str | None,
    sizes_file: str | None,
    *,
    write_baseline: str | None,
    grow_baseline: bool,
    **given: Any,
) -> None:
    """Compare a running database with the models. Read-only: safe on production."""
    require("audit", "conformance audit")
    from conformance.adoption.stage import Choices, Stage
    from conformance.comparing.verdict import EngineUsed, Verdict

    project = configured(**given)
    _carry_out(
        lambda _: _audited(url, project, sizes_file),
        stage=Stage.of(project, "audit", Choices(write_baseline, grow_baseline)),
        no_verdict=lambda reason: Verdict(EngineUsed("url", "database URL"), could_not_run=reason),
        write=lambda _: None,
        show=_show_verdict,
        json_file=json_file,
    )


def _audited(url: str, project: Configuration, sizes_file: str | None) -> Verdict:
    from conformance.audit import audit as audit_database
    from conformance.process.output import write
    from conformance.project.models import metadata_for

    def keep(sizes: object) -> None:
        if sizes_file is not None:
            write(Path(sizes_file), json.dumps(sizes, indent=2, sort_keys=True) + "\n")

    return audit_database(
        url,
        metadata_for(project),
        schemas=project.schemas,
        leave=project.leave,
        measured=keep if sizes_file else None,
    )


def _show_verdict(verdict: Verdict, console: Console) -> None:
    from conformance.reports.verdict import console as verdict_console

    verdict_console.show(verdict, console)


@main.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def matrix(folder: Path | None) -> None:
    """Collect the verdicts below FOLDER into one table."""
    require("suite", "conformance matrix")
    from conformance.process.output import write
    from conformance.reports import matrix as matrix_report

    folder = folder or Path(configured().reports)
    runs = matrix_report.collect(folder.glob("*/verdict.json"))
    write(folder / "matrix.json", matrix_report.as_json(runs))
    write(folder / "matrix.md", matrix_report.render(runs))
    click.echo(matrix_report.render(runs), nl=False)


@main.command()
@click.argument("code", default="")
def explain(code: str) -> None:
    """Print the page about a finding. CODE is its code, kind or id; without it, list all codes."""
    require("audit", "conformance explain")
    from conformance.pages import page_of

    page = page_of(code)
    with printing():
        if sys.stdout.isatty():
            from rich.console import Console
            from rich.markdown import Markdown

            Console().print(Markdown(page))
        else:
            click.echo(page, nl=False)


@main.command()
@click.option(
    "--base", metavar="GIT_REF", help="The commit to compare with: later revisions are new."
)
@click.option("--from-revision", metavar="REV", help="The last old revision, instead of --base.")
@_options("engine", "image", "models", "alembic_ini", "schemas", "reports", "sizes", "baseline")
@_json
def gate(base: str | None, from_revision: str | None, json_file: str | None, **given: Any) -> None:
    """Rehearse new revisions on generated rows, and judge them.

    Without --base, revisions are new if origin/main (or main) did not have them where the current
    branch began.

    Exit codes: 0 passes, 1 fails, 2 could not run.
    """
    require("gate", "conformance gate")
    from rich.console import Console
    from rich.markup import escape

    from conformance.adoption.stage import policy_for
    from conformance.gate.evidence.report import GateReport
    from conformance.gate.rules.adopted import settle
    from conformance.gate.run import Choices
    from conformance.gate.run import gate as run_gate
    from conformance.reports.gate import console as gate_console
    from conformance.reports.gate.files import write_all

    if base is not None and from_revision is not None:
        raise click.UsageError("Use --base or --from-revision, not both.")
    project = configured(**given)
    choices = Choices(project, base, from_revision)
    policy = policy_for(project, "gate")
    with Console(stderr=True).status("starting") as status:
        _carry_out(
            lambda progress: run_gate(choices, progress),
            stage=lambda report: settle(report, policy),
            no_verdict=lambda reason: GateReport(_asked(project), could_not_run=reason),
            write=lambda report: write_all(report, Path(project.reports), os.environ),
            show=lambda report, console: gate_console.show(report, console, project.reports),
            progress=lambda step: status.update(escape(step)),
            ended=status.stop,
            json_file=json_file,
        )


@main.command()
@click.option(
    "--from",
    "before",
    required=True,
    metavar="IMAGE|VERSION|local",
    help="The old TimescaleDB: an image, a version or an installation.",
)
@click.option(
    "--to",
    "after",
    required=True,
    metavar="IMAGE|VERSION|local",
    help="The new TimescaleDB, in the same form as --from.",
)
@click.option(
    "--engine",
    metavar="URL|container|local",
    help="The server that offers both versions of TimescaleDB, if --from and --to are versions.",
)
@click.option("--image", metavar="IMAGE", help="The image for --engine container.")
@_options("models", "alembic_ini", "reports")
@click.option(
    "--suite/--no-suite", default=True, help="Run the suite on the upgraded database, or do not."
)
def upgrade(
    *, before: str, after: str, engine: str | None, image: str | None, suite: bool, **given: Any
) -> None:
    """Rehearse a TimescaleDB upgrade on generated rows.

    Reports what the upgrade changes, and whether the change is important.

    --from and --to are two images, two installations, or two versions that one server offers.

    Exit codes: 0 conforms (nothing important changes), 1 differs, 2 could not run.
    """
    require("suite", "conformance upgrade")
    from rich.console import Console
    from rich.markup import escape

    from conformance.adoption.stage import policy_for
    from conformance.reports.upgrade import console as upgrade_console
    from conformance.reports.upgrade.files import write_all
    from conformance.upgrade.adopted import settle
    from conformance.upgrade.choices import Choices
    from conformance.upgrade.rehearsal import rehearse
    from conformance.upgrade.report import UpgradeReport

    project = configured(**given)
    choices = Choices(before, after, engine, image, project, suite)
    policy = policy_for(project, "upgrade")
    steps = Console(stderr=True, soft_wrap=True)
    _carry_out(
        lambda progress: rehearse(choices, progress),
        stage=lambda report: settle(report, policy),
        no_verdict=lambda reason: UpgradeReport(
            choices.requested_engine(before), choices.requested_engine(after), could_not_run=reason
        ),
        write=lambda report: write_all(report, Path(project.reports)),
        show=lambda report, console: upgrade_console.show(report, console, project.reports),
        progress=lambda step: steps.print(escape(step), style="dim"),
    )


def _asked(project: Configuration) -> EngineUsed:
    """The chosen engine for a report; without the URL, which may contain a password."""
    from conformance.comparing.verdict import EngineUsed
    from conformance.engines import is_local

    if "://" in project.engine:
        return EngineUsed("url", "database URL")
    return EngineUsed("local" if is_local(project.engine) else project.engine, project.engine)


def _carry_out(  # noqa: PLR0913 - what differs between the commands
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


if __name__ == "__main__":
    main()
