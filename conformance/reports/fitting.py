"""Fit a message on a terminal; the written reports have the whole message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

#: The most lines of a terminal that one message takes.
MOST_LINES = 10


def fit(text: Text, console: Console) -> Text:
    """The text on at most `MOST_LINES` lines of the console; the last one says what is left out."""
    lines = text.wrap(console, console.width)
    if len(lines) <= MOST_LINES:
        return text
    shown = lines[: MOST_LINES - 1]
    rest = Text(f"…and {len(lines) - len(shown)} more lines, which are in the reports.")
    return Text("\n").join([*shown, rest])
