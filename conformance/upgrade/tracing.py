"""What updating the extension locks and rebuilds, from looks before it and at its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.engines.connecting import connect
from conformance.gate.rehearsing.relations import Moment, RelationIndex, mode_of, observe
from conformance.upgrade.report import ExtensionUpdate, Rebuilt

if TYPE_CHECKING:
    from sqlalchemy import URL

    from conformance.upgrade.extension import Updated

_CATALOG = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.oid,
       pg_catalog.pg_relation_filenode(c.oid),
       -- Some tables of the catalog only a superuser may read.
       CASE WHEN NOT pg_catalog.has_table_privilege(c.oid, 'SELECT')
            THEN greatest(c.reltuples::bigint, 0) END
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_depend e ON e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND e.objid = c.oid AND e.deptype = 'e'
  JOIN pg_catalog.pg_extension x ON x.oid = e.refobjid AND x.extname = 'timescaledb'
 WHERE c.relkind = 'r'
 ORDER BY 1
"""
_WAL = "SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::bigint"
_EXCLUSIVE = "ACCESS EXCLUSIVE"
#: The schemas of TimescaleDB's own tables and views; chunks lie in the second one too.
_OWN = ("_timescaledb_", "timescaledb_")


@dataclass(frozen=True)
class Before:
    """The database before the update.

    Attributes:
        moment: tables, indexes and chunks of the project.
        catalog: oid, file and rows of each table of TimescaleDB's catalog, by name.
        wal: the position of the WAL, in bytes.
    """

    moment: Moment
    catalog: dict[str, tuple[int, int | None, int]]
    wal: int


def look(url: URL) -> Before:
    """Look before the update."""
    with connect(url) as connection:
        cursor: Any = connection.connection.cursor()
        moment = observe(cursor)
        cursor.execute(_CATALOG)
        catalog = {}
        for name, oid, file, rows in cursor.fetchall():
            if rows is None:
                cursor.execute(f"SELECT count(*) FROM {name}")
                (rows,) = cursor.fetchone()  # noqa: PLW2901 - the number that was not known
            catalog[name] = (oid, file, rows)
        cursor.execute(_WAL)
        (wal,) = cursor.fetchone()
        connection.rollback()
    return Before(replace(moment, locks=frozenset()), catalog, wal)


def traced(before: Before, updated: Updated) -> ExtensionUpdate:
    """What the update did."""
    index = RelationIndex(before.moment)
    held = frozenset((item.oid, mode_of(item.mode)) for item in updated.locks)
    after = replace(before.moment, locks=held)
    own = {
        item.oid
        for item in updated.locks
        if item.name is not None
        and item.oid not in before.moment.relations
        and item.name.startswith(_OWN)
        and item.kind in ("r", "v")
        and mode_of(item.mode) == _EXCLUSIVE
    }
    of_chunks = sum(item.of_chunks for item in index.entries(after))
    return ExtensionUpdate(
        updated.seconds,
        len(own),
        tuple(_rebuilt(before, updated)),
        tuple(lock for lock in index.locks(before.moment, after) if lock.blocks),
        len({item.oid for item in updated.locks}) - of_chunks,
        of_chunks,
        # A compressed chunk leads to its chunk.
        sum(whole not in before.moment.chunks for whole in before.moment.chunks.values()),
        updated.wal - before.wal,
    )


def _rebuilt(before: Before, updated: Updated) -> list[Rebuilt]:
    """Tables that have the name of an earlier one and another file."""
    found = {}
    for item in updated.locks:
        known = before.catalog.get(item.name or "")
        if known is not None and known[:2] != (item.oid, item.file):
            found[item.name or ""] = Rebuilt(item.name or "", known[2])
    return [found[name] for name in sorted(found)]
