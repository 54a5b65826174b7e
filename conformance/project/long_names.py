"""Names that PostgreSQL would cut.

PostgreSQL keeps 63 bytes of a name, without half a character, and cuts the rest with a notice
(PostgreSQL documentation, "Lexical Structure", NAMEDATALEN). Two names that begin alike are then
one. SQLAlchemy counts characters, and shortens only the names that a naming convention makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.sql.elements import _truncated_label

from conformance.declarations import tables_of, views_of
from conformance.errors import ModelsUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData, Table

#: The longest name in bytes, and what SQLAlchemy allows in characters.
LONGEST = 63


def refuse_long_names(metadata: MetaData) -> None:
    """Refuse metadata with a name that PostgreSQL would cut.

    Raises:
        ModelsUnavailable: there is such a name.
    """
    for table in (*tables_of(metadata), *views_of(metadata)):
        for kind, name in _names(table):
            if len(name.encode()) > LONGEST and not _is_shortened(name):
                of = "" if name == table.name else f" of {table.name}"
                raise ModelsUnavailable(
                    f"The name of {kind} {name}{of} has {len(name.encode())} bytes; PostgreSQL "
                    f"keeps {LONGEST} and cuts the rest.",
                    "Give it a shorter name in the models and in the database.",
                )


def _names(table: Table) -> Iterator[tuple[str, str]]:
    yield "table", table.name
    if table.schema is not None:
        yield "schema", table.schema
    yield from (("column", column.name) for column in table.columns)
    for kind, items in (("constraint", table.constraints), ("index", table.indexes)):
        yield from ((kind, item.name) for item in items if isinstance(item.name, str))


def _is_shortened(name: str) -> bool:
    """Whether SQLAlchemy shortens the name, in characters, to one that PostgreSQL keeps."""
    return isinstance(name, _truncated_label) and len(name) > LONGEST and name.isascii()
