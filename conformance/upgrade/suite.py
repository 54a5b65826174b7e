"""The conformance suite on a database that was upgraded."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.findings import Finding, NotChecked
from conformance.errors import ConformanceError
from conformance.upgrade.report import Change

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.upgrade.choices import Choices
    from conformance.upgrade.state import State
    from conformance.upgrade.ways import Arrival

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

    In a process of its own: pytest wants to be there before Hypothesis is.

    Raises:
        ConformanceError: the suite cannot run.
    """
    order = {
        "server": arrival.engine.server_url,
        "database": arrival.url.database,
        "models": choices.models,
        "alembic_ini": choices.alembic_ini,
        "reports": str(choices.reports / FOLDER),
    }
    # The order holds a password: it goes where nobody else can read it.
    command = [sys.executable, "-m", "conformance.upgrade.suite_process"]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            answer, _ = process.communicate(json.dumps(order))
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise ConformanceError(answer or f"The suite ended with exit code {process.returncode}.")
    data = json.loads(answer)
    return SuiteOutcome(
        tuple(Finding(**item) for item in data["findings"]),
        tuple(NotChecked(**item) for item in data["not_checked"]),
        data["counts"]["facts"] + data["counts"]["tests"],
    )
