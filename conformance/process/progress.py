"""The progress callback of long-running calls."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A callback that is called before each step, with a sentence or a few words.

    An exception of the callback ends the call; interruptions use this.
    """

    def __call__(self, step: str, /) -> None:
        """Report the next step."""


def unwatched(_step: str, /) -> None:
    """Ignore the progress."""
