"""The last lines of every report on a terminal: the folder of the reports, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {
    "conforms": "bold green",
    "passes": "bold green",
    "differs": "bold red",
    "fails": "bold red",
    "could_not_run": "bold yellow",
}


def show_headline(console: Console, what: str, verdict: str, reports: str | None) -> None:
    """Print the last lines, `Verdict: conforms`.

    Args:
        what: the first word of the line: `Verdict`, `Gate` or `Upgrade`.
        verdict: the verdict's name in the report.
        reports: the folder of the written reports, if any.
    """
    if reports is not None:
        console.print(Text(f"  reports      {reports}"))
    console.print(Text(f"{what}: {verdict.replace('_', ' ')}", style=_STYLES[verdict]))
