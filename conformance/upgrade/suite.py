"""The conformance suite on a database that was upgraded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.checking.choices import Choices as Suite
from conformance.checking.process import SuiteProcess
from conformance.comparing.findings import Finding, NotChecked
from conformance.process.progress import unwatched
from conformance.upgrade.report import Change

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.upgrade.choices import Choices
    from conformance.upgrade.state import State
    from conformance.upgrade.ways import Arrival

#: Migrations and the registry's reproductions start from an empty database, which an upgrade
#: does not touch.
_ARGUMENTS = ("-k", "not migration and not known_gap")
#: The suite's own reports lie in this folder below that of the rehearsal.
FOLDER = "upgraded"
_BEFORE = "the models and the database disagree on it before the upgrade already"


@dataclass(frozen=True)
class SuiteOutcome:
    """What the suite found on the upgraded database.

    Attributes:
        passed: how many checks.
    """

    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    passed: int = 0

    def split(self, told: Collection[str], before: State) -> tuple[list[Change], list[NotChecked]]:
        """What is broken, and what is no news: found before the upgrade too.

        Args:
            told: subjects of changes that say it already.
        """
        earlier = {str(subject) for subject in before.disagreements}
        fresh = [finding for finding in self.findings if finding.id not in told]
        return (
            [
                Change("broken", f"suite:{finding.id}", finding.message, after={})
                for finding in fresh
                if finding.id not in earlier
            ],
            [NotChecked(finding.id, _BEFORE) for finding in fresh if finding.id in earlier],
        )


def check_upgraded(arrival: Arrival, choices: Choices) -> SuiteOutcome:
    """Run the suite in copies of the database, which nobody else can connect to any more.

    Raises:
        ConformanceError: the suite cannot run.
    """
    reports = str(Path(choices.project.reports) / FOLDER)
    suite = SuiteProcess(
        Suite(replace(choices.project, engine="url", image=None, reports=reports)),
        _ARGUMENTS,
        server=arrival.engine.server_url,
        database=arrival.url.database,
    )
    with suite:
        data = suite.verdict(unwatched)
    return SuiteOutcome(
        tuple(Finding(**item) for item in data["findings"]),
        tuple(NotChecked(**item) for item in data["not_checked"]),
        data["counts"]["facts"] + data["counts"]["tests"],
    )
