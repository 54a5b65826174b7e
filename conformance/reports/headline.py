"""How every report on a terminal ends: where the files are, and the verdict."""

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
        what: what the verdict is of, as the line begins.
        verdict: as its report names it.
        reports: where the files are, if any were written.
    """
    if reports is not None:
        console.print(Text(f"  reports      {reports}"))
    console.print(Text(f"{what}: {verdict.replace('_', ' ')}", style=_STYLES[verdict]))
