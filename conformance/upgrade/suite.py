"""Run the conformance suite on an upgraded database."""

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
    from conformance.upgrade.ways import UpgradedDatabase

#: Leaves out tests that start from an empty database, which an upgrade does not affect.
_ARGUMENTS = ("-k", "not migration and not known_gap")
#: The folder of the suite's own reports, below the folder of the rehearsal.
FOLDER = "upgraded"
_BEFORE = "the database already differed from the models before the upgrade"


@dataclass(frozen=True)
class SuiteOutcome:
    """The outcome of the suite on the upgraded database.

    Attributes:
        passed: the number of checks that passed.
    """

    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    passed: int = 0

    def split(
        self, reported: Collection[str], before: State
    ) -> tuple[list[Change], list[NotChecked]]:
        """Separate what the upgrade broke from what was already wrong before it.

        Args:
            reported: subjects of changes that are reported already.
        """
        earlier = {str(subject) for subject in before.disagreements}
        fresh = [item for item in self.findings if item.fails and item.id not in reported]
        return (
            [
                Change("broken", f"suite:{finding.id}", finding.message, after={})
                for finding in fresh
                if finding.id not in earlier
            ],
            [NotChecked(finding.id, _BEFORE) for finding in fresh if finding.id in earlier],
        )


def check_upgraded(upgraded: UpgradedDatabase, choices: Choices) -> SuiteOutcome:
    """Run the suite in copies of the database, to which nobody else may be connected.

    Raises:
        ConformanceError: the suite cannot run.
    """
    reports = str(Path(choices.project.reports) / FOLDER)
    with SuiteProcess() as suite:
        suite.order(
            Suite(replace(choices.project, engine="url", image=None, reports=reports)),
            _ARGUMENTS,
            server=upgraded.engine.server_url,
            database=upgraded.url.database,
        )
        data = suite.verdict(unwatched)
    return SuiteOutcome(
        tuple(Finding(**item) for item in data["findings"]),
        tuple(NotChecked(**item) for item in data["not_checked"]),
        data["counts"]["facts"] + data["counts"]["tests"],
    )
