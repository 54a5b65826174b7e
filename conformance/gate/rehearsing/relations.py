"""The relations of a database as a migration's own session sees them, chunks with their hypertable.

Only plain SQL through a cursor of the session, so that locks and counters are those of the
migration. TimescaleDB's and PostgreSQL's own catalogs are left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.gate.evidence.report import LOCK_MODES, Lock, RowWork, Touched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RELATIONS = """
SELECT c.oid, n.nspname, c.relname, c.relkind::text, pg_catalog.pg_relation_filenode(c.oid),
       x.indrelid,
       pg_catalog.pg_stat_get_xact_tuples_returned(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_fetched(c.oid),
       pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'i', 'I')
   AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
   AND (n.nspname NOT LIKE '\\_timescaledb\\_%' OR n.nspname = '_timescaledb_internal')
   AND c.relname NOT IN ('alembic_version', 'alembic_version_pkc')
   -- What the compressed chunks of a hypertable belong to; it never has rows.
   AND c.relname NOT LIKE '\\_compressed\\_hypertable\\_%'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
"""

_LOCKS = """
SELECT relation, mode FROM pg_catalog.pg_locks
 -- The embedded engine has one session, and its locks have no process.
 WHERE (pid = pg_catalog.pg_backend_pid() OR pid IS NULL) AND locktype = 'relation' AND granted
   AND database = (SELECT oid FROM pg_catalog.pg_database
                    WHERE datname = pg_catalog.current_database())
"""

_CHUNKS = """
SELECT pg_catalog.to_regclass(pg_catalog.format('%I.%I', chunk_schema, chunk_name))::oid,
       pg_catalog.to_regclass(pg_catalog.format('%I.%I', hypertable_schema, hypertable_name))::oid
  FROM timescaledb_information.chunks
"""

#: Which chunk a compressed chunk belongs to: TimescaleDB's catalog has said it in two ways.
_COMPRESSED_SINCE = """
SELECT compress_relid::oid, relid::oid FROM _timescaledb_catalog.compression_settings
 WHERE compress_relid IS NOT NULL
"""
_COMPRESSED_BEFORE = """
SELECT pg_catalog.to_regclass(pg_catalog.format('%I.%I', z.schema_name, z.table_name))::oid,
       pg_catalog.to_regclass(pg_catalog.format('%I.%I', c.schema_name, c.table_name))::oid
  FROM _timescaledb_catalog.chunk c
  JOIN _timescaledb_catalog.chunk z ON z.id = c.compressed_chunk_id
"""
#: Without parameters, which each driver writes in its own way.
_HAS = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute
                WHERE attrelid = pg_catalog.to_regclass('_timescaledb_catalog.{table}')
                  AND attname = '{column}' AND NOT attisdropped)
"""

_INDEXES = ("i", "I")
_BLOCKS_ALL = len(LOCK_MODES) - 1


@dataclass(frozen=True)
class Relation:
    """A table, an index, a view.

    Attributes:
        name: with its schema unless that is `public`.
        kind: as in `pg_class.relkind`.
        file: the number of its storage; None where it has none.
        table: the table that it is an index of.
        read: rows that the session's scans returned, a counter.
        written: rows that the session wrote, a counter.
    """

    oid: int
    name: str
    kind: str
    file: int | None
    table: int | None
    read: int
    written: int


@dataclass(frozen=True)
class Moment:
    """All relations, and the locks that the session holds, at one moment.

    Attributes:
        relations: by oid.
        chunks: from the oid of a chunk, or of what holds compressed rows, to its hypertable or
            to the chunk that it belongs to.
        locks: pairs of oid and mode.
    """

    relations: Mapping[int, Relation]
    chunks: Mapping[int, int]
    locks: frozenset[tuple[int, str]]


def observe(cursor: Any) -> Moment:
    """What there is now.

    Args:
        cursor: of the session, whose transaction must not have failed.
    """
    cursor.execute(_LOCKS)
    locks = frozenset((oid, _mode(mode)) for oid, mode in cursor.fetchall())
    cursor.execute(_RELATIONS)
    relations = {}
    for oid, schema, name, *rest in cursor.fetchall():
        relations[oid] = Relation(oid, name if schema == "public" else f"{schema}.{name}", *rest)
    return Moment(relations, _chunks(cursor), locks)


def _chunks(cursor: Any) -> dict[int, int]:
    if not _has(cursor, "hypertable", "id"):
        return {}
    queries = [_CHUNKS]
    if _has(cursor, "compression_settings", "compress_relid"):
        queries.append(_COMPRESSED_SINCE)
    if _has(cursor, "chunk", "compressed_chunk_id"):
        queries.append(_COMPRESSED_BEFORE)
    found: dict[int, int] = {}
    for query in queries:
        cursor.execute(query)
        found.update({part: whole for part, whole in cursor.fetchall() if part and whole})
    return found


def _has(cursor: Any, table: str, column: str) -> bool:
    cursor.execute(_HAS.format(table=table, column=column))
    return bool(cursor.fetchone()[0])


def _mode(name: str) -> str:
    """`AccessExclusiveLock` as the documentation writes it, `ACCESS EXCLUSIVE`."""
    words = name.removesuffix("Lock")
    return "".join(f" {letter}" if letter.isupper() else letter for letter in words).strip().upper()


class Folding:
    """Names for oids, also of what is gone by now, and chunks counted with their hypertable."""

    def __init__(self, existing: Moment) -> None:
        self._existing = frozenset(existing.relations)
        self._relations = dict(existing.relations)
        self._chunks = dict(existing.chunks)

    def learn(self, moment: Moment) -> None:
        """Know what has been made since."""
        self._relations.update(moment.relations)
        self._chunks.update(moment.chunks)

    def locks(self, before: Moment, after: Moment) -> tuple[Lock, ...]:
        """The locks that are stronger than those held before, strongest first.

        A lock on an index counts where it blocks readers and the lock on its table does not.
        """
        held, now = _strongest(before.locks), _strongest(after.locks)
        of_mode: dict[str, list[int]] = defaultdict(list)
        for oid, strength in now.items():
            relation = self._relations.get(oid)
            table = None if relation is None else relation.table
            needless = table and (strength < _BLOCKS_ALL or now.get(table) == _BLOCKS_ALL)
            if strength > held.get(oid, -1) and not needless:
                of_mode[LOCK_MODES[strength]].append(oid)
        return tuple(
            Lock(item.relation, item.existed, item.itself, item.chunks, mode)
            for mode in reversed(LOCK_MODES)
            for item in self.touched(of_mode[mode])
        )

    def touched(self, oids: Iterable[int]) -> tuple[Touched, ...]:
        """The relations, by name; indexes of chunks are left out."""
        whole: dict[tuple[str, bool], tuple[set[int], set[int]]] = defaultdict(
            lambda: (set(), set())
        )
        for oid in oids:
            relation = self._relations.get(oid)
            if relation is None or (relation.table is not None and relation.table in self._chunks):
                continue
            root, chunk = self._root(oid)
            if root not in self._relations:
                continue
            tables, chunks = whole[self._relations[root].name, oid in self._existing]
            if chunk is None:
                tables.add(oid)
            else:
                chunks.add(chunk)
        return tuple(
            Touched(name, existed, bool(tables), len(chunks))
            for (name, existed), (tables, chunks) in sorted(whole.items())
        )

    def rows(self, before: Moment, after: Moment) -> tuple[RowWork, ...]:
        """The rows of tables that were gone through in between."""
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        oids: dict[str, list[int]] = defaultdict(list)
        for oid, relation in after.relations.items():
            if relation.kind in _INDEXES:
                continue
            earlier = before.relations.get(oid)
            read = _increase(earlier.read if earlier else 0, relation.read)
            written = _increase(earlier.written if earlier else 0, relation.written)
            if not (read or written):
                continue
            root = self._relations[self._root(oid)[0]].name
            oids[root].append(oid)
            sums[root][0] += read
            sums[root][1] += written
        # Of a table with old and new chunks the old ones tell.
        return tuple(
            RowWork(item.relation, item.existed, item.itself, item.chunks, *sums[name])
            for name in sorted(oids)
            for item in self.touched(oids[name])[-1:]
        )

    def _root(self, oid: int) -> tuple[int, int | None]:
        """The table that counts, and the chunk; None for the table itself."""
        chunk = None
        # What holds compressed rows leads to its chunk, that to its hypertable.
        while oid in self._chunks:
            chunk, oid = oid, self._chunks[oid]
        return oid, chunk


def _strongest(locks: Iterable[tuple[int, str]]) -> dict[int, int]:
    """The strength of the strongest lock on each relation."""
    found: dict[int, int] = {}
    for oid, mode in locks:
        found[oid] = max(found.get(oid, 0), LOCK_MODES.index(mode))
    return found


def rewritten(before: Moment, after: Moment) -> list[int]:
    """Tables whose storage is another file than before."""
    return [
        oid
        for oid, relation in after.relations.items()
        if relation.kind not in _INDEXES
        and oid in before.relations
        and before.relations[oid].file != relation.file
    ]


def _increase(before: int, after: int) -> int:
    """Of a counter that the server may set back to nothing between two transactions."""
    return after - before if after >= before else after
