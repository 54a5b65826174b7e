"""The text of statements, and parts of findings' sentences. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.enumerating import first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The number of differences that one sentence names.
_NAMED = 4
_SHOWN = 100
_COMMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)", re.DOTALL)
_WORD = re.compile(r"[A-Z]+")


def listed(items: Sequence[str]) -> str:
    """The first few items and the number of the others."""
    return first_of(items, _NAMED, "; ")


def shortened(sql: str) -> str:
    """A statement on one line."""
    words = " ".join(sql.split())
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"


def without_comments(sql: str) -> str:
    """A statement without leading comments."""
    while comment := _COMMENT.match(sql):
        sql = sql[comment.end() :]
    return sql


def first_words(sql: str) -> str:
    """A statement without leading comments, on one line and in capitals."""
    return " ".join(without_comments(sql).upper().split())


def keyword(sql: str) -> str:
    """The first word of a statement, in capitals: `ALTER`."""
    word = _WORD.match(first_words(sql))
    return word[0] if word else ""


def capitalized(clause: str) -> str:
    """A clause with a capital first letter; names in it keep their case."""
    return clause[:1].upper() + clause[1:]
