"""What a long-running call tells its caller."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with one sentence, or a few words, before each step.

    What it raises ends the call: an interruption is heeded there.
    """

    def __call__(self, step: str, /) -> None:
        """Learn what is done next."""


def unwatched(_step: str, /) -> None:
    """The progress of a call that nobody watches."""
