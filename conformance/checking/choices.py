"""What a run of the suite is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from conformance.checking.options import as_arguments
from conformance.project.configuration import Configuration

if TYPE_CHECKING:
    from collections.abc import Mapping

JUNIT_FILE = "junit.xml"


@dataclass(frozen=True)
class Choices:
    """What is checked, and where.

    Attributes:
        project: models, migrations and engine, how much is generated, the folder for reports.
        junit: the name of the JUnit XML in that folder.
    """

    project: Configuration
    junit: str = JUNIT_FILE

    @property
    def reports(self) -> Path:
        """The folder for the reports."""
        return Path(self.project.reports)

    def for_pytest(self) -> list[str]:
        """As options of pytest."""
        fixtures = [argument for name in self.project.fixtures for argument in ("-p", name)]
        junit = f"--junitxml={self.reports / self.junit}"
        return [*as_arguments(self.project), junit, *fixtures]

    def as_data(self) -> dict[str, Any]:
        """Fit for JSON; the inverse is `from_data`."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """What another process was told."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in data["project"].items()
        }
        return cls(Configuration(**values), data["junit"])
