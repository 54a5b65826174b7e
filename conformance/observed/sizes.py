"""How large the tables of a living database are, as its catalogs have it; no row is read.

Rows are those that PostgreSQL counted when it last analyzed a table, and TimescaleDB when it
compressed a chunk; of a table that was never analyzed the planner's estimate.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.observed.executables import Executables, executables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.observed.catalog import Scope

#: The name of the server among the tables.
SERVER = "(server)"
_BY_OID = text("""
SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute
                WHERE attrelid = pg_catalog.to_regclass('_timescaledb_catalog.chunk')::oid
                  AND attname = 'relid' AND NOT attisdropped)
""")
#: A chunk is known by its oid since 2.31, by its names before.
_CHUNK = {
    True: "c.relid::oid",
    False: "pg_catalog.to_regclass(pg_catalog.format('%I.%I', c.schema_name, c.table_name))::oid",
}
_PARTS = """
WITH RECURSIVE packed AS (
    SELECT {chunk} AS oid, z.numrows_pre_compression AS rows, z.numrows_post_compression AS batches,
           z.compressed_heap_size + z.compressed_toast_size + z.compressed_index_size AS bytes
      FROM _timescaledb_catalog.chunk c
      LEFT JOIN _timescaledb_catalog.compression_chunk_size z ON z.chunk_id = c.id
), part AS (
    SELECT c.oid AS root, c.oid FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY(:schemas) AND c.relname <> :version_table
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                          AND d.objid = c.oid AND d.deptype = 'e')
    UNION ALL
    SELECT p.root, i.inhrelid FROM part p JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid
)
SELECT n.nspname AS schema, r.relname AS name, k.oid IS NOT NULL AS chunk,
       pg_catalog.format('%I.%I', m.nspname, c.relname) AS relation,
       -- Planning a foreign table may connect to its server.
       CASE WHEN c.relkind IN ('p', 'f') THEN 0
            WHEN k.rows IS NOT NULL THEN k.rows
            WHEN c.reltuples >= 0::float4 THEN c.reltuples END::bigint AS rows,
       coalesce(k.batches, 0)::bigint AS batches,
       (pg_catalog.pg_total_relation_size(c.oid) + coalesce(k.bytes, 0))::bigint AS bytes
  FROM part p
  JOIN pg_catalog.pg_class r ON r.oid = p.root
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
  JOIN pg_catalog.pg_class c ON c.oid = p.oid
  JOIN pg_catalog.pg_namespace m ON m.oid = c.relnamespace
  LEFT JOIN packed k ON k.oid = c.oid
 ORDER BY 1, 2, 4
"""


_LIMITS = text("""
SELECT pg_catalog.current_setting('max_locks_per_transaction') AS max_locks_per_transaction,
       pg_catalog.current_setting('max_connections') AS max_connections,
       pg_catalog.current_setting('max_prepared_transactions') AS max_prepared_transactions,
       pg_catalog.current_setting('timescaledb.max_tuples_decompressed_per_dml_transaction', true)
         AS max_tuples_decompressed
""")


#: As the planner estimates it. Planning itself would execute what the predicates of indexes call.
#: Source: PostgreSQL's table_block_relation_estimate_size() and get_typavgwidth().
_BY_SIZE = text(
    """
SELECT pg_catalog.floor(
           pg_catalog.pg_relation_size(a.attrelid)::float8 / 8192::float8 * 8168::float8
           / (28 + pg_catalog.sum(CASE WHEN a.attlen > 0 THEN a.attlen::int4 ELSE 32 END))::float8)
  FROM pg_catalog.pg_attribute a
 WHERE a.attrelid = pg_catalog.to_regclass(:relation)::oid AND a.attnum > 0 AND NOT a.attisdropped
 GROUP BY a.attrelid
""".replace("::", "\\:\\:")
)


def table_sizes(connection: Connection, scope: Scope) -> dict[str, dict[str, int]]:
    """The `rows`, `bytes`, `chunks` and `batches` of each table, by its name.

    Batches are the rows of compressed chunks as they are stored, each of up to 1,000 rows.
    """
    by_oid = bool(connection.scalar(_BY_OID))
    estimate = _planned if executables(connection) == Executables() else _computed
    query = text(_PARTS.format(chunk=_CHUNK[by_oid]).replace("::", "\\:\\:"))
    looked_at = {"schemas": list(scope.schemas), "version_table": scope.version_table}
    found: dict[str, dict[str, int]] = defaultdict(
        lambda: {"rows": 0, "bytes": 0, "chunks": 0, "batches": 0}
    )
    for part in connection.execute(query, looked_at).all():
        size = found[scope.name(part.schema, part.name)]
        size["rows"] += estimate(connection, part.relation) if part.rows is None else part.rows
        size["bytes"] += part.bytes
        size["chunks"] += part.chunk
        size["batches"] += part.batches
    return dict(found)


def server_limits(connection: Connection) -> dict[str, int]:
    """The settings of the server that limit what fits, as `conformance gate` reads them."""
    found = connection.execute(_LIMITS).mappings().one()
    return {name: int(value) for name, value in found.items() if value is not None}


def _planned(connection: Connection, relation: str) -> int:
    """What the planner expects of a table that was never analyzed, by the size of its file."""
    plan = connection.exec_driver_sql(
        f"EXPLAIN (FORMAT JSON) SELECT FROM ONLY {relation}",
        # A % in the name is not a placeholder.
        execution_options={"no_parameters": True},
    )
    return int(plan.scalar_one()[0]["Plan"]["Plan Rows"])


def _computed(connection: Connection, relation: str) -> int:
    return int(connection.scalar(_BY_SIZE, {"relation": relation}) or 0)
