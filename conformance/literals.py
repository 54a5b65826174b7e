"""Texts of a database as code that nothing else can come out of: in Python, and in SQLAlchemy."""

from __future__ import annotations

import json
import re

from sqlalchemy.sql.compiler import BIND_PARAMS, BIND_PARAMS_ESC

#: A quote that another one follows, or that is the last character.
_QUOTE = re.compile(r'"(?="|\Z)')


def quoted(text: str) -> str:
    """A Python literal on one line; what cannot be seen is an escape."""
    return _seen(json.dumps(text, ensure_ascii=False))


def triple_quoted(text: str) -> str:
    """A Python literal with the lines of the text; it must not be indented."""
    lines = _QUOTE.sub(r"\"", text.replace("\\", "\\\\")).split("\n")
    return '"""{}"""'.format("\n".join(map(_seen, lines)))


def on_one_line(text: str) -> str:
    """The words of the text, for a comment."""
    return _seen(" ".join(text.split()))


def for_sqlalchemy(sql: str) -> str:
    r"""The SQL as SQLAlchemy's text() takes it: `\:` where it would take a word for a parameter."""
    found = {match.start() for match in BIND_PARAMS.finditer(sql)}
    found |= {match.start(1) for match in BIND_PARAMS_ESC.finditer(sql)}
    return "".join(f"\\{letter}" if at in found else letter for at, letter in enumerate(sql))


def _seen(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
