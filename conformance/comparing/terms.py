"""One spelling of expressions that PostgreSQL printed and that mean the same in several.

The sides of a comparison and the terms of AND and OR have one order: `(0 <= days)` is
`(days >= 0)`, and `((b) AND (a))` is `((a) AND (b))`. PostgreSQL does not promise to look at the
terms of AND and OR from left to right (documentation, "Expression Evaluation Rules"). Each of its
comparisons has a commutator (documentation, "Operator Optimization Information"). Alternatives are
a list: `((side = 'buy'::text) OR (side = 'sell'::text))` is `(side = ANY ('{sell,buy}'::text[]))`.
In a comparison `0.0` is `0`; elsewhere it is not, because a numeric shows its zeros.

The words of SQL are calls: `(a AT TIME ZONE b)` is `timezone(b, a)`, `TRIM(BOTH FROM a)` is
`btrim(a)` (documentation, "AT TIME ZONE and AT LOCAL", "String Functions and Operators").
PostgreSQL before 14 stored the calls, and before 10 `('now'::text)::date` for CURRENT_DATE. A
database that was restored from such a server's dump still has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_STRING = r"'(?:[^']|'')*'"
_QUOTED = r'"(?:[^"]|"")*"'
_FIELD = "(?:year|month|day|hour|minute|second)"
#: What is the same in other words, outside of texts and quoted names.
_SAME = re.compile(
    rf"""(?P<length>{_STRING}::interval)(?:\ {_FIELD}(?:\ to\ {_FIELD})?)?(?:\(\d\))?
       | \((?:'now'::cstring|now\(\)|CURRENT_TIMESTAMP|transaction_timestamp\(\))\)
         ::(?P<now>date|time(?:stamp)?\ with(?:out)?\ time\ zone)
       | {_STRING} | {_QUOTED}
       | (?P<word>\bCURRENT_TIMESTAMP\b(?!\() | \btransaction_timestamp\(\)
                | \b(?:CURRENT_ROLE|USER)\b(?!\())""",
    re.VERBOSE,
)
#: Source: PostgreSQL documentation, "Current Date/Time" and "System Information Functions".
_WORDS_OF_NOW = {
    "date": "CURRENT_DATE",
    "time with time zone": "CURRENT_TIME",
    "time without time zone": "LOCALTIME",
    "timestamp with time zone": "now()",
    "timestamp without time zone": "LOCALTIMESTAMP",
}

#: Both sides of such a sign can be exchanged; then the sign is another one, or the same.
_OPPOSITE = {
    " < ": " > ", " > ": " < ", " <= ": " >= ", " >= ": " <= ",
    " = ": " = ", " <> ": " <> ", " IS DISTINCT FROM ": " IS DISTINCT FROM ",
}  # fmt: skip
_ARITHMETIC = (" + ", " * ")
_WORDS = {" AND ", " OR ", " AT TIME ZONE ", *_OPPOSITE, *_ARITHMETIC}
#: Texts and quoted names, in which nothing is a sign; brackets; the words between terms, around
#: which PostgreSQL prints brackets; the words between the arguments of some functions.
_SIGN = re.compile(
    rf"{_STRING}|{_QUOTED}|[()]| IS DISTINCT FROM | AND | OR | AT TIME ZONE "
    r"| (?:<=|>=|<>|[<>=]) (?!ANY |ALL )| [+*] | FROM | FOR | IN | PLACING "
)
_EXACT = re.compile(
    r"(?P<bare>-?\d+(?:\.\d+)?)"
    r"|'(?P<text>-?\d+(?:\.\d+)?)'::(?:smallint|integer|bigint|numeric(?:\(\d+,\d+\))?)"
)
_LITERAL = rf"-?\d+(?:\.\d+)?|{_STRING}::[\w .,()\"]+"
_IS_LITERAL = re.compile(_LITERAL)
#: Literals to which `+` and `*` commute.
_COMMUTING = re.compile(rf"{_EXACT.pattern}|{_STRING}::(?:double precision|real|interval)")
_EQUALITY = re.compile(rf"\((?P<name>.*) (?P<sign>=|<>) (?P<value>{_LITERAL})\)", re.DOTALL)
_ARRAY = re.compile(
    r"\((?P<name>.*) (?P<sign>= ANY|<> ALL) \('\{(?P<items>(?:[^']|'')*)\}'"
    r"::(?P<kind>[^'()]+(?:\([\d,]+\))?)\[\]\)\)",
    re.DOTALL,
)
_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^",{}\\]+)', re.DOTALL)
_ITEMS = re.compile(rf"(?:{_ITEM.pattern})(?:,(?:{_ITEM.pattern}))*", re.DOTALL)
#: The word between equalities that a list says in one, and the sign of the list.
_LISTS = {(" OR ", "="): "= ANY", (" AND ", "<>"): "<> ALL"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TRIMMED = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}
_CALLED = re.compile(r"\b(TRIM|SUBSTRING|POSITION|OVERLAY|time_bucket)$")


def normal(expression: str) -> str:
    """An expression that PostgreSQL printed, without differences that have no meaning."""
    pieces: list[list[str]] = [[]]
    text, begin = _SAME.sub(_same, expression), 0
    for sign in _SIGN.finditer(text):
        pieces[-1].append(text[begin : sign.start()])
        begin = sign.end()
        if sign[0] == "(":
            pieces.append([])
        elif sign[0] == ")" and len(pieces) > 1:
            inner, before = pieces.pop(), pieces[-1].pop()
            pieces[-1].append(_call(before, inner) or before + _bracket(inner))
        else:
            pieces[-1].append(sign[0])
    pieces[-1].append(text[begin:])
    return "(".join("".join(level) for level in pieces)


def _same(match: re.Match[str]) -> str:
    if match["length"]:
        # The value has lost what the fields do not have.
        return match["length"]
    if match["now"]:
        return _WORDS_OF_NOW[match["now"]]
    if match["word"]:
        return "CURRENT_USER" if match["word"] in ("CURRENT_ROLE", "USER") else "now()"
    return match[0]


def _split(pieces: Sequence[str], words: Collection[str]) -> list[str]:
    """The terms between the words."""
    terms = [""]
    for piece in pieces:
        if piece in words:
            terms.append("")
        else:
            terms[-1] += piece
    return terms


def _bracket(pieces: Sequence[str]) -> str:
    words = {piece for piece in pieces if piece in _WORDS}
    if len(words) != 1:
        return _array(f"({''.join(pieces)})")
    (word,) = words
    terms = _split(pieces, words)
    if word in (" AND ", " OR "):
        return _list(word, terms) or f"({word.join(sorted(terms))})"
    if len(terms) > 2:  # noqa: PLR2004 - the sign has two sides
        return f"({word.join(terms)})"
    left, right = terms
    if word == " AT TIME ZONE ":
        return f"timezone({right}, {left})"
    return _comparison(left, word, right) if word in _OPPOSITE else _arithmetic(left, word, right)


def _comparison(left: str, sign: str, right: str) -> str:
    """A literal comes last; else the sides are in the order of the alphabet."""
    left, right = _exact(left), _exact(right)
    if (_is_literal(left), left) > (_is_literal(right), right):
        left, sign, right = right, _OPPOSITE[sign], left
    return f"({left}{sign}{right})"


def _arithmetic(left: str, sign: str, right: str) -> str:
    """A number or an interval comes last."""
    if _COMMUTING.fullmatch(left) and not _COMMUTING.fullmatch(right):
        left, right = right, left
    return f"({left}{sign}{right})"


def _is_literal(term: str) -> bool:
    return _IS_LITERAL.fullmatch(term) is not None


def _exact(term: str) -> str:
    """The value alone of an exact number, which decides what it is equal to."""
    match = _EXACT.fullmatch(term)
    return term if match is None else without_zeros(match["bare"] or match["text"])


def without_zeros(number: str) -> str:
    """`1.5` for `1.50`, `0` for `0.0`."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def _list(word: str, terms: Sequence[str]) -> str | None:
    """Equalities of one name as the list that PostgreSQL makes of IN; None: they are none."""
    found = [match for match in map(_EQUALITY.fullmatch, terms) if match is not None]
    of = {(match["name"], match["sign"]) for match in found}
    if len(found) < len(terms) or len(of) != 1:
        return None
    ((name, sign),) = of
    if (word, sign) not in _LISTS:
        return None
    return _listed(name, _LISTS[word, sign], (match["value"] for match in found))


def _array(bracket: str) -> str:
    """The bracket; if it is `(name = ANY ('{...}'::text[]))`, with its literals one by one."""
    match = _ARRAY.fullmatch(bracket)
    if match is None or _ITEMS.fullmatch(match["items"]) is None:
        return bracket
    # An array writes a NULL without quotes, and a backslash before what is no sign of its own.
    values = [
        "NULL"
        if item[2] == "NULL"
        else _exact("'{}'::{}".format(_ESCAPED.sub(r"\1", item[1] or item[2] or ""), match["kind"]))
        for item in _ITEM.finditer(match["items"])
    ]
    return _listed(match["name"], match["sign"], values)


def _listed(name: str, sign: str, values: Iterable[str]) -> str:
    several = sorted({*values})
    if len(several) == 1:
        return f"({name} {sign.partition(' ')[0]} {several[0]})"
    return f"({name} {sign} ({', '.join(several)}))"


def _call(before: str, inner: Sequence[str]) -> str | None:
    """The call that these words of SQL are; None: they are what they are."""
    match = _CALLED.search(before)
    if match is None:
        return None
    start = before[: match.start()]
    if match[1] == "time_bucket":
        return f"{before}({_width(inner)})"
    if match[1] == "TRIM":
        side, *of = _split(inner, (" FROM ",))
        side, _, characters = side.partition(" ")
        name = _TRIMMED.get(side)
        return name and f"{start}{name}({', '.join([*of, *filter(None, [characters])])})"
    if match[1] == "POSITION":
        of = [term[1:-1] for term in reversed(_split(inner, (" IN ",)))]
    else:
        of = _split(inner, (" FROM ", " FOR ", " PLACING "))
    return f'{start}"{match[1].lower()}"({", ".join(of)})' if len(of) > 1 else None


def _width(inner: Sequence[str]) -> str:
    """The arguments of time_bucket(); without a time zone `24 hours` are `1 day` to it.

    A width in months is always its own.
    """
    if len(inner) < 3 or not inner[2].startswith("::interval, "):  # noqa: PLR2004
        return "".join(inner)
    has_zone = any(piece.startswith("::text") for piece in inner[3:])
    if has_zone or re.search("mon|year", inner[1]):
        return "".join(inner)
    return "".join([f"'{Interval.parse(inner[1][1:-1]).plain()}'", *inner[2:]])
