r"""Regular expressions that PostgreSQL and Python read alike, and a strategy for texts that match.

An expression has characters of ASCII, `.`, brackets, `\d`, `\w` and `\s`, groups, alternatives,
and the quantifiers `*`, `+`, `?` and `{m,n}`. `^` stands only at the beginning of an alternative,
and `$` only at its end. Source: PostgreSQL documentation, "POSIX Regular Expressions".
"""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

#: What is repeated, and the least and the greatest number of times.
_Piece = tuple["_Place | _Alternatives", int, float]
_Alternatives = tuple[tuple[_Piece, ...], ...]

#: No other characters are drawn: what they are to `\w` and to `~*` depends on the locale.
_ASCII = "".join(map(chr, range(32, 127)))
_WORD = string.ascii_letters + string.digits + "_"
_ESCAPED = {"d": string.digits, "w": _WORD, "s": " "}
_NAMED = {
    "alpha": string.ascii_letters, "digit": string.digits, "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase, "alnum": string.ascii_letters + string.digits,
}  # fmt: skip
_QUANTIFIER = re.compile(r"\*|\+|\?|\{(?P<least>\d+)(?P<to>,(?P<most>\d*))?\}")
_QUANTITIES = {"*": (0, math.inf), "+": (1, math.inf), "?": (0, 1)}
#: How many characters and groups more than necessary a repetition may have.
_MORE_CHARACTERS, _MORE_GROUPS = 60, 8


@dataclass(frozen=True)
class _Place:
    """One character.

    Attributes:
        characters: those of ASCII that it may be.
        source: all that it may be, as Python reads it.
    """

    characters: str
    source: str


_ANY = _Place(_ASCII, ".")
#: Before and after an expression that is not anchored.
_ANYTHING = (_ANY, 0, math.inf)


@dataclass(frozen=True)
class Expression:
    """A regular expression of `~` or `~*`.

    Attributes:
        by_locale: whether the locale decides about characters outside of ASCII.
    """

    by_locale: bool
    alternatives: _Alternatives

    @classmethod
    def parse(cls, source: str, *, any_case: bool = False) -> Expression:
        """The expression in PostgreSQL's form.

        Raises:
            ValueError: the expression has something that this module does not read.
        """
        reader = _Reader(source, any_case)
        found = reader.alternatives()
        if reader.at < len(source):
            raise ValueError(reader.refused())
        return cls(any_case or reader.by_locale, found)

    @property
    def width(self) -> tuple[int, int | None]:
        """The least and the greatest number of characters; None: any number."""
        least, most = _width(self.alternatives)
        return int(least), None if most == math.inf else int(most)

    def takes(self, text: str) -> bool:
        """Whether the text matches in the locale C."""
        return re.fullmatch(_python(self.alternatives), text, re.DOTALL) is not None

    def texts(self, shortest: int, longest: int) -> SearchStrategy[str]:
        """Texts of ASCII that match, with so many characters."""
        return _matching(self.alternatives, shortest, longest).filter(
            lambda text: shortest <= len(text) <= longest
        )


class _Reader:
    """A recursive-descent parser with one method for each rule of the grammar."""

    def __init__(self, source: str, any_case: bool) -> None:
        self.source, self.any_case = source, any_case
        self.at = self.depth = 0
        self.by_locale = False

    def refused(self) -> str:
        return f"{self.source[self.at :][:12]!r} in a regular expression is not supported"

    def took(self, sign: str) -> bool:
        """Whether the sign was next; if so, it is behind the parser now."""
        found = self.source.startswith(sign, self.at)
        self.at += len(sign) * found
        return found

    def character(self) -> str:
        """The next character; none at the end."""
        return self.source[self.at : self.at + 1]

    def alternatives(self) -> _Alternatives:
        found = [self.sequence()]
        while self.took("|"):
            found.append(self.sequence())
        return tuple(found)

    def sequence(self) -> tuple[_Piece, ...]:
        """One alternative; the outermost ones begin and end anywhere unless they are anchored."""
        anywhere: tuple[_Piece, ...] = () if self.depth else (_ANYTHING,)
        found = () if not self.depth and self.took("^") else anywhere
        start = self.at
        while self.character() not in ("", "|", ")", "$"):
            found += (self.piece(),)
        if self.at == start and self.character() != "$":
            raise ValueError("an empty alternative of a regular expression is not supported")
        return found if not self.depth and self.took("$") else found + anywhere

    def piece(self) -> _Piece:
        what = self.group() if self.took("(") else self.place()
        quantifier = _QUANTIFIER.match(self.source, self.at)
        if quantifier is None:
            return what, 1, 1
        self.at = quantifier.end()
        least, most = _QUANTITIES.get(quantifier[0], (0, 0))
        if quantifier["least"]:
            least = most = int(quantifier["least"])
            if quantifier["to"]:
                most = int(quantifier["most"]) if quantifier["most"] else math.inf
        if most < least or self.character() in ("*", "+", "?", "{"):
            raise ValueError(self.refused())
        return what, least, most

    def group(self) -> _Alternatives:
        self.took("?:")
        self.depth += 1
        found = self.alternatives()
        self.depth -= 1
        if not self.took(")"):
            raise ValueError(self.refused())
        return found

    def place(self) -> _Place:
        if self.took("."):
            return _ANY
        if self.took("["):
            return self.bracket()
        if self.character() in tuple("*+?{}[]^"):
            raise ValueError(self.refused())
        return self.made_of(self.one(), outside=False)

    def bracket(self) -> _Place:
        outside, found = self.took("^"), ""
        while not self.took("]"):
            if self.took("[:"):
                name = next((name for name in _NAMED if self.took(f"{name}:]")), None)
                if name is None:
                    raise ValueError(self.refused())
                self.by_locale, low = True, _NAMED[name]
            else:
                if self.character() == "[":
                    raise ValueError(self.refused())
                low = self.one()
            if self.character() == "-" and self.source[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self.one()
                if len(low) != 1 or len(high) != 1 or low > high:
                    raise ValueError(self.refused())
                low = "".join(map(chr, range(ord(low), ord(high) + 1)))
            found += low
        return self.made_of(found, outside=outside)

    def one(self) -> str:
        """A character, or what an escape stands for."""
        escaped = self.took("\\")
        character = self.character()
        if not character or character not in _ASCII:
            raise ValueError(self.refused())
        self.at += 1
        if not escaped or not character.isalnum():
            return character
        if character not in _ESCAPED:
            self.at -= 2
            raise ValueError(self.refused())
        self.by_locale = True
        return _ESCAPED[character]

    def made_of(self, characters: str, *, outside: bool) -> _Place:
        """The place of these characters, or of all the others."""
        if self.any_case:
            characters += characters.swapcase()
        left = "".join(one for one in _ASCII if (one in characters) != outside)
        if not left or not characters:
            raise ValueError(self.refused())
        return _Place(left, f"[{'^' * outside}{re.escape(characters)}]")


def _python(alternatives: _Alternatives) -> str:
    return "|".join(
        "".join(
            (what.source if isinstance(what, _Place) else f"(?:{_python(what)})")
            + f"{{{least},{'' if most == math.inf else most}}}"
            for what, least, most in sequence
        )
        for sequence in alternatives
    )


def _width(what: _Place | _Alternatives) -> tuple[float, float]:
    if isinstance(what, _Place):
        return 1, 1
    widths = [_width_of(sequence) for sequence in what]
    return min(least for least, _ in widths), max(most for _, most in widths)


def _width_of(sequence: tuple[_Piece, ...]) -> tuple[float, float]:
    widths = [(*_width(what), least, most) for what, least, most in sequence]
    return (
        sum(narrow * least for narrow, _, least, _ in widths),
        sum(wide * most if wide and most else 0 for _, wide, _, most in widths),
    )


@st.composite
def _matching(draw: st.DrawFn, alternatives: _Alternatives, shortest: float, longest: float) -> str:
    """A text of one of the alternatives, of such a length where the expression has it."""
    widths = [(sequence, *_width_of(sequence)) for sequence in alternatives]
    fitting = [one for one, least, most in widths if least <= longest and most >= shortest]
    return draw(_in_order(draw(st.sampled_from(fitting or alternatives)), shortest, longest))


@st.composite
def _in_order(
    draw: st.DrawFn, sequence: tuple[_Piece, ...], shortest: float, longest: float
) -> str:
    text = ""
    for place, piece in enumerate(sequence, 1):
        least, most = _width_of(sequence[place:])
        text += draw(_repeated(piece, shortest - len(text) - most, longest - len(text) - least))
    return text


@st.composite
def _repeated(draw: st.DrawFn, piece: _Piece, shortest: float, longest: float) -> str:
    what, least, most = piece
    narrow, wide = _width(what)
    lowest = max(least, min(most, math.ceil(shortest / wide)) if wide and shortest > 0 else 0)
    more = _MORE_CHARACTERS if isinstance(what, _Place) else _MORE_GROUPS
    highest = max(lowest, min(most, lowest + more, longest // narrow if narrow else math.inf))
    if isinstance(what, _Place):
        return draw(st.text(what.characters, min_size=int(lowest), max_size=int(highest)))
    text = ""
    for left in reversed(range(draw(st.integers(int(lowest), int(highest))))):
        # Not a number of characters times none: that may be infinity times 0.
        later, latest = (narrow * left, wide * left) if left else (0, 0)
        text += draw(_matching(what, shortest - len(text) - latest, longest - len(text) - later))
    return text
