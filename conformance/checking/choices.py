"""The choices for a run of the suite."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from conformance.checking.options import as_arguments
from conformance.project.configuration import Configuration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JUNIT_FILE = "junit.xml"
#: Arguments of pytest that leave no check out: how many processes, and how much is printed.
_WITHOUT_EFFECT = re.compile(r"-n(=?\w+)?|--numprocesses=\w+|--dist=\w+|-v+|-q+")


def selects(arguments: Sequence[str]) -> bool:
    """Whether these arguments of pytest may leave a part of the suite out."""
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not _WITHOUT_EFFECT.fullmatch(argument):
            return True
        if argument == "-n" and rest:
            rest.pop(0)
    return False


@dataclass(frozen=True)
class Choices:
    """The choices for a run of the suite.

    Attributes:
        project: the configuration: models, migrations, engine, number of examples, report folder.
        junit: the name of the JUnit XML file in the report folder.
    """

    project: Configuration
    junit: str = JUNIT_FILE

    @property
    def reports(self) -> Path:
        """The folder for the reports."""
        return Path(self.project.reports)

    def for_pytest(self) -> list[str]:
        """The choices as arguments of pytest."""
        fixtures = [argument for name in self.project.fixtures for argument in ("-p", name)]
        junit = f"--junitxml={self.reports / self.junit}"
        return [*as_arguments(self.project), junit, *fixtures]

    def as_data(self) -> dict[str, Any]:
        """The choices as JSON data, for `from_data`."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The choices from JSON data of `as_data`."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in data["project"].items()
        }
        return cls(Configuration(**values), data["junit"])
