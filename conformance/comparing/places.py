"""Where in the source something stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A line of a file.

    Attributes:
        file: the path from the root of the repository, with `/` on every system.
        line: from 1.
    """

    file: str
    line: int = 1
