"""Fit a message on a terminal; the written reports have the whole message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

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
