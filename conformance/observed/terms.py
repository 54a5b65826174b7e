"""One order of the terms of an expression that PostgreSQL printed: they mean the same in any.

`(0 <= days)` is `(days >= 0)`, `((b) AND (a))` is `((a) AND (b))`, and `((side = 'buy'::text) OR
(side = 'sell'::text))` is `(side = ANY ('{buy,sell}'::text[]))`. PostgreSQL does not promise to
look at the terms of AND and OR from left to right (documentation, "Expression Evaluation Rules").
`(a AT TIME ZONE b)` is `timezone(b, a)` (documentation, "AT TIME ZONE and AT LOCAL").
"""

from __future__ import annotations

import re

#: Texts and quoted names, in which nothing is a sign; brackets; the words between terms.
_SIGN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]| AND | OR | AT TIME ZONE """)
#: The words between terms; PostgreSQL prints brackets around the two terms of the last one.
_WORDS = (" AND ", " OR ", " AT TIME ZONE ")
_LITERAL = r"-?\d+(?:\.\d+)?|'(?:[^']|'')*'::[a-z][a-z ]*"
_PART = r'(?:\w+|"(?:[^"]|"")+")'
_NAME = rf"(?:{_PART}\.)?{_PART}"
_FLIPPED = re.compile(rf"\(({_LITERAL}) (<=|>=|<>|<|>|=) ({_NAME})\)")
_OPPOSITE = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
#: A comparison with a text that an array shows without quotes.
_EQUALITY = re.compile(rf"\(({_NAME}) (=|<>) '([\w.-]+)'::([a-z][a-z ]*)\)")
#: The word between equalities that a list says in one, and the list.
_LISTS = {(" OR ", "="): "= ANY", (" AND ", "<>"): "<> ALL"}


def in_one_order(expression: str) -> str:
    """The expression with its terms in the order of the alphabet, also within its brackets."""
    text = _FLIPPED.sub(lambda m: f"({m[3]} {_OPPOSITE.get(m[2], m[2])} {m[1]})", expression)
    return _ordered(text) if any(word in text for word in _WORDS) else text


def _ordered(text: str) -> str:
    """The text, whose brackets are ordered each by itself, the innermost first."""
    pieces: list[list[str]] = [[]]
    begin = 0
    for sign in _SIGN.finditer(text):
        pieces[-1].append(text[begin : sign.start()])
        begin = sign.end()
        if sign[0] == "(":
            pieces.append([])
        elif sign[0] == ")" and len(pieces) > 1:
            inner = pieces.pop()
            pieces[-1].append(_bracket(inner))
        else:
            pieces[-1].append(sign[0])
    pieces[-1].append(text[begin:])
    return "(".join("".join(level) for level in pieces)


def _bracket(pieces: list[str]) -> str:
    words = {piece for piece in pieces if piece in _WORDS}
    if len(words) != 1:
        return f"({''.join(pieces)})"
    (word,) = words
    terms = [""]
    for piece in pieces:
        if piece == word:
            terms.append("")
        else:
            terms[-1] += piece
    if word == " AT TIME ZONE ":
        return f"timezone({', '.join(reversed(terms))})"
    return _list(word, terms) or f"({word.join(sorted(terms))})"


def _list(word: str, terms: list[str]) -> str | None:
    """Equalities of one name as the list that PostgreSQL makes of IN; None: they are none."""
    found = [_EQUALITY.fullmatch(term) for term in terms]
    of = {(match[1], match[2], match[4]) for match in found if match is not None}
    if None in found or len(of) != 1:
        return None
    ((name, sign, kind),) = of
    if (word, sign) not in _LISTS:
        return None
    values = ",".join(match[3] for match in found if match is not None)
    return f"({name} {_LISTS[word, sign]} ('{{{values}}}'::{kind}[]))"
