"""`conformance fix`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.commands.carrying_out import carry_out
from conformance.commands.options import json_option, options
from conformance.extras import require
from conformance.project.configuration import configured

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.mending.report import FixReport


@click.command()
@click.argument("source", metavar="[URL|VERDICT.JSON]", required=False)
@click.argument("database", metavar="[URL]", required=False)
@click.option("-m", "--message", metavar="TEXT", help="The message of the revision.")
@click.option("--rev-id", metavar="ID", help="The id of the revision, instead of a random one.")
@click.option(
    "--print", "printed", flag_value="revision", help="Print the revision; write no file."
)
@click.option("--sql", "printed", flag_value="sql", help="Print the SQL alone; write no file.")
@click.option(
    "--gate/--no-gate", default=True, help="Rehearse the revision with the gate, or do not."
)
@options("engine", "image", "models", "alembic_ini", "schemas", "reports", "sizes", "baseline")
@json_option
def fix(  # noqa: PLR0913 - what a user may choose
    source: str | None,
    database: str | None,
    *,
    message: str | None,
    rev_id: str | None,
    printed: str | None,
    gate: bool,
    json_file: str | None,
    **given: Any,
) -> None:
    """Write an Alembic revision that mends what was found.

    The findings are those of a database, or of a verdict; without an argument, of the last verdict
    of conformance check. A verdict of conformance audit needs the URL of its database as well.
    Nothing is executed in the database.

    Exit codes: 0 everything is mended and the gate passes, 1 not, 2 could not run.
    """
    require("gate", "conformance fix")
    from conformance.mending.report import FixReport
    from conformance.mending.run import Choices
    from conformance.mending.run import fix as run_fix
    from conformance.reports.terminal import steps

    project = configured(**given)
    source = source or str(Path(project.reports) / "verdict.json")
    if "://" in source and database is not None:
        raise click.UsageError("Give one URL: a second one belongs to the verdict of an audit.")
    database = database or _asked(source)
    choices = Choices(project, source, message, rev_id, printed or "", gate, database)
    with steps("starting") as (progress, ended):
        carry_out(
            lambda progress: run_fix(choices, progress),
            no_verdict=lambda reason: FixReport(could_not_run=reason),
            write=lambda _: None,
            show=lambda report, console: _show(report, console, printed=printed is not None),
            progress=progress,
            ended=ended,
            json_file=json_file,
        )


def _asked(source: str) -> str | None:
    """The URL of the database that an audit's verdict is about, if somebody is there to ask."""
    from conformance.mending.verdicts import audited_in

    audited = "" if "://" in source else audited_in(Path(source))
    if not audited or not sys.stdin.isatty():
        return None
    # The URL may have a password.
    answer: str = click.prompt(f"URL of the {audited}", hide_input=True, err=True)
    return answer


def _show(report: FixReport, console: Console, *, printed: bool) -> None:
    from conformance.reports import fix as fix_console

    if printed:
        from conformance.process.visible import visible
        from conformance.reports.terminal import Terminal

        # What is printed can be piped into a file, which has every name as it is, also if there is
        # nothing to mend.
        stream = sys.stderr if console.stderr else sys.stdout
        click.echo(visible(report.text) if stream.isatty() else report.text, file=stream, nl=False)
        console = Terminal(stderr=True, soft_wrap=True)
    fix_console.show(report, console)
