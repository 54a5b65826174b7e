"""Clauses of a query that a plan does not show, and that are therefore compared as text.

EXPLAIN does not print the number of LIMIT, the rows of VALUES, the columns of DISTINCT ON, the
COLLATE of a column and (before PostgreSQL 18) the window of a window function. Of a row of NULLs in
place of a relation it does not print ONLY either, which leaves out the children, partitions and
chunks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.comparing.tokens import Token

#: Reserved words that begin such a clause, and those that end one.
_BEGIN = {"limit", "offset", "fetch", "over", "window", "values", "distinct"}
_END = _BEGIN | {
    "for", "union", "intersect", "except", "order", "group", "having", "where", "from", "select",
}  # fmt: skip
#: Clauses that may consist of plain numbers and texts, which can be compared.
_OF_VALUES = {"limit", "offset", "fetch", "values"}
_NO_MATTER = {"asc", "first", "next", "row", "rows", "only", "all"}
_PLAIN = re.compile(r"-?\d[\w.]*|'.*'|null|true|false", re.DOTALL)
_QUOTED_NUMBER = re.compile(r"'(-?\d+(?:\.\d+)?)'")


def hidden_clauses(sql: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The clauses that a plan does not show, in a uniform spelling.

    Returns:
        The clauses of plain numbers and texts, which differ if their text differs; and the other
        clauses, which may mean the same although their text differs.
    """
    tokens = [token for token in tokens_of(sql) if not _is_blank(token[1])]
    plain: list[str] = []
    spelled: list[str] = []
    for place, (name, written) in enumerate(tokens):
        if name == "only" and written != '"only"' and tokens[place - 1][0] not in ("row", "rows"):
            plain.append(f"only {_object(tokens[place + 1 :])}")
        if name in _BEGIN and not written.startswith('"'):
            words = _with_signs(list(_words(name, tokens[place + 1 :])))
            if name == "distinct" and words[:1] != ["on"]:
                continue
            if name not in _OF_VALUES or not all(map(_PLAIN.fullmatch, words)):
                spelled.append(" ".join([name, *words]))
            elif words:
                plain.append(" ".join([name.replace("fetch", "limit"), *words]))
    plain += collations(sql)
    return tuple(sorted(plain)), tuple(sorted(spelled))


def collations(sql: str) -> list[str]:
    """`collate C` for each COLLATE, without the schema of the collation, in one order."""
    if "collate" not in sql.lower():
        return []
    tokens = [token for token in tokens_of(sql) if not _is_blank(token[1])]
    return sorted(
        f"collate {_object(tokens[place + 1 :])}"
        for place, (name, written) in enumerate(tokens)
        if name == "collate" and written != '"collate"'
    )


def _object(tokens: Sequence[Token]) -> str | None:
    """The name after ONLY or COLLATE, without its schema and brackets."""
    bare = [token for token in tokens[:4] if token[1] != "("]
    is_qualified = [written for _, written in bare[1:2]] == ["."]
    return next((name for name, _ in bare[2 if is_qualified else 0 :]), None)


def _with_signs(words: list[str]) -> list[str]:
    """`-`, `2` -> `-2`."""
    return " ".join(words).replace("- ", "-").split(" ") if "-" in words else words


def _is_blank(written: str) -> bool:
    return written.isspace() or written.startswith(("--", "/*"))


def _words(clause: str, tokens: Sequence[Token]) -> Iterator[str]:
    """The words of the clause, without brackets, casts and qualifiers."""
    depth, place = 0, 0
    while place < len(tokens):
        name, written = tokens[place]
        depth += (written == "(") - (written == ")")
        if depth < 0 or (depth == 0 and name in _END):
            return
        if written == "::":
            place = _after_type(tokens, place + 1)
            continue
        if not _is_left_out(clause, tokens, place):
            yield _QUOTED_NUMBER.sub(r"\1", written) if name is None else name
        if depth == 0 and clause in ("over", "distinct") and (written == ")" or name != "on"):
            return
        place += 1


def _is_left_out(clause: str, tokens: Sequence[Token], place: int) -> bool:
    name, written = tokens[place]
    is_qualifier = name is not None and tokens[place + 1 : place + 2] == [(None, ".")]
    no_matter = name in _NO_MATTER and not (clause in ("over", "window") and name != "asc")
    return is_qualifier or no_matter or written in ("(", ")", ".", ",", ";")


def _after_type(tokens: Sequence[Token], place: int) -> int:
    """The position after the name of a type: `character varying(10)[]`."""
    while place < len(tokens) and _is_of_type(*tokens[place]):
        place += 1
    has_length = [written for _, written in tokens[place : place + 3]][::2] == ["(", ")"]
    return place + 3 if has_length else place


def _is_of_type(name: str | None, written: str) -> bool:
    return written in ("[", "]") or (name is not None and name not in _END)
