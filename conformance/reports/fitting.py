"""Fit messages on a terminal; the written reports have all of them, and all of each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from conformance.comparing.codes import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from conformance.comparing.findings import Finding

#: The most lines of a terminal that one message takes.
MOST_LINES = 10
#: So many of them are the message's last lines, which say what to do.
_LAST = 3


def fit(text: Text, console: Console) -> Text:
    """The text on at most `MOST_LINES` lines of the console; one says how many are left out."""
    lines = text.wrap(console, console.width)
    if len(lines) <= MOST_LINES:
        return text
    first, last = lines[: MOST_LINES - 1 - _LAST], lines[-_LAST:]
    left_out = len(lines) - MOST_LINES + 1
    rest = Text(f"…{left_out} lines are left out; the written reports have them…")
    return Text("\n").join([*first, rest, *last])


def places_that_fit(ordered: Sequence[Finding], most: int) -> list[int]:
    """The places of as many findings as fit: the severe ones, and of each kind the first ones.

    Forty columns that differ would hide a hypertable that is none.
    """
    turns: Counter[tuple[str, str]] = Counter()
    placed = []
    for place, finding in enumerate(ordered):
        turns[finding.severity, finding.kind] += 1
        turn = turns[finding.severity, finding.kind]
        placed.append((SEVERITIES.index(finding.severity), turn, place))
    return sorted(place for *_, place in sorted(placed)[:most])


def more_findings(rest: int, reports: str | None) -> str:
    """How many findings are not shown, and where they are.

    Args:
        reports: the folder of the written reports, if any.
    """
    where = f"the reports in {reports} have them" if reports else "--reports FOLDER writes them all"
    return f"…and {rest} more finding{'s' * (rest != 1)}: {where}.\n"
