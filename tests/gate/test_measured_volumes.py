"""What statements really take lies between the bounds that the gate estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from conformance.engines.connecting import connect
from conformance.gate.evidence.report import AffectedTable, RowWork
from conformance.gate.evidence.sizes import Size
from conformance.gate.on_copy.measuring import peak_of
from conformance.gate.rules.volumes import DISK, WAL, volumes
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
