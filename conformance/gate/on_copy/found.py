"""What a copy was like before the rehearsal, so that it is left like that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.comparing.enumerating import first_of
from conformance.engines.connecting import connect
from conformance.errors import ConformanceError
from conformance.observed.traces import traces
from conformance.observed.version_table import applied_revisions

if TYPE_CHECKING:
    from collections import Counter

    from sqlalchemy import URL, Connection

_SEQUENCES = text("""
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'S' AND c.relpersistence <> 't'
   -- The server may ask of every relation, whatever the order of the conditions.
   AND CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT') END
 ORDER BY 1
""")
_NAMED = 3


@dataclass(frozen=True)
class Found:
    """The state of a copy, as far as its catalogs show it.

    Attributes:
        objects: what the catalogs hold.
        revisions: the revisions that Alembic recorded.
        sequences: the last value of each sequence, and whether it was drawn.
        bytes: the size of the database.
    """

    objects: Counter[str]
    revisions: tuple[str, ...]
    sequences: dict[str, tuple[int, bool]]
    bytes: int


def look(url: URL, version_table: str) -> Found:
    """Read the state; nothing is written."""
    with connect(url) as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # Names are spelt alike before and after, whatever search_path the role has.
        connection.exec_driver_sql("SET LOCAL search_path = pg_catalog")
        found = Found(
            traces(connection, version_table=version_table),
            applied_revisions(connection, version_table),
            _sequences(connection),
            _size(connection),
        )
        connection.rollback()
        return found


def bring_back(url: URL, before: Found, version_table: str) -> Found:
    """Set sequences back, which a rollback does not, and check that the copy is as found.

    Raises:
        ConformanceError: the copy is not as found.
    """
    with connect(url) as connection:
        for name, (value, drawn) in _sequences(connection).items():
            if before.sequences.get(name, (value, drawn)) != (value, drawn):
                _set_back(connection, name, *before.sequences[name])
        connection.commit()
    after = look(url, version_table)
    left = [*(after.objects - before.objects), *(before.objects - after.objects)]
    if left or after.revisions != before.revisions:
        what = first_of(left, _NAMED) or f"revision {', '.join(after.revisions)}"
        raise ConformanceError(
            f"The upgrade was rolled back, but the copy is not as found: {what}.",
            "Restore the copy again; the revision reaches out of its transaction.",
        )
    return after


def _sequences(connection: Connection) -> dict[str, tuple[int, bool]]:
    found = {}
    for name in connection.scalars(_SEQUENCES).all():
        row = connection.exec_driver_sql(
            f"SELECT last_value, is_called FROM {name}",
            # A % in the name is not a placeholder, nor is a colon.
            execution_options={"no_parameters": True},
        ).one()
        found[name] = (row.last_value, row.is_called)
    return found


def _set_back(connection: Connection, name: str, value: int, drawn: bool) -> None:
    try:
        with connection.begin_nested():
            connection.execute(
                text("SELECT pg_catalog.setval(CAST(:name AS regclass), :value, :drawn)"),
                {"name": name, "value": value, "drawn": drawn},
            )
    except DBAPIError:
        # A sequence of TimescaleDB's catalog, whose numbers only its owner sets.
        return


def _size(connection: Connection) -> int:
    return int(
        connection.scalar(text("SELECT pg_catalog.pg_database_size(pg_catalog.current_database())"))
        or 0
    )
