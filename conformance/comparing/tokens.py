"""Split SQL into tokens: names, texts and signs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: The name that it is, unquoted, or None; and as it was written.
    Token = tuple[str | None, str]

#: Texts and comments, in which nothing is a name; names; everything else letter by letter.
_TOKEN = re.compile(
    r"""(?P<other> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
                 | --[^\n]* | /\*.*?\*/ | \d[\w.]* | :: )
      | (?P<name> "(?:[^"]|"")+" | [^\W\d][\w$]* )
      | (?P<sign> . )""",
    re.DOTALL | re.VERBOSE,
)


def tokens_of(sql: str) -> Iterator[Token]:
    """Each part of the text; together they are the text."""
    for match in _TOKEN.finditer(sql):
        written = match[0]
        yield (None if match["name"] is None else _unquoted(written)), written


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def quoted(name: str) -> str:
    """The name as SQL takes it."""
    return '"{}"'.format(name.replace('"', '""'))


class Relation(Protocol):
    """A table of SQLAlchemy, as far as its name goes."""

    schema: Any
    name: Any


def quoted_table(table: Relation) -> str:
    """The name of the table as SQL takes it, with its schema if it has one.

    SQLAlchemy's own quoting doubles each percent sign, for statements with parameters.
    """
    return ".".join(quoted(name) for name in (table.schema, table.name) if name)
