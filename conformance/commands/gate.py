"""`conformance gate`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from conformance.commands.annotating import Annotating, annotation_options
from conformance.commands.carrying_out import asked, carry_out
from conformance.commands.options import json_option, options
from conformance.extras import require
from conformance.gate.evidence.amounts import bytes_of
from conformance.gate.on_copy.choices import AS_FOUND, LEAVE, OnCopy
from conformance.project.configuration import configured

#: Options that choose a server of generated rows, or describe a database that is not at hand.
_NOT_WITH_ON = ("engine", "image", "sizes")


def _size(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else bytes_of(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}.") from None


def _refuse(given: dict[str, Any], *, on: bool, about_copy: bool) -> None:
    """Refuse options that have no meaning together."""
    if about_copy and not on:
        raise click.UsageError("--leave, --room and --with-others are about the copy of --on URL.")
    for name in _NOT_WITH_ON:
        if on and given.get(name) is not None:
            raise click.UsageError(
                f"Use --on or --{name}, not both: a copy has a server and sizes."
            )


@click.command()
@click.option(
    "--base", metavar="GIT_REF", help="The commit to compare with: later revisions are new."
)
@click.option(
    "--from-revision",
    metavar="REV",
    help="The last old revision, instead of --base; -3: the last three are new.",
)
@click.option(
    "--on",
    "on_url",
    metavar="URL",
    help="Rehearse on this database, which must be marked as a copy, instead of generated rows.",
)
@click.option(
    "--leave",
    type=click.Choice(LEAVE),
    help="How --on leaves the copy; as-found by default.",
)
@click.option(
    "--room",
    metavar="SIZE",
    callback=_size,
    help="With --on: a second copy may take so much disk, such as 500GB, if it is needed.",
)
@click.option(
    "--with-others", is_flag=True, help="With --on: other clients may be connected to the copy."
)
@options("engine", "image", "models", "alembic_ini", "schemas", "reports", "sizes", "baseline")
@json_option
@annotation_options
def gate(  # noqa: PLR0913 - click gives each option by its name
    base: str | None,
    from_revision: str | None,
    json_file: str | None,
    *,
    on_url: str | None,
    leave: str | None,
    room: int | None,
    with_others: bool,
    format_: str | None,
    output: str | None,
    **given: Any,
) -> None:
    """Rehearse new revisions on generated rows, or on a copy of a database, and judge them.

    Without --base, revisions are new if origin/main (or main) did not have them where the current
    branch began.

    Exit codes: 0 passes, 1 fails, 2 could not run.
    """
    require("gate", "conformance gate")
    from conformance.adoption.stage import policy_for
    from conformance.comparing.verdict import EngineUsed
    from conformance.gate.evidence.report import GateReport
    from conformance.gate.rules.adopted import settle
    from conformance.gate.run import Choices
    from conformance.gate.run import gate as run_gate
    from conformance.reports.files import write_gate
    from conformance.reports.gate import console as gate_console
    from conformance.reports.terminal import steps

    if base is not None and from_revision is not None:
        raise click.UsageError("Use --base or --from-revision, not both.")
    about_copy = leave is not None or room is not None or with_others
    _refuse(given, on=on_url is not None, about_copy=about_copy)
    on = None if on_url is None else OnCopy(on_url, leave or AS_FOUND, room, with_others)
    project = configured(**given)
    annotating = Annotating.of(project, format_, output, json_file)
    choices = Choices(project, base, from_revision, on)
    policy = policy_for(project, "gate")
    with steps("starting") as (progress, ended):
        carry_out(
            lambda progress: run_gate(choices, progress),
            stage=lambda report: settle(report, policy),
            no_verdict=lambda reason: GateReport(
                asked(project) if on is None else EngineUsed("url", "copy of a database"),
                could_not_run=reason,
            ),
            write=lambda report: write_gate(report, Path(project.reports), os.environ),
            show=lambda report, console: gate_console.show(report, console, project.reports),
            progress=progress,
            ended=ended,
            json_file=json_file,
            annotate=annotating.of_gate if format_ else None,
            annotations_file=annotating.file,
        )
