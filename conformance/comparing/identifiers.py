"""Names as SQL needs them."""

from __future__ import annotations

import re

from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
#: SQLAlchemy's list lacks words of later PostgreSQL, and has some that may be names.
_RESERVED = RESERVED_WORDS - {"new", "off", "old"} | {
    "collation", "concurrently", "lateral", "system_user", "tablesample",
}  # fmt: skip


def identifier(name: str) -> str:
    """The name, quoted if PostgreSQL needs that."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return '"{}"'.format(name.replace('"', '""'))


def unquoted(text: str) -> str:
    """The name that is quoted; another text as it is."""
    match = _QUOTED.fullmatch(text)
    return text if match is None else match[1].replace('""', '"')
