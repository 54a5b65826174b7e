"""The relations that a migration's session sees; chunks count as their hypertable.

The queries run on a cursor of that session, so that locks and counters are those of the migration.
The catalogs of PostgreSQL and TimescaleDB are left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.gate.evidence.report import (
    LOCK_MODES,
    AffectedTable,
    Decompressed,
    Lock,
    LockEntries,
    RowWork,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RELATIONS = """
SELECT c.oid, n.nspname, c.relname, c.relkind::text,
       -- That of a sequence, which ALTER SEQUENCE writes anew, has one row.
       CASE c.relkind WHEN 'S' THEN NULL ELSE pg_catalog.pg_relation_filenode(c.oid) END,
       coalesce(x.indrelid, owned.refobjid),
       pg_catalog.pg_stat_get_xact_tuples_returned(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_fetched(c.oid),
       pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
         + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
  LEFT JOIN pg_catalog.pg_depend owned
    ON c.relkind = 'S' AND owned.objid = c.oid AND owned.deptype IN ('a', 'i')
   AND owned.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND owned.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'i', 'I', 'S')
   AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
   AND (n.nspname NOT LIKE '\\_timescaledb\\_%' OR n.nspname = '_timescaledb_internal')
   AND c.relname NOT IN ('alembic_version', 'alembic_version_pkc')
   -- The parent of a hypertable's compressed chunks; it never has rows.
   AND c.relname NOT LIKE '\\_compressed\\_hypertable\\_%'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
"""

_LOCKS = """
SELECT relation, mode FROM pg_catalog.pg_locks
 -- The embedded engine has one session, and its locks have no process.
 WHERE (pid = pg_catalog.pg_backend_pid() OR pid IS NULL) AND locktype = 'relation' AND granted
   -- A serializable transaction notes what it reads; that blocks nobody.
   AND mode <> 'SIReadLock'
   AND database = (SELECT oid FROM pg_catalog.pg_database
                    WHERE datname = pg_catalog.current_database())
"""

_CHUNKS = """
SELECT pg_catalog.to_regclass(pg_catalog.format('%I.%I', chunk_schema, chunk_name))::oid,
       pg_catalog.to_regclass(pg_catalog.format('%I.%I', hypertable_schema, hypertable_name))::oid
  FROM timescaledb_information.chunks
"""

#: The chunk that a compressed chunk belongs to, in newer and in older catalogs of TimescaleDB.
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
#: The states of chunks. Since 2.31 the catalog has a chunk's oid, before that its name.
_STATES_SINCE = "SELECT relid::oid, status FROM _timescaledb_catalog.chunk"
_STATES_BEFORE = """
SELECT pg_catalog.to_regclass(pg_catalog.format('%I.%I', schema_name, table_name))::oid, status
  FROM _timescaledb_catalog.chunk
"""
#: Bits of a chunk's status: has compressed rows; also has uncompressed rows.
_COMPRESSED, _PARTLY = 1, 8
#: The columns of TimescaleDB's catalog, which differ between versions.
_CATALOG = """
SELECT c.relname, a.attname
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = '_timescaledb_catalog' AND NOT a.attisdropped
   AND c.relname IN ('hypertable', 'compression_settings', 'chunk')
"""

_INDEXES = ("i", "I")
_SEQUENCE, _MATERIALIZED = "S", "m"
_BLOCKS_ALL = len(LOCK_MODES) - 1
#: The weakest lock that blocks writes. For it and stronger ones nextval() of a sequence waits.
_BLOCKS_WRITES = LOCK_MODES.index("SHARE")


@dataclass(frozen=True)
class Relation:
    """A table, index or view.

    Attributes:
        name: qualified with the schema unless that is `public`.
        kind: `pg_class.relkind`.
        file: the filenode of the storage; None if the relation has no storage.
        table: the oid of the table, for an index or a sequence of a column.
        read: a counter of the rows that the session's scans returned.
        written: a counter of the rows that the session wrote.
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
    """A snapshot of all relations and of the locks that the session holds.

    Attributes:
        relations: the relations by oid.
        chunks: maps the oid of a chunk to its hypertable, and of a compressed chunk to its chunk.
        locks: pairs of oid and mode.
        states: the status bits of chunks in TimescaleDB's catalog, by oid.
    """

    relations: Mapping[int, Relation]
    chunks: Mapping[int, int]
    locks: frozenset[tuple[int, str]]
    states: Mapping[int, int] = field(default_factory=dict)


def observe(cursor: Any) -> Moment:
    """Take a snapshot.

    Args:
        cursor: a cursor of the session; its transaction must not have failed.
    """
    cursor.execute(_LOCKS)
    locks = frozenset((oid, mode_of(mode)) for oid, mode in cursor.fetchall())
    cursor.execute(_RELATIONS)
    relations = {}
    for oid, schema, name, *rest in cursor.fetchall():
        relations[oid] = Relation(oid, name if schema == "public" else f"{schema}.{name}", *rest)
    cursor.execute(_CATALOG)
    catalog = frozenset(cursor.fetchall())
    return Moment(relations, _chunks(cursor, catalog), locks, _states(cursor, catalog))


def _chunks(cursor: Any, catalog: frozenset[tuple[str, str]]) -> dict[int, int]:
    if ("hypertable", "id") not in catalog:
        return {}
    queries = [_CHUNKS]
    if ("compression_settings", "compress_relid") in catalog:
        queries.append(_COMPRESSED_SINCE)
    if ("chunk", "compressed_chunk_id") in catalog:
        queries.append(_COMPRESSED_BEFORE)
    return {part: whole for query in queries for part, whole in _pairs(cursor, query) if whole}


def _states(cursor: Any, catalog: frozenset[tuple[str, str]]) -> dict[int, int]:
    if ("chunk", "status") not in catalog:
        return {}
    return dict(_pairs(cursor, _STATES_SINCE if ("chunk", "relid") in catalog else _STATES_BEFORE))


def _pairs(cursor: Any, query: str) -> list[tuple[int, int]]:
    """The rows of the query whose relation still exists."""
    cursor.execute(query)
    return [(first, second) for first, second in cursor.fetchall() if first]


def mode_of(name: str) -> str:
    """Spell `AccessExclusiveLock` as the documentation does: `ACCESS EXCLUSIVE`."""
    words = name.removesuffix("Lock")
    return "".join(f" {letter}" if letter.isupper() else letter for letter in words).strip().upper()


class RelationIndex:
    """Names of oids, including dropped relations; counts chunks as their hypertable."""

    def __init__(self, existing: Moment) -> None:
        self._existing = frozenset(existing.relations)
        self._relations = dict(existing.relations)
        self._chunks = dict(existing.chunks)

    def add(self, moment: Moment) -> None:
        """Add the relations that were created since."""
        self._relations.update(moment.relations)
        self._chunks.update(moment.chunks)

    def locks(self, before: Moment, after: Moment) -> tuple[Lock, ...]:
        """The locks that were acquired in between or became stronger, strongest first.

        A lock on an index is included only if it blocks readers and the lock on its table does not.
        A lock on a sequence is included only if it blocks nextval(), and one on a materialized
        view, which nobody writes to, not if it blocks writes alone.
        """
        held, now = _strongest(before.locks), _strongest(after.locks)
        of_mode: dict[str, list[int]] = defaultdict(list)
        for oid, strength in now.items():
            relation = self._relations.get(oid)
            if strength > held.get(oid, -1) and not _is_needless(relation, strength, now):
                of_mode[LOCK_MODES[strength]].append(oid)
        return tuple(
            Lock(item.relation, item.existed, item.itself, item.chunks, mode)
            for mode in reversed(LOCK_MODES)
            for item in self.affected(of_mode[mode])
        )

    def affected(self, oids: Iterable[int]) -> tuple[AffectedTable, ...]:
        """The relations with these oids, sorted by name; indexes of chunks are left out."""
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
            AffectedTable(name, existed, bool(tables), len(chunks))
            for (name, existed), (tables, chunks) in sorted(whole.items())
        )

    def entries(self, moment: Moment) -> tuple[LockEntries, ...]:
        """The entries of the lock table that the session holds; indexes count as their table."""
        itself: dict[str, int] = defaultdict(int)
        of_chunks: dict[str, int] = defaultdict(int)
        chunks: dict[str, set[int]] = defaultdict(set)
        for oid in {oid for oid, _ in moment.locks if oid in self._relations}:
            table = self._relations[oid].table
            root, chunk = self._root(oid if table is None else table)
            name = self._relations[root].name if root in self._relations else ""
            if chunk is None:
                itself[name] += 1
            else:
                of_chunks[name] += 1
                chunks[name].add(chunk)
        return tuple(
            LockEntries(name, itself[name], of_chunks[name], len(chunks[name]))
            for name in sorted(itself.keys() | of_chunks.keys())
            if name
        )

    def rows(self, before: Moment, after: Moment) -> tuple[RowWork, ...]:
        """The rows that were read or written in between, by table."""
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        oids: dict[str, list[int]] = defaultdict(list)
        for oid, relation in after.relations.items():
            if relation.kind in (*_INDEXES, _SEQUENCE):
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
        # For a table with old and new chunks, the old chunks decide whether it existed.
        return tuple(
            RowWork(item.relation, item.existed, item.itself, item.chunks, *sums[name])
            for name in sorted(oids)
            for item in self.affected(oids[name])[-1:]
        )

    def partly_compressed(self, before: Moment, after: Moment) -> tuple[Decompressed, ...]:
        """Chunks that were fully compressed before and are partly compressed now."""
        packed: dict[str, int] = defaultdict(int)
        found = []
        for oid, state in before.states.items():
            if state & _COMPRESSED and not state & _PARTLY:
                packed[self._name(oid)] += 1
                if after.states.get(oid, 0) & _PARTLY:
                    found.append(oid)
        return tuple(
            Decompressed(
                item.relation, item.existed, item.itself, item.chunks, packed[item.relation]
            )
            for item in self.affected(found)
        )

    def _name(self, oid: int) -> str:
        root = self._relations.get(self._root(oid)[0])
        return root.name if root else ""

    def _root(self, oid: int) -> tuple[int, int | None]:
        """The table that a relation counts as, and its chunk; None for the table itself."""
        chunk = None
        # A compressed chunk leads to its chunk, which leads to its hypertable.
        while oid in self._chunks:
            chunk, oid = oid, self._chunks[oid]
        return oid, chunk


def _strongest(locks: Iterable[tuple[int, str]]) -> dict[int, int]:
    """The strength of the strongest lock on each relation."""
    found: dict[int, int] = {}
    for oid, mode in locks:
        found[oid] = max(found.get(oid, 0), LOCK_MODES.index(mode))
    return found


def _is_needless(relation: Relation | None, strength: int, held: Mapping[int, int]) -> bool:
    """Whether a lock on another relation than a table blocks nobody, or nobody more than others."""
    if relation is None:
        return False
    if relation.kind == _MATERIALIZED:
        return _BLOCKS_WRITES <= strength < _BLOCKS_ALL
    if relation.kind == _SEQUENCE and strength < _BLOCKS_WRITES:
        return True
    weak = relation.kind in _INDEXES and strength < _BLOCKS_ALL
    return weak or (relation.table is not None and held.get(relation.table) == _BLOCKS_ALL)


def rewritten(before: Moment, after: Moment) -> list[int]:
    """The oids of tables whose filenode changed."""
    return [
        oid
        for oid, relation in after.relations.items()
        if relation.kind not in _INDEXES
        and oid in before.relations
        and before.relations[oid].file != relation.file
    ]


def _increase(before: int, after: int) -> int:
    """The increase of a counter that the server may reset between two transactions."""
    return after - before if after >= before else after
