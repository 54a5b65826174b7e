"""Codes and severities of findings."""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"
#: Worst first.
SEVERITIES = (ERROR, WARNING, NOTE)

#: Where the pages are in our repository; `conformance explain` prints them.
PAGES = "conformance/pages/"


@dataclass(frozen=True)
class Code:
    """A kind of finding.

    Attributes:
        name: stable; findings are accepted by it.
        severity: `error`, `warning` or `note`; only errors fail a run.
        title: what is wrong, in a few words.
    """

    name: str
    severity: str
    title: str

    @property
    def page(self) -> str:
        """The page about it: a path in our repository."""
        return f"{PAGES}{self.name}.md"


def by_name(*codes: Code) -> dict[str, Code]:
    """The codes by their names, in their order."""
    return {code.name: code for code in codes}
