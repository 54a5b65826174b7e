"""`conformance audit`."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.commands.annotating import Annotating, annotation_options
from conformance.commands.carrying_out import carry_out
from conformance.commands.options import baseline_options, json_option, option
from conformance.extras import require
from conformance.project.configuration import configured

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from conformance.auditing.databases import Database
    from conformance.comparing.acceptance import Policy
    from conformance.comparing.audits import Audits
    from conformance.comparing.verdict import Verdict
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1)
@click.option(
    "--databases",
    "databases_file",
    metavar="FILE",
    help="Also audit the databases of FILE: a URL, or NAME = URL, on each line.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Audit N databases at a time, each with one connection.",
    metavar="N",
)
@click.option(
    "--against",
    metavar="URL",
    help="Compare with this database instead of the models, in both directions.",
)
@json_option
@click.option(
    "--reports", metavar="FOLDER", help="Write JSON, Markdown, JUnit and HTML into FOLDER."
)
@click.option("--metrics", metavar="FILE", help="Write OpenMetrics text to FILE.")
@click.option(
    "--sizes",
    "sizes_file",
    metavar="FILE",
    help="Write rows, bytes, chunks and batches of each table, for gate and upgrade.",
)
@option("schemas", "--schema")
@option("models")
@option("alembic_ini")
@baseline_options
@annotation_options
def audit(  # noqa: PLR0913 - click gives each option by its name
    urls: tuple[str, ...],
    databases_file: str | None,
    *,
    jobs: int,
    against: str | None,
    json_file: str | None,
    reports: str | None,
    metrics: str | None,
    sizes_file: str | None,
    write_baseline: str | None,
    grow_baseline: bool,
    format_: str | None,
    output: str | None,
    **given: Any,
) -> None:
    """Compare running databases with the models. Read-only: safe on production.

    Of several databases the worst verdict counts: 2 could not run, 1 differs, 0 all conform.
    """
    require("audit", "conformance audit", versions=False)
    from conformance.adoption.stage import Choices, Stage
    from conformance.auditing.databases import databases_of

    if not urls and databases_file is None:
        raise click.UsageError("Name a database: URL, or --databases FILE.")
    several = databases_file is not None or len(urls) > 1
    _refuse(
        several=several,
        against=against is not None,
        baseline=write_baseline is not None,
        sizes=sizes_file is not None,
    )
    project = configured(**given)
    databases = databases_of(urls, databases_file)
    auditing = _Auditing(project, databases, jobs, against, reports, metrics, sizes_file)
    annotating = Annotating.of(project, format_, output, json_file)
    if several:
        auditing.carry_out_all(json_file, annotating)
    baseline = Choices(write_baseline, grow_baseline)
    stage = Stage.of(project, "audit", baseline) if against is None else auditing.settled
    auditing.carry_out_one(stage, json_file, annotating)


def _refuse(*, several: bool, against: bool, baseline: bool, sizes: bool) -> None:
    """Refuse what has no meaning for several databases, or without models."""
    if baseline and (several or against):
        raise click.UsageError(
            "A baseline is of one database and the models: leave out --write-baseline, or audit "
            "one URL."
        )
    if sizes and (several or against):
        raise click.UsageError("--sizes is of one database and the models: audit one URL.")


@dataclass(frozen=True)
class _Auditing:
    """The options of a run, and what they mean."""

    project: Configuration
    databases: tuple[Database, ...]
    jobs: int
    against: str | None
    reports: str | None
    metrics: str | None
    sizes: str | None

    def carry_out_one(
        self,
        stage: Callable[[Verdict], Verdict],
        json_file: str | None,
        annotating: Annotating,
    ) -> None:
        """Audit the one database, and exit."""
        from conformance.comparing.verdict import EngineUsed, Verdict
        from conformance.process.meanwhile import import_meanwhile

        (database,) = self.databases

        def run(_: Progress) -> Verdict:
            audit_one = self._audit_one()
            # The server works for half of what follows.
            import_meanwhile("conformance.reports.verdict.console", "conformance.reports.terminal")
            return audit_one(database)

        carry_out(
            run,
            stage=stage,
            no_verdict=lambda why: Verdict(EngineUsed("url", "database URL"), could_not_run=why),
            write=lambda verdict: self._write(verdict, [(database.name, verdict)]),
            show=self._show,
            json_file=json_file,
            annotate=annotating.of_verdict if annotating.format else None,
            annotations_file=annotating.file,
        )

    def carry_out_all(self, json_file: str | None, annotating: Annotating) -> None:
        """Audit all databases, and exit."""
        from conformance.auditing.several import audit_several, no_verdicts
        from conformance.comparing.audits import Audits, settle_all
        from conformance.reports.audits import console as audits_console
        from conformance.reports.terminal import steps

        policy = self._policy()

        def run(progress: Progress) -> Audits:
            return audit_several(
                self.databases, self._audit_one(), jobs=self.jobs, progress=progress
            )

        def settled(audits: Audits) -> Audits:
            databases = settle_all(audits.databases, policy)
            return Audits(databases, seconds=audits.seconds)

        with steps("starting") as (progress, ended):
            carry_out(
                run,
                stage=settled,
                no_verdict=lambda why: no_verdicts(self.databases, why),
                write=lambda audits: self._write(
                    audits, [(item.name, item.verdict) for item in audits.databases]
                ),
                show=lambda audits, console: audits_console.show(audits, console, self.reports),
                progress=progress,
                ended=ended,
                json_file=json_file,
                annotate=annotating.of_audits if annotating.format else None,
                annotations_file=annotating.file,
            )

    def settled(self, verdict: Verdict) -> Verdict:
        """The verdict with what the project says of its findings, without a baseline."""
        from conformance.comparing.acceptance import settle

        return settle(verdict, self._policy(), whole=False)

    def _policy(self) -> Policy:
        from conformance.adoption.stage import policy_for

        # The baseline is about the models.
        return policy_for(self.project, "audit", old=None if self.against is None else {})

    def _audit_one(self) -> Callable[[Database], Verdict]:
        """What audits a database; the models, or the other database, are read once."""
        if self.against is not None:
            from conformance.auditing.against import audit_against, read_other

            schemas, leave = self.project.schemas, self.project.leave
            other = read_other(self.against, schemas, leave)
            return lambda database: audit_against(database.address, other, schemas, leave)
        from conformance.audit import audit as audit_database
        from conformance.project.lineage import Lineage
        from conformance.project.models import has_migrations, metadata_for

        metadata = metadata_for(self.project)
        lineage = Lineage(self.project) if has_migrations(self.project) else None
        return lambda database: audit_database(
            database.address,
            metadata,
            schemas=self.project.schemas,
            leave=self.project.leave,
            measured=self._keep_sizes if self.sizes else None,
            lineage=lineage,
        )

    def _keep_sizes(self, sizes: object) -> None:
        from conformance.process.output import write

        assert self.sizes is not None
        write(Path(self.sizes), json.dumps(sizes, indent=2, sort_keys=True) + "\n")

    def _write(self, report: Verdict | Audits, verdicts: list[tuple[str, Verdict]]) -> None:
        if self.reports is not None:
            from conformance.reports.files import write_audit

            write_audit(report, Path(self.reports))
        if self.metrics is not None:
            from conformance.process.output import write
            from conformance.reports.audits import metrics

            write(Path(self.metrics), metrics.render(verdicts, time.time()))

    def _show(self, verdict: Verdict, console: Console) -> None:
        from conformance.reports.verdict import console as verdict_console

        verdict_console.show(verdict, console, self.reports)
