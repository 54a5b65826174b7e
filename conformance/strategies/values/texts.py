"""Strategies for texts and bytes, and for types that are written as texts of a certain form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import CHAR
from sqlalchemy.dialects import postgresql as pg

from conformance.strategies.values.expressions import Expression
from conformance.strategies.values.narrowing import made
from conformance.strategies.values.patterns import Pattern, like

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import LargeBinary, String

    from conformance.strategies.values.narrowing import Narrowing

#: The number of characters of a rare, very long text, and of a frequent long text.
_VERY_LONG, _LONG = 10_000, 60
#: PostgreSQL stores a character in at most four bytes.
_BYTES_OF_CHARACTER = 4

#: Texts that some program quotes, escapes, trims, folds or composes.
_PRECARIOUS = (
    "", " ", "trailing ", " leading", "'", '"', "\\", "''", "\\'", "O'Hara", '"quoted"', "%", "%s",
    "%(name)s", ":name", "{}", "{a,b}", "NULL", "null", "\\N", "--", ";", "/*", "$$", "\t", "\n",
    "\r\n", "\x01", "\x7f", "\xa0", "\u200b", "\ufeff", "\uffff", "é", "e\u0301", "ß", "ẞ", "İ",
    "\u0131", "\u017f", "Ǆ", "σς", "日本", "ไทย", "עברית", "\u202eabc", "🙂", "👩\u200d🚀", "🇧🇷",
    "\U0010ffff", "NaN", "0", "-1", "1e5", "true", "2020-02-30", "a" * 63, "a" * 64,
)  # fmt: skip
_FAMILIAR = "abcxyzABCXYZ0189 _-./:%'\"\\,;éßñçãΩжя日本🙂\u0301\t\n"
_ASCII = Expression.parse("^[ -~]*$")
_PLAIN, _PLAIN_LENGTH = "abcdefghijklmnopqrstuvwxyz", 8

#: In PostgreSQL's spelling, in which the driver reads them.
_HOSTS = ("0.0.0.0", "127.0.0.1", "255.255.255.255", "10.0.0.1/8", "::", "::1", "2001:db8::1/64")  # noqa: S104
_NETWORKS = ("0.0.0.0/0", "10.0.0.0/8", "192.168.1.7/32", "::/0", "2001:db8::/32", "::1/128")
_WORDS = ("a", "b1", "fox", "jump", "rate", "überall", "日本")
#: The generated length of a `bit varying` without a length.
_MOST_BITS = 70


def texts(kind: String, narrowing: Narrowing, limit: int | None) -> SearchStrategy[str]:
    """Mostly short texts of usual characters; sometimes precarious, unusual or very long texts.

    Args:
        limit: the number of bytes that fit into an index; None: no index has the column.
    """
    longest = min(_VERY_LONG, *_bounds(kind.length, narrowing.longest, limit))
    if isinstance(kind, CHAR):
        return _blank_padded(kind, narrowing)
    shortest = narrowing.shortest
    if shortest > longest:
        return st.nothing()
    if narrowing.like is not None:
        some = (_like(narrowing.like, kind, shortest, longest) for kind in (_familiar, _unusual))
        return narrowing.left_of(_in_case(narrowing, st.one_of(*some)))
    if narrowing.case:
        found = [_in_case(narrowing, _ASCII.texts(shortest, longest))]
    else:
        found = [_familiar(shortest, longest)]
    hurting = precarious(narrowing, longest)
    if hurting:
        found.append(st.sampled_from(hurting))
    if not narrowing.case:
        # In a strategy of its own, so that it is drawn no more often than the others.
        found.append(made(str, _unusual(shortest, longest)))
    return narrowing.left_of(st.one_of(*found))


def _in_case(narrowing: Narrowing, texts: SearchStrategy[str]) -> SearchStrategy[str]:
    """The texts in the case that the narrowing demands, as far as it allows them then."""
    if not narrowing.case:
        return texts
    return made(getattr(str, narrowing.case), texts).filter(narrowing.allows)


def ends(kind: String, narrowing: Narrowing) -> list[str]:
    """A text of the shortest and one of the longest length that the narrowing demands."""
    lengths = [length for length in (narrowing.shortest, narrowing.longest) if length]
    fits = [length for length in lengths if kind.length is None or length <= kind.length]
    return [text for text in ("a" * length for length in fits) if narrowing.allows(text)]


def plain(kind: String, narrowing: Narrowing, limit: int | None) -> SearchStrategy[str]:
    """Short words that are easy to read."""
    longest = min(_bounds(kind.length, narrowing.longest, limit))
    shortest = max(narrowing.shortest, min(1, longest))
    if shortest > longest or isinstance(kind, CHAR):
        return texts(kind, narrowing, limit)
    words = _plain_words(shortest, longest)
    found = _like(narrowing.like, _plain_words, shortest, longest) if narrowing.like else words
    return narrowing.left_of(_in_case(narrowing, found))


def _like(
    pattern: Pattern | Expression,
    texts: Callable[[int, int], SearchStrategy[str]],
    shortest: int,
    longest: int,
) -> SearchStrategy[str]:
    if isinstance(pattern, Expression):
        return pattern.texts(shortest, longest)
    return like(pattern, texts, shortest, longest)


def _familiar(shortest: int, longest: int) -> SearchStrategy[str]:
    return st.text(_FAMILIAR, min_size=shortest, max_size=min(longest, max(_LONG, shortest)))


def _unusual(shortest: int, longest: int) -> SearchStrategy[str]:
    usual = min(longest, max(_LONG, shortest))
    anything = st.text(any_character(), min_size=shortest, max_size=usual)
    return anything | _repeated(max(1, shortest), longest) if longest > 0 else anything


def _plain_words(shortest: int, longest: int) -> SearchStrategy[str]:
    most = min(longest, max(_PLAIN_LENGTH, shortest))
    return st.text(_PLAIN, min_size=shortest, max_size=most)


def precarious(narrowing: Narrowing, longest: int | None) -> list[str]:
    """The texts of at most so many characters that programs often change."""
    most = _VERY_LONG if longest is None else longest
    return [text for text in _PRECARIOUS if len(text) <= most and narrowing.allows(text)]


def any_character() -> SearchStrategy[str]:
    """Every character that PostgreSQL's `text` can store."""
    return st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def _bounds(length: int | None, longest: int | None, limit: int | None) -> list[int]:
    room = None if limit is None else limit // _BYTES_OF_CHARACTER
    return [bound for bound in (length, longest, room) if bound is not None] or [_VERY_LONG]


def _repeated(shortest: int, longest: int) -> SearchStrategy[str]:
    """A piece that is repeated, often to the full length: a long text from three draws."""
    piece = st.text(_FAMILIAR, min_size=1, max_size=8)
    return made(
        lambda part, size: (part * (size // len(part) + 1))[:size],
        piece,
        st.integers(shortest, longest) | st.sampled_from([longest, shortest]),
    )


def _blank_padded(kind: CHAR, narrowing: Narrowing) -> SearchStrategy[str]:
    """Texts for `char(n)`, padded with blanks as PostgreSQL returns them."""
    length = kind.length or 1
    if narrowing.like is not None:
        return narrowing.left_of(_like(narrowing.like, _familiar, length, length))
    bare = made(lambda text: text.ljust(length), st.text(_FAMILIAR, max_size=length))
    forbidden = {str(value).rstrip(" ") for value in narrowing.excluded}
    if forbidden:
        bare = bare.filter(lambda text: text.rstrip(" ") not in forbidden)
    return replace(narrowing, excluded=()).left_of(bare)


def binaries(kind: LargeBinary, narrowing: Narrowing, limit: int | None) -> SearchStrategy[bytes]:
    """Bytes of every value, including zero and invalid UTF-8."""
    longest = min(1_000, *_bounds(kind.length, narrowing.longest, limit))
    if narrowing.shortest > longest:
        return st.nothing()
    usual = min(longest, max(_LONG, narrowing.shortest))
    return st.binary(min_size=narrowing.shortest, max_size=usual)


def hosts(_: Any, narrowing: Narrowing, __: int | None) -> SearchStrategy[str]:
    """`inet`: an address, with the length of its network unless the network is one address."""
    return narrowing.left_of(made(str, st.ip_addresses(v=4)) | st.sampled_from(_HOSTS))


def networks(_: Any, narrowing: Narrowing, __: int | None) -> SearchStrategy[str]:
    """`cidr`: a network; all bits after its length are zero."""
    whole = made("{}/32".format, st.ip_addresses(v=4))
    return narrowing.left_of(whole | st.sampled_from(_NETWORKS))


def hardware_addresses(kind: Any, narrowing: Narrowing, _: int | None) -> SearchStrategy[str]:
    """`macaddr` and `macaddr8`: six or eight bytes."""
    length = 8 if isinstance(kind, pg.MACADDR8) else 6
    found = st.binary(min_size=length, max_size=length)
    return narrowing.left_of(made(lambda item: item.hex(":"), found))


def bits(kind: Any, narrowing: Narrowing, _: int | None) -> SearchStrategy[str]:
    """`bit(n)` has n bits, `bit varying(n)` at most n."""
    longest = kind.length or (_MOST_BITS if kind.varying else 1)
    shortest = 0 if kind.varying else longest
    return narrowing.left_of(st.text("01", min_size=shortest, max_size=longest))


def lexemes(_: Any, narrowing: Narrowing, __: int | None) -> SearchStrategy[str]:
    """`tsvector`: words in PostgreSQL's order, some with positions."""
    words = st.dictionaries(st.sampled_from(_WORDS), st.sampled_from(["", ":1", ":2A,3"]))
    return narrowing.left_of(
        made(
            lambda found: " ".join(f"'{word}'{found[word]}" for word in sorted(found, key=_bytes)),
            words,
        )
    )


def _bytes(word: str) -> bytes:
    return word.encode()
