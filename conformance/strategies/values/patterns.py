"""Patterns of LIKE: which texts they take in, and a strategy for such texts.

Source: PostgreSQL documentation, "Pattern Matching", LIKE.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

#: An escaped character, a wildcard, or any other character; no lone backslash at the end.
_PART = re.compile(r"\\(?P<escaped>.)|(?P<any>[%_])|(?P<plain>[^\\])", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """A pattern of LIKE.

    Attributes:
        pieces: what stands before, between and after the signs `%`; None stands for `_`.
    """

    pieces: tuple[tuple[str | None, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """The pattern in its SQL form.

        Raises:
            ValueError: a backslash at the end escapes nothing.
        """
        pieces: list[list[str | None]] = [[]]
        place = 0
        while place < len(text):
            part = _PART.match(text, place)
            if part is None:
                raise ValueError("a backslash at the end of a pattern escapes nothing")
            place = part.end()
            if part["any"] == "%":
                pieces.append([])
            else:
                pieces[-1].append(None if part["any"] else part["escaped"] or part["plain"])
        return cls(tuple(map(tuple, pieces)))

    @property
    def shortest(self) -> int:
        """The least number of characters."""
        return sum(map(len, self.pieces))

    @property
    def is_open(self) -> bool:
        """Whether there may be more characters."""
        return len(self.pieces) > 1

    @property
    def counts_only(self) -> bool:
        """Whether the number of characters alone decides."""
        return all(character is None for piece in self.pieces for character in piece)

    @property
    def text(self) -> str | None:
        """The only text; None if there are several."""
        characters = self.pieces[0]
        if self.is_open or None in characters:
            return None
        return "".join(map(str, characters))

    def takes(self, text: str) -> bool:
        """Whether the text is LIKE the pattern."""
        parts = (
            "".join("." if item is None else re.escape(item) for item in piece)
            for piece in self.pieces
        )
        return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


@st.composite
def like(
    draw: st.DrawFn,
    pattern: Pattern,
    texts: Callable[[int, int], SearchStrategy[str]],
    shortest: int,
    longest: int,
) -> str:
    """Texts LIKE the pattern, with so many characters; the pattern allows such lengths.

    Args:
        texts: gives the texts that `_` and `%` stand for, with so many characters.
    """
    room, lacking = longest - pattern.shortest, max(0, shortest - pattern.shortest)
    found = []
    for number, piece in enumerate(pattern.pieces):
        if number > 0:
            # What is lacking still must be in the last gap at the latest.
            least = lacking if number == len(pattern.pieces) - 1 else 0
            gap = draw(texts(least, room))
            room, lacking = room - len(gap), max(0, lacking - len(gap))
            found.append(gap)
        found += [draw(texts(1, 1)) if item is None else item for item in piece]
    return "".join(found)
