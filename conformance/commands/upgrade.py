"""`conformance upgrade`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from conformance.commands.carrying_out import carry_out
from conformance.commands.options import options
from conformance.extras import require
from conformance.project.configuration import configured


@click.command()
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
@options("models", "alembic_ini", "reports", "sizes")
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
    from rich.markup import escape

    from conformance.adoption.stage import policy_for
    from conformance.reports.files import write_upgrade
    from conformance.reports.terminal import Terminal
    from conformance.reports.upgrade import console as upgrade_console
    from conformance.upgrade.adopted import settle
    from conformance.upgrade.choices import Choices
    from conformance.upgrade.rehearsal import rehearse
    from conformance.upgrade.report import UpgradeReport

    project = configured(**given)
    choices = Choices(before, after, engine, image, project, suite)
    policy = policy_for(project, "upgrade")
    steps = Terminal(stderr=True, soft_wrap=True)
    carry_out(
        lambda progress: rehearse(choices, progress),
        stage=lambda report: settle(report, policy),
        no_verdict=lambda reason: UpgradeReport(
            choices.requested_engine(before), choices.requested_engine(after), could_not_run=reason
        ),
        write=lambda report: write_upgrade(report, Path(project.reports)),
        show=lambda report, console: upgrade_console.show(report, console, project.reports),
        progress=lambda step: steps.print(escape(step), style="dim"),
    )
