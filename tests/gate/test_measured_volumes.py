"""What statements really take lies between the bounds that the gate estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from conformance.engines.connecting import connect
from conformance.gate.evidence.report import AffectedTable, RowWork
from conformance.gate.evidence.sizes import Size
from conformance.gate.on_copy.measuring import peak_of
from conformance.gate.rules.room import DISK, WAL
from conformance.gate.rules.volumes import volumes
from tests.gate.rules.cases import statement

if TYPE_CHECKING:
    from conformance.engines.base import Engine

ROWS = 100_000
SHAPES = {
    "narrow": "CREATE TABLE t AS SELECT i AS a, i AS b FROM generate_series(1, :rows) i",
    "with a key": "CREATE TABLE t (a int PRIMARY KEY, b int);"
    "INSERT INTO t SELECT i, i FROM generate_series(1, :rows) i",
    "wide": "CREATE TABLE t AS SELECT i AS a, i AS b, repeat(md5(i::text), 8) AS c"
    " FROM generate_series(1, :rows) i",
}
READ = RowWork("t", existed=True, read=10)
WRITTEN = RowWork("t", existed=True, read=10, written=10)
STATEMENTS = (
    statement(
        1,
        "ALTER TABLE t ALTER COLUMN b TYPE bigint",
        rows=(READ,),
        rewrites=(AffectedTable("t", existed=True),),
    ),
    statement(1, "UPDATE t SET b = b + 1", rows=(WRITTEN,)),
    statement(1, "DELETE FROM t", rows=(WRITTEN,)),
    statement(1, "CREATE INDEX i ON t (b)", rows=(READ,)),
)


@pytest.mark.parametrize("traced", STATEMENTS, ids=lambda one: one.sql.partition(" ")[0])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_takes_no_more_and_no_less(server_engine: Engine, shape: str, traced) -> None:
    with server_engine.database() as url, connect(url, autocommit=True) as connection:
        for sql in SHAPES[shape].replace(":rows", str(ROWS)).split(";"):
            connection.execute(text(sql))
        # Each page that changes after a checkpoint is written to the WAL as a whole.
        for sql in ("VACUUM ANALYZE t", "CHECKPOINT"):
            connection.execute(text(sql))
        lsn = text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        database = text("SELECT pg_database_size(current_database())")
        size = connection.scalar(text("SELECT pg_total_relation_size('t')"))
        wal, disk = connection.scalar(lsn), connection.scalar(database)
        with peak_of(url) as peak:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(traced.sql)
            peak.see(connection.scalar(database))
        taken = {WAL: connection.scalar(lsn) - wal, DISK: peak.ever - disk}
        connection.exec_driver_sql("ROLLBACK")
    found = list(volumes([traced], {"t": 10}, {"t": Size(ROWS, size, 0, 0)}))
    assert found
    for estimate in found:
        # A table of wider numbers takes more room than before; the catalogs take some, too.
        more = 1.3 if estimate.what == DISK else 1.0
        assert estimate.low <= taken[estimate.what] <= more * estimate.high, estimate


PACKED = """
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE TABLE t (at timestamptz NOT NULL, id int NOT NULL, b int, c text);
SELECT create_hypertable('t', 'at');
INSERT INTO t SELECT timestamptz '2024-01-01' + i * interval '1 minute', i % 50, i, 'note'
  FROM generate_series(1, 100000) i;
ALTER TABLE t SET (timescaledb.compress, timescaledb.compress_segmentby = 'id');
SELECT compress_chunk(c) FROM show_chunks('t') c
"""
ALL = RowWork("t", existed=True, read=10, written=10)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET b = b + 1",
        "DELETE FROM t",
        "DELETE FROM t WHERE b > 0",
        "SELECT decompress_chunk(c) FROM show_chunks('t') c",
    ],
)
def test_so_do_compressed_rows(conformance_engine: Engine, sql: str) -> None:
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")
    now = text(
        "SELECT pg_database_size(current_database()),"
        " (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"
    )
    with conformance_engine.database() as url, connect(url, autocommit=True) as connection:
        for one in PACKED.split(";"):
            connection.execute(text(one))
        size = connection.scalar(text("SELECT hypertable_size('t')"))
        batches = connection.scalar(
            text(
                "SELECT sum(numrows_post_compression)"
                "  FROM _timescaledb_catalog.compression_chunk_size"
            )
        )
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(
            "SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0"
        )
        disk, wal = connection.execute(now).one()
        connection.exec_driver_sql(sql)
        after = connection.execute(now).one()
        connection.exec_driver_sql("ROLLBACK")
    taken = {DISK: after[0] - disk, WAL: after[1] - wal}
    sizes = {"t": Size(ROWS, size, 0, int(batches))}
    found = list(volumes([statement(1, sql, rows=(ALL,))], {"t": 10}, sizes))
    assert {item.what for item in found} == {DISK, WAL}
    for estimate in found:
        assert estimate.low <= taken[estimate.what] <= estimate.high, estimate


SOURCE = """
CREATE TABLE t (id int PRIMARY KEY, b int, c text, d jsonb);
INSERT INTO t SELECT i, mod(i, 100), md5(i::text),
       jsonb_build_object('a', i, 'tags', ARRAY['x', 'y'])
  FROM generate_series(1, 20000) i;
CREATE TABLE u (id int PRIMARY KEY, b int);
CREATE TABLE n AS SELECT i AS a FROM generate_series(1, 20000) i;
VACUUM ANALYZE;
CHECKPOINT
"""
MADE = RowWork("x", existed=False, written=10)


def made(sql: str, *, target: RowWork = MADE, source: str = "t"):
    return statement(1, sql, rows=(RowWork(source, existed=True, read=10), target))


@pytest.mark.parametrize(
    "traced",
    [
        made("CREATE TABLE x AS SELECT * FROM t"),
        made("CREATE TABLE x AS SELECT * FROM n", source="n"),
        made("SELECT id, c INTO x FROM t ORDER BY c"),
        made("CREATE MATERIALIZED VIEW x AS SELECT * FROM t"),
        made(
            "CREATE TABLE x AS SELECT b, count(*) FROM t GROUP BY b",
            target=RowWork("x", existed=False, written=5),
        ),
        made("CREATE TABLE x AS SELECT jsonb_agg(d) AS d FROM t",
             target=RowWork("x", existed=False, written=1)),
        made("INSERT INTO u SELECT id, b FROM t",
             target=RowWork("u", existed=True, written=10)),
        *(
            statement(1, sql, rows=(READ,))
            for sql in (
                "CREATE INDEX i ON t USING hash (c)",
                "CREATE INDEX i ON t USING hash (b)",
                "CREATE INDEX i ON t USING gin (d)",
                "CREATE INDEX i ON t USING gin (to_tsvector('simple', c))",
                "CREATE INDEX i ON t USING brin (id)",
                "CREATE INDEX i ON t USING brin (c) WITH (pages_per_range = 1)",
                "CREATE INDEX i ON t (b) WHERE b = 7",
                "ALTER TABLE t ADD EXCLUDE (id WITH =)",
            )
        ),
    ],
    ids=lambda one: one.sql,
)  # fmt: skip
def test_so_do_rows_made_from_others_and_indexes(conformance_engine: Engine, traced) -> None:
    now = text(
        "SELECT pg_database_size(current_database()),"
        " (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"
    )
    with conformance_engine.database() as url, connect(url, autocommit=True) as connection:
        for sql in SOURCE.split(";"):
            connection.exec_driver_sql(sql)
        bytes_of = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
        sizes = {
            name: Size(rows, connection.scalar(bytes_of, {"name": name}), 0, 0)
            for name, rows in {"t": 20_000, "n": 20_000, "u": 0}.items()
        }
        connection.exec_driver_sql("BEGIN")
        disk, wal = connection.execute(now).one()
        connection.exec_driver_sql(traced.sql)
        after = connection.execute(now).one()
        connection.exec_driver_sql("ROLLBACK")
    taken = {DISK: after[0] - disk, WAL: after[1] - wal}
    found = list(volumes([traced], {"t": 10, "n": 10, "u": 0}, sizes))
    assert {item.what for item in found} == {DISK, WAL}
    for estimate in found:
        # The catalogs take some, too.
        assert estimate.low <= taken[estimate.what] <= estimate.high + 100_000, estimate
