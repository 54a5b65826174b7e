"""`conformance audit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.commands.annotating import Annotating, annotation_options
from conformance.commands.carrying_out import carry_out
from conformance.commands.options import baseline_options, json_option, option
from conformance.extras import require
from conformance.project.configuration import configured

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.comparing.verdict import Verdict
    from conformance.project.configuration import Configuration


@click.command()
@click.argument("url")
@json_option
@click.option(
    "--sizes",
    "sizes_file",
    metavar="FILE",
    help="Write rows, bytes, chunks and batches of each table, for the gate.",
)
@option("schemas", "--schema")
@option("models")
@baseline_options
@annotation_options
def audit(  # noqa: PLR0913 - click gives each option by its name
    url: str,
    json_file: str | None,
    sizes_file: str | None,
    *,
    format_: str | None,
    output: str | None,
    write_baseline: str | None,
    grow_baseline: bool,
    **given: Any,
) -> None:
    """Compare a running database with the models. Read-only: safe on production."""
    require("audit", "conformance audit")
    from conformance.adoption.stage import Choices, Stage
    from conformance.comparing.verdict import EngineUsed, Verdict

    project = configured(**given)
    annotating = Annotating.of(project, format_, output, json_file)
    carry_out(
        lambda _: _audited(url, project, sizes_file),
        stage=Stage.of(project, "audit", Choices(write_baseline, grow_baseline)),
        no_verdict=lambda reason: Verdict(EngineUsed("url", "database URL"), could_not_run=reason),
        write=lambda _: None,
        show=_show_verdict,
        json_file=json_file,
        annotate=annotating.of_verdict if format_ else None,
        annotations_file=annotating.file,
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
