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
from conformance.project.configuration import configured


@click.command()
@click.option(
    "--base", metavar="GIT_REF", help="The commit to compare with: later revisions are new."
)
@click.option("--from-revision", metavar="REV", help="The last old revision, instead of --base.")
@options("engine", "image", "models", "alembic_ini", "schemas", "reports", "sizes", "baseline")
@json_option
@annotation_options
def gate(
    base: str | None,
    from_revision: str | None,
    json_file: str | None,
    *,
    format_: str | None,
    output: str | None,
    **given: Any,
) -> None:
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
    annotating = Annotating.of(project, format_, output, json_file)
    choices = Choices(project, base, from_revision)
    policy = policy_for(project, "gate")
    with Console(stderr=True).status("starting") as status:
        carry_out(
            lambda progress: run_gate(choices, progress),
            stage=lambda report: settle(report, policy),
            no_verdict=lambda reason: GateReport(asked(project), could_not_run=reason),
            write=lambda report: write_all(report, Path(project.reports), os.environ),
            show=lambda report, console: gate_console.show(report, console, project.reports),
            progress=lambda step: status.update(escape(step)),
            ended=status.stop,
            json_file=json_file,
            annotate=annotating.of_gate if format_ else None,
            annotations_file=annotating.file,
        )
