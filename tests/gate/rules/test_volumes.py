"""The disk and the WAL of statements at the sizes of a real database, and its server's limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.gate.evidence.report import AffectedTable, Decompressed, LockEntries, RowWork
from conformance.gate.evidence.sizes import DEFAULT_LIMITS, Limits, Size, sizes_of
from conformance.gate.rules.room import DISK, WAL
from conformance.gate.rules.sizes import estimates, judge_sizes
from conformance.gate.rules.volumes import not_estimated, volumes
from conformance.reports.gate.estimates import told

from .cases import lock, statement

SIZES = {"t": Size(rows=1_000_000, bytes=400_000_000, chunks=100, batches=0)}
HERE = {"t": 40}
REWRITE = statement(
    1, "ALTER TABLE t ALTER a TYPE bigint", rewrites=(AffectedTable("t", existed=True, chunks=4),),
    rows=(RowWork("t", existed=True, read=40, written=40),), transaction=1,
)  # fmt: skip
UPDATE = statement(2, "UPDATE t SET a = 1", rows=(RowWork("t", existed=True, read=40, written=10),))
INDEX = statement(3, "CREATE INDEX i ON t (a)", rows=(RowWork("t", existed=True, read=40),))

BRIN = replace(INDEX, sql="CREATE INDEX i ON t USING brin (a)")


def scaled(*statements, sizes=SIZES):
    return [(item.what, item.low, item.high) for item in volumes(statements, HERE, sizes)]


def test_a_rewrite_needs_the_table_once_more_and_as_much_wal():
    assert scaled(REWRITE) == [
        (DISK, 400_000_000, 400_000_000),
        (WAL, 400_000_000, 700_000_000),
    ]
    disk, wal = volumes([REWRITE], HERE, SIZES)
    assert told(disk) == "statement 1, t: 400 MB of free disk"
    assert disk.arithmetic == (
        "t and its indexes have 400 MB, and exist twice until the transaction ends: 800 MB"
    )
    assert told(wal) == "statement 1, t: 400 MB to 700 MB of WAL"
    assert wal.arithmetic == (
        "a rewrite writes 1 to 1.5 times 400 MB, and up to 100 bytes more a row"
    )


def test_a_batch_is_written_again_as_one_row():
    packed = {"t": replace(SIZES["t"], batches=1_000)}
    assert scaled(REWRITE, sizes=packed)[1] == (WAL, 400_000_000, 600_100_000)
    partly = {"t": replace(SIZES["t"], batches=500)}
    assert scaled(REWRITE, sizes=partly)[1] == (WAL, 400_000_000, 650_050_000)


def test_rewrites_of_one_transaction_add_up():
    disk, _, again, _ = volumes([REWRITE, replace(REWRITE, number=2)], HERE, SIZES)
    assert (disk.high, again.high) == (400_000_000, 800_000_000)
    assert "400 MB of the rewrites before it are not free yet" in again.arithmetic
    for other in (2, None):
        *_, again, _ = volumes([REWRITE, replace(REWRITE, transaction=other)], HERE, SIZES)
        assert again.high == 400_000_000
    *_, third, _ = volumes([REWRITE] * 3, HERE, SIZES)
    assert third.high == 1_200_000_000
    assert third.arithmetic == (
        "t and its indexes have 400 MB, and exist twice until the transaction ends: 800 MB; "
        "800 MB of the rewrites before it are not free yet"
    )
    *_, again, _ = volumes([replace(REWRITE, transaction=None)] * 2, HERE, SIZES)
    assert again.high == 400_000_000


def test_changed_rows_take_room_and_wal_for_their_part():
    assert scaled(UPDATE) == [(DISK, 0, 100_000_000), (WAL, 12_500_000, 425_000_000)]
    disk, wal = volumes([UPDATE], HERE, SIZES)
    assert disk.arithmetic == (
        "25% of 1,000,000 rows and of 400 MB are written again, where VACUUM has left no room"
    )
    assert wal.arithmetic == (
        "25% of 1,000,000 rows and of 400 MB: at least 50 bytes a row, at most 4 x 100 MB and 100 "
        "bytes a row"
    )


def test_rows_count_however_they_are_found():
    work = UPDATE.rows[0]
    unread, twice = replace(work, read=0), replace(work, written=80)
    assert scaled(replace(UPDATE, rows=(unread,))) == scaled(UPDATE)
    assert scaled(replace(UPDATE, sql="INSERT INTO t SELECT * FROM t")) == scaled(UPDATE)
    assert scaled(replace(UPDATE, rows=(twice,)))[0] == (DISK, 0, 400_000_000)


def test_what_takes_nothing_hides_no_other():
    work, ours = replace(UPDATE.rows[0], relation="u"), replace(UPDATE, by_alembic=True)
    assert scaled(replace(UPDATE, rows=(work, *UPDATE.rows))) == scaled(UPDATE)
    assert scaled(replace(INDEX, rows=(work, *INDEX.rows))) == scaled(INDEX)
    assert scaled(ours, UPDATE) == scaled(UPDATE)


def test_deleted_rows_take_wal_only():
    delete = replace(UPDATE, sql="DELETE FROM t")
    assert scaled(delete) == [(WAL, 12_500_000, 425_000_000)]


def test_decompressed_rows_take_more():
    packed = {"t": replace(SIZES["t"], batches=1_000)}
    assert scaled(UPDATE, sizes=packed) == [
        (DISK, 0, 8_100_000_000),
        (WAL, 12_500_000, 32_500_000_000),
    ]
    for item in volumes([UPDATE], HERE, packed):
        assert item.arithmetic.endswith("; decompressed rows take up to 20 times as much")


def test_deleted_rows_may_be_decompressed_or_deleted_in_batches():
    packed = {"t": replace(SIZES["t"], batches=1_000)}
    assert scaled(replace(UPDATE, sql="DELETE FROM t"), sizes=packed) == [
        (DISK, 0, 8_100_000_000),
        (WAL, 12_500, 32_500_000_000),
    ]


def test_added_rows_decompress_nothing():
    packed = {"t": replace(SIZES["t"], batches=1_000)}
    more = replace(UPDATE, sql="INSERT INTO t SELECT * FROM t")
    assert scaled(more, sizes=packed) == scaled(more)


def test_an_index_takes_a_part_of_the_table():
    assert scaled(INDEX) == [(DISK, 6_000_000, 800_000_000), (WAL, 6_000_000, 400_000_000)]
    disk, wal = volumes([INDEX], HERE, SIZES)
    assert disk.arithmetic == f"{wal.arithmetic}, and as much again while the rows are sorted"
    assert wal.arithmetic == (
        "an index on 1,000,000 rows: at least 6 bytes a row, at most as much as the table, 400 MB"
    )
    # Without USING the index of EXCLUDE is a B-tree, too.
    for sql in ("ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)", "CREATE UNIQUE INDEX i ON t (a)",
                "ALTER TABLE t ADD EXCLUDE (a WITH =)"):  # fmt: skip
        assert scaled(replace(INDEX, sql=sql)) == scaled(INDEX)
    for sql in ("ALTER TABLE t ADD CHECK (a > 0)", "CREATE INDEX i ON t USING gist (a)",
                "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i"):  # fmt: skip
        assert scaled(replace(INDEX, sql=sql)) == []


def test_an_index_takes_what_its_access_method_takes():
    def both(sql):
        return {item[1:] for item in scaled(replace(INDEX, sql=sql))}

    # Three pages for each of 100 chunks; PostgreSQL 15 writes WAL of a few bytes.
    assert both("CREATE INDEX i ON t USING brin (a)") == {(2_457_600, 8_040_200), (0, 8_040_200)}
    assert both("CREATE INDEX i ON t USING brin (a) WITH (pages_per_range = 1)") == {
        (2_457_600, 404_915_200),
        (0, 404_915_200),
    }
    words = {}
    for method in ("gin", "brin"):
        sql = f"CREATE INDEX i ON t USING {method} (a)"
        (words[method],) = {
            item.arithmetic for item in volumes([replace(INDEX, sql=sql)], HERE, SIZES)
        }
    assert words == {
        "gin": "an index on 1,000,000 rows: at least 1 byte a row, at most 3 times as much as the "
        "table, 400 MB",
        "brin": "an index on ranges of 128 pages: 3 pages for each of 100 chunks, at most twice "
        "that, and as many pages as there are ranges in 400 MB",
    }
    assert both("CREATE INDEX i ON t USING hash (a)") == {
        (16_000_000, 200_000_000),
        (16_000_000, 100_000_000),
    }
    assert both("CREATE INDEX i ON t USING gin (a)") == {(1_000_000, 1_200_000_000)}
    assert both("CREATE INDEX i ON t (a) WHERE a > 0") == {(0, 800_000_000), (0, 400_000_000)}


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ("(a)", "an index on 1,000,000 rows: at least 16 bytes a row, at most 100 bytes a row"),
        ("(a) WHERE a > 0", "an index on those of 1,000,000 rows that WHERE selects: at most 100 "
         "bytes a row"),
    ],
)  # fmt: skip
def test_a_hash_index_has_a_few_bytes_of_each_row_that_it_is_on(index, words):
    disk, wal = volumes(
        [replace(INDEX, sql=f"CREATE INDEX i ON t USING hash {index}")], HERE, SIZES
    )
    assert disk.arithmetic == f"{words}, and as much again while the rows are sorted"
    assert wal.arithmetic == words


def test_an_index_on_ranges_of_a_plain_table():
    """It has three pages, or twice as many and one for each range."""
    plain = {"t": replace(SIZES["t"], bytes=2_600, chunks=0)}
    for item in volumes([BRIN], HERE, plain):
        assert (item.low, item.high) == (24_576 if item.what == DISK else 0, 49_172)
        assert item.arithmetic == (
            "an index on ranges of 128 pages: 3 pages, at most twice that, and as many pages as "
            "there are ranges in 2.6 kB"
        )


def test_an_index_of_another_access_method_is_named():
    gist = replace(INDEX, sql="CREATE INDEX i ON t USING gist (a)")
    excluding = replace(INDEX, number=4, sql="ALTER TABLE t ADD EXCLUDE USING spgist (a WITH =)")
    retyped = replace(INDEX, sql="ALTER TABLE t ALTER a TYPE int USING a::int, ADD UNIQUE (a)")
    assert list(not_estimated([gist, BRIN, excluding, retyped, INDEX], SIZES)) == [
        (3, "the disk and the WAL of statement 3 are not estimated: indexes with USING gist on t "
            "were not measured"),
        (4, "the disk and the WAL of statement 4 are not estimated: indexes with USING spgist on "
            "t were not measured"),
    ]  # fmt: skip
    assert list(not_estimated([gist], {})) == []
    assert list(not_estimated([replace(gist, by_alembic=True)], SIZES)) == []


FROM_T = RowWork("t", existed=True, read=40)
COPIED = replace(
    INDEX, sql="CREATE TABLE x AS SELECT * FROM t",
    rows=(FROM_T, RowWork("x", existed=False, written=20)),
)  # fmt: skip


def test_rows_made_from_others_grow_as_those_do():
    assert scaled(COPIED) == [(DISK, 14_000_000, 250_000_000), (WAL, 25_000_000, 375_000_000)]
    disk, wal = volumes([COPIED], HERE, SIZES)
    assert disk.arithmetic == (
        "20 rows in the rehearsal, made from 40 rows of t, are up to 500,000 from 1,000,000; a row "
        "takes up to 500 bytes"
    )
    assert wal.arithmetic == f"{disk.arithmetic}, and the WAL up to 1.5 times that"
    into = replace(COPIED, sql="SELECT * INTO x FROM t")
    view = replace(COPIED, sql="CREATE MATERIALIZED VIEW x AS SELECT * FROM t")
    assert scaled(into) == scaled(view) == scaled(COPIED)


def test_a_query_may_return_fewer_rows_and_sort_more():
    some = replace(COPIED, sql="CREATE TABLE x AS SELECT * FROM t WHERE a > 0")
    assert scaled(some) == [(DISK, 0, 250_000_000), (WAL, 0, 375_000_000)]
    grouped = replace(COPIED, sql="CREATE TABLE x AS SELECT a, count(*) FROM t GROUP BY a")
    assert scaled(grouped) == [(DISK, 0, 650_000_000), (WAL, 0, 375_000_000)]
    disk, wal = volumes([grouped], HERE, SIZES)
    assert disk.arithmetic.endswith("; a row takes up to 500 bytes, and up to 400 MB are needed "
                                    "while rows are sorted")  # fmt: skip
    assert "sorted" not in wal.arithmetic
    gathered = replace(COPIED, sql="CREATE TABLE x AS SELECT array_agg(a) FROM t")
    assert scaled(gathered) == [(DISK, 0, 400_000_000), (WAL, 0, 600_000_000)]


@pytest.mark.parametrize(
    ("sql", "work"),
    [
        ("INSERT INTO u SELECT * FROM t", RowWork("u", existed=True, written=20)),
        ("INSERT INTO u SELECT * FROM t ON CONFLICT DO NOTHING", RowWork("u", True, 0, 0, 9, 20)),
        ("REFRESH MATERIALIZED VIEW u", RowWork("u", existed=True, written=20)),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY u", RowWork("u", True, read=20, written=20)),
        ("MERGE INTO u USING t ON u.a = t.a WHEN NOT MATCHED THEN INSERT VALUES (t.a)",
         RowWork("u", True, read=20, written=20)),
        ("SELECT copy_rows()", RowWork("u", existed=True, written=20)),
    ],
)  # fmt: skip
def test_rows_are_added_to_a_table_that_was_there(sql, work):
    disk, wal = scaled(replace(COPIED, sql=sql, rows=(FROM_T, work)))
    assert disk[:2] == (DISK, 0)
    assert disk[2] in (250_000_000, 800_000_000)
    assert wal[0] == WAL
    assert wal[2] in (1_000_000_000, 1_600_000_000)


def test_the_table_that_grows_most_decides_how_many_rows_are_made():
    """Not the one with most rows, here or there; all of them have a part in the width of a row."""
    rows = (FROM_T, RowWork("u", existed=True, read=1_000), COPIED.rows[1])
    joined = replace(COPIED, sql="CREATE TABLE x AS SELECT * FROM t JOIN u USING (a)", rows=rows)
    sizes = {**SIZES, "u": Size(rows=2_000_000, bytes=200_000_000, chunks=0, batches=0)}
    disk, _ = volumes([joined], {**HERE, "u": 1_000}, sizes)
    assert disk.arithmetic == (
        "20 rows in the rehearsal, made from 40 rows of t, are up to 500,000 from 1,000,000; a row "
        "takes up to 600 bytes, and up to 600 MB are needed while rows are sorted"
    )
    empty = {**SIZES, "u": Size(rows=0, bytes=0, chunks=0, batches=0)}
    disk, _ = volumes([joined], {**HERE, "u": 1_000}, empty)
    # 500,000 rows of 500 bytes, and t while its rows are sorted.
    assert disk.high == 650_000_000


def test_a_row_is_as_wide_as_those_of_its_table():
    into = replace(COPIED, sql="INSERT INTO u SELECT * FROM t",
                   rows=(FROM_T, RowWork("u", existed=True, written=20)))  # fmt: skip
    wider = {**SIZES, "u": Size(rows=10, bytes=9_000, chunks=0, batches=0)}
    disk, _ = volumes([into], {**HERE, "u": 10}, wider)
    assert disk.arithmetic.endswith("; a row takes up to 1 kB")


def test_rows_that_a_statement_lists_are_as_many_there():
    work = RowWork("u", existed=True, written=20)
    for sql in ("INSERT INTO u VALUES (1)", "COPY u FROM STDIN"):
        assert scaled(replace(COPIED, sql=sql, rows=(FROM_T, work))) == []


def test_a_table_of_an_unknown_size_is_named():
    other = replace(COPIED, rows=(RowWork("v", existed=True, read=4), COPIED.rows[1]))
    assert scaled(other) == []
    assert [reason for _, reason in not_estimated([other, COPIED], SIZES)] == [
        "the disk and the WAL of statement 3 are not estimated: x is filled from v, which is not "
        "in the file with the sizes"
    ]
    two = replace(other, rows=(*other.rows, RowWork("w", existed=True, read=4)))
    assert [reason for _, reason in not_estimated([two], SIZES)] == [
        "the disk and the WAL of statement 3 are not estimated: x is filled from v, w, which "
        "are not in the file with the sizes"
    ]


def test_a_table_that_one_side_does_not_have_is_no_measure_of_new_rows():
    """`v` has rows here only, `w` there only."""
    rows = (FROM_T, RowWork("v", True, read=4), RowWork("w", True, read=4), COPIED.rows[1])
    joined = replace(COPIED, sql="CREATE TABLE x AS SELECT * FROM t, v, w", rows=rows)
    here, there = {**HERE, "v": 4, "w": 0}, {**SIZES, "w": SIZES["t"]}
    assert list(volumes([joined], here, there)) == list(volumes([COPIED], HERE, SIZES))


@pytest.mark.parametrize(
    "changed",
    [
        replace(REWRITE, by_alembic=True),
        replace(REWRITE, rewrites=(AffectedTable("t", existed=False),), rows=()),
        replace(UPDATE, rows=(RowWork("t", existed=False, read=1, written=1),)),
        replace(UPDATE, rows=(RowWork("u", existed=True, read=1, written=1),)),
        replace(UPDATE, sql="INSERT INTO t VALUES (1)", rows=(RowWork("t", True, written=1),)),
        replace(UPDATE, rows=(RowWork("t", existed=True, read=1),)),
        replace(INDEX, rows=(RowWork("t", existed=False, read=1),)),
        replace(INDEX, rows=(RowWork("t", existed=True, read=0),)),
    ],
)
def test_what_takes_nothing_there(changed):
    assert scaled(changed) == []


def test_the_lock_table_of_the_server_is_the_limit():
    entries = (LockEntries("t", itself=1, of_chunks=400, chunks=4),)
    locking = statement(1, "ALTER TABLE t ADD a int", locks=(lock("t", chunks=4),), entries=entries)
    limits = Limits(128, 50, 10, known=True)
    found = [
        item
        for item in estimates([locking], HERE, SIZES, limits)
        if item.what == "lock-table entries"
    ]
    assert [(item.high, item.limit) for item in found] == [(10_001, 7_680)]
    assert found[0].limit_name == (
        "the lock table of that server has 7,680: max_locks_per_transaction 128 x (max_connections "
        "50 + max_prepared_transactions 10)"
    )
    assert [item.code for item in judge_sizes("0002", found)] == ["exceeds-limit"]


def test_the_limits_are_read_from_what_audit_writes():
    table = {"rows": 1, "bytes": 2, "chunks": 3, "batches": 4}
    server = {"max_locks_per_transaction": 128, "max_tuples_decompressed": 0, "newer": 1}
    found = sizes_of({"t": table, "(server)": server})
    assert found == {"t": Size(1, 2, 3, 4)}
    assert found.limits == Limits(128, 100, 0, 0, known=True)
    assert (found.chunks, found.bytes, found.told) == (3, 2, "of 1 table, from the given file")
    assert sizes_of({"t": table, "u": table}).limits == DEFAULT_LIMITS


def test_the_limit_of_decompressed_rows_is_the_servers():
    packed = {"t": replace(SIZES["t"], batches=1_000)}
    partly = Decompressed("t", existed=True, itself=False, chunks=1, compressed=1)
    updating = replace(UPDATE, partly_compressed=(partly,), decompression_limit=7)
    for there, limit in ((None, 7), (5, 5), (0, None)):
        limits = replace(DEFAULT_LIMITS, max_tuples_decompressed=there)
        found = [item for item in estimates([updating], HERE, packed, limits)
                 if item.what == "decompressed rows"]  # fmt: skip
        assert [item.limit for item in found] == [limit]


@pytest.mark.parametrize("server", [1, {"max_connections": "100"}, {"max_connections": -1}])
def test_wrong_limits_are_refused(server):
    with pytest.raises(ValueError, match=r"\(server\)"):
        sizes_of({"(server)": server})
