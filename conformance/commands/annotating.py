"""Print findings as annotations: the option `--format` of check, audit and gate."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.comparing.audits import Audits
    from conformance.comparing.findings import Finding
    from conformance.comparing.places import Place
    from conformance.comparing.verdict import Verdict
    from conformance.gate.evidence.report import GateReport
    from conformance.project.configuration import Configuration
    from conformance.reports.annotations.annotation import Annotation

#: Those of `conformance.reports.annotations`, which is imported only when it is used.
FORMATS = ("github", "gitlab", "sarif")

_OPTIONS = (
    click.option(
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        help="Print the findings as annotations of models or revisions; the report goes to "
        "standard error.",
    ),
    click.option(
        "--output", metavar="FILE", help="Write what --format gives to FILE; - is standard output."
    ),
)


def annotation_options(command: Any) -> Any:
    """The options about annotations."""
    for each in reversed(_OPTIONS):
        command = each(command)
    return command


@dataclass(frozen=True)
class Annotating:
    """Where annotations go, and in which format.

    Attributes:
        format: one of `FORMATS`; None: nowhere.
        file: the file; `-` is standard output.
    """

    project: Configuration
    format: str | None = None
    file: str = "-"

    @classmethod
    def of(
        cls,
        project: Configuration,
        format_: str | None,
        output: str | None,
        json_file: str | None = None,
    ) -> Annotating:
        """From the options of a command.

        Raises:
            UsageError: the options contradict each other.
        """
        if output is not None and format_ is None:
            raise click.UsageError(f"--output needs --format: {', '.join(FORMATS)}.")
        if format_ is not None and json_file == "-" and (output or "-") == "-":
            raise click.UsageError(
                "--json - and --format both print to standard output. Give one of them a file: "
                "--output FILE."
            )
        return cls(project, format_, output or "-")

    def of_verdict(self, verdict: Verdict) -> str:
        """The findings of a check or an audit that count, in the format."""
        from conformance.reports.annotations.annotation import of_verdict

        place = self._model_places() if verdict.findings else lambda _: None
        found = of_verdict(verdict, place)
        return self._render(found, verdict.could_not_run, verdict.exit_code)

    def of_audits(self, audits: Audits) -> str:
        """The findings of several databases that count, each once, in the format."""
        from conformance.reports.annotations.annotation import of_audits

        found = audits.findings
        annotations = of_audits(audits, self._model_places() if found else lambda _: None)
        return self._render(annotations, audits.could_not_run, audits.exit_code)

    def of_gate(self, report: GateReport) -> str:
        """The findings of the gate that count, in the format."""
        from conformance.places.repository import repository_root
        from conformance.places.revisions import RevisionPlaces
        from conformance.reports.annotations.annotation import of_gate

        places = RevisionPlaces(report, repository_root(Path.cwd()), self._file_of_revision)
        return self._render(of_gate(report, places), report.could_not_run, report.exit_code)

    def _model_places(self) -> Callable[[Finding], Place | None]:
        from conformance.errors import ModelsUnavailable
        from conformance.places.models import ModelPlaces
        from conformance.places.repository import repository_root
        from conformance.project.models import metadata_for

        try:
            metadata = metadata_for(self.project)
        except ModelsUnavailable:
            # Two databases are compared without models.
            return lambda _: None
        places = ModelPlaces(metadata, repository_root(Path.cwd()), self.project.schemas[0])
        return lambda finding: places(finding.kind, finding.object, finding.attribute)

    def _file_of_revision(self, revision: str) -> str | None:
        """The file of a revision that is not new."""
        from alembic.util import CommandError

        from conformance.project.scripts import config_for, revisions_of

        try:
            script = revisions_of(config_for(self.project)).get_revision(revision)
        except CommandError:
            return None
        return script.path if script is not None else None

    def _render(
        self, found: tuple[Annotation, ...], could_not_run: str | None, exit_code: int
    ) -> str:
        from importlib.metadata import version

        from conformance.extras import DISTRIBUTION
        from conformance.pages import page_or_nothing
        from conformance.places.repository import place_in, repository_root
        from conformance.reports.annotations import FORMATS as WRITERS
        from conformance.reports.annotations.annotation import Annotations, rules_of
        from conformance.reports.pages import address_of, pages_address

        prefix = pages_address(os.environ)
        rules = rules_of(found, page_or_nothing, lambda code: address_of(code, prefix))
        folder = Path.cwd()
        place = place_in(could_not_run or "", repository_root(folder), folder)
        annotations = Annotations(
            found, rules, could_not_run, exit_code, version(DISTRIBUTION), place
        )
        assert self.format is not None
        return WRITERS[self.format](annotations)
