"""The names that PostgreSQL gives to unnamed objects."""

from __future__ import annotations

#: PostgreSQL truncates identifiers to this many bytes (NAMEDATALEN - 1).
_IDENTIFIER_BYTES = 63


def default_name(table: str, columns: str, suffix: str) -> str:
    """The name that PostgreSQL gives to an unnamed index or constraint.

    Source: PostgreSQL, makeObjectName: the longer of table and columns is cut until all fits.
    """
    room = _IDENTIFIER_BYTES - len(suffix) - (2 if columns else 1)
    first, second = table.encode(), columns.encode()
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    parts = [part.decode(errors="ignore") for part in (first, second)]
    return "_".join([*filter(None, parts), suffix])
