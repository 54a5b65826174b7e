"""Words of statements, and parts of the sentences that findings say of them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: So many differences are named in one sentence.
_NAMED = 4
_SHOWN = 100
_COMMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)", re.DOTALL)
_WORD = re.compile(r"[A-Z]+")


def listed(items: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return "; ".join(items[:_NAMED]) + more


def shortened(sql: str) -> str:
    """A statement on one line."""
    words = " ".join(sql.split())
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"


def first_words(sql: str) -> str:
    """A statement without the comments before it, on one line and in capitals."""
    while comment := _COMMENT.match(sql):
        sql = sql[comment.end() :]
    return " ".join(sql.upper().split())


def keyword(sql: str) -> str:
    """The first word of a statement, in capitals: `ALTER`."""
    word = _WORD.match(first_words(sql))
    return word[0] if word else ""


def capitalized(clause: str) -> str:
    """A clause as it begins a sentence; names in it keep their case."""
    return clause[:1].upper() + clause[1:]
