"""Texts and bytes that PostgreSQL keeps: everything but NUL and halves of surrogate pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from sqlalchemy import CHAR

from conformance.strategies.values.making import made

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import LargeBinary, String

    from conformance.strategies.values.narrowing import Narrowing

#: Characters of a very long text, and of one that is long but comes up often.
_VERY_LONG, _LONG = 10_000, 60
#: PostgreSQL keeps a character in at most four bytes.
_BYTES_OF_CHARACTER = 4

#: What is quoted, escaped, trimmed, folded or composed somewhere on the way.
_PRECARIOUS = (
    "", " ", "trailing ", " leading", "'", '"', "\\", "''", "\\'", "O'Hara", '"quoted"', "%", "%s",
    "%(name)s", ":name", "{}", "{a,b}", "NULL", "null", "\\N", "--", ";", "/*", "$$", "\t", "\n",
    "\r\n", "\x01", "\x7f", "\xa0", "\u200b", "\ufeff", "\uffff", "é", "e\u0301", "ß", "ẞ", "İ",
    "\u0131", "\u017f", "Ǆ", "σς", "日本", "ไทย", "עברית", "\u202eabc", "🙂", "👩\u200d🚀", "🇧🇷",
    "\U0010ffff", "NaN", "0", "-1", "1e5", "true", "2020-02-30", "a" * 63, "a" * 64,
)  # fmt: skip
_FAMILIAR = "abcxyzABCXYZ0189 _-./:%'\"\\,;éßñçãΩжя日本🙂\u0301\t\n"


def texts(kind: String, narrowing: Narrowing, limit: int | None) -> SearchStrategy[str]:
    """Short familiar ones mostly; now and then the precarious, any characters, the very long.

    Args:
        limit: how many bytes an index has room for; None: the column is in none.
    """
    longest = min(_VERY_LONG, *_bounds(kind.length, narrowing.longest, limit))
    if isinstance(kind, CHAR):
        return _blank_padded(kind, narrowing)
    shortest = narrowing.shortest
    if shortest > longest:
        return st.nothing()
    usual = min(longest, max(_LONG, shortest))
    found = [st.text(_FAMILIAR, min_size=shortest, max_size=usual)]
    hurting = precarious(narrowing, longest)
    if hurting:
        found.append(st.sampled_from(hurting))
    anything = st.text(any_character(), min_size=shortest, max_size=usual)
    if longest > 0:
        anything |= _repeated(max(1, shortest), longest)
    # In a strategy of its own, so that it is drawn no more often than the others.
    found.append(made(str, anything))
    strategy = st.one_of(*found)
    return strategy.filter(narrowing.allows) if narrowing.excluded else strategy


def precarious(narrowing: Narrowing, longest: int | None) -> list[str]:
    """The texts, of so many characters at most, that are easily lost."""
    most = _VERY_LONG if longest is None else longest
    return [text for text in _PRECARIOUS if len(text) <= most and narrowing.allows(text)]


def any_character() -> SearchStrategy[str]:
    """Every character that PostgreSQL's text can hold."""
    return st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def _bounds(length: int | None, longest: int | None, limit: int | None) -> list[int]:
    room = None if limit is None else limit // _BYTES_OF_CHARACTER
    return [bound for bound in (length, longest, room) if bound is not None] or [_VERY_LONG]


def _repeated(shortest: int, longest: int) -> SearchStrategy[str]:
    """One piece over and over, often to the full length: a long text that costs three draws."""
    piece = st.text(_FAMILIAR, min_size=1, max_size=8)
    return made(
        lambda part, size: (part * (size // len(part) + 1))[:size],
        piece,
        st.integers(shortest, longest) | st.sampled_from([longest, shortest]),
    )


def _blank_padded(kind: CHAR, narrowing: Narrowing) -> SearchStrategy[str]:
    """`char(n)` is read with the blanks that it is filled up with; so it is written with them."""
    length = kind.length or 1
    bare = made(lambda text: text.ljust(length), st.text(_FAMILIAR, max_size=length))
    forbidden = {str(value).rstrip(" ") for value in narrowing.excluded}
    return bare.filter(lambda text: text.rstrip(" ") not in forbidden) if forbidden else bare


def binaries(kind: LargeBinary, narrowing: Narrowing, limit: int | None) -> SearchStrategy[bytes]:
    """Bytes of every value, zero and what is no UTF-8 included."""
    longest = min(1_000, *_bounds(kind.length, narrowing.longest, limit))
    if narrowing.shortest > longest:
        return st.nothing()
    usual = min(longest, max(_LONG, narrowing.shortest))
    return st.binary(min_size=narrowing.shortest, max_size=usual)
