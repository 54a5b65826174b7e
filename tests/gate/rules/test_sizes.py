"""What was measured on few rows, scaled to the sizes of a real database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.gate.evidence.report import AffectedTable, Decompressed, LockEntries, RowWork
from conformance.gate.evidence.sizes import Size, sizes_of
from conformance.gate.rules.sizes import FASTEST, LOCK_TABLE, estimates, judge_sizes, would_scale

from .cases import lock, statement

SIZES = {"t": Size(rows=4_000_000, bytes=FASTEST // 2, chunks=1_000, batches=3_000)}
HERE = {"t": 40, "u": 8}
READS = RowWork("t", existed=True, chunks=4, read=40)
ALTER = statement(
    1, "ALTER TABLE t ADD CHECK (a > 0)", locks=(lock("t", chunks=4),), rows=(READS,),
    held_seconds=0.1,
)  # fmt: skip
PARTLY = Decompressed("t", existed=True, itself=False, chunks=1, compressed=2)
UPDATE = statement(
    2, "UPDATE t SET a = 1", partly_compressed=(PARTLY,), decompression_limit=100_000,
    rows=(replace(READS, written=10),),
)  # fmt: skip


def scaled(*statements, sizes=SIZES):
    return list(estimates(statements, HERE, sizes))


def test_a_lock_is_held_for_a_range_with_its_arithmetic():
    (held,) = scaled(ALTER)
    assert held.what == "seconds of ACCESS EXCLUSIVE"
    # 0.1 s for 40 rows; 4,000,000 there.
    assert (held.low, held.high) == (pytest.approx(0.5), pytest.approx(10_000))
    assert held.arithmetic == (
        "100.0 ms in the rehearsal; statement 1 reads or writes t, 4,000,000 rows instead of 40: "
        "at least 1 GB at 2 GB/s, at most 100.0 ms x 100,000"
    )


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (10, "10 bytes"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (1_540, "1.5 kB"),
        (1_000_000, "1 MB"),
        (999_900_000, "999.9 MB"),
        (1_000_000_000, "1 GB"),
        (999_000_000_000, "999 GB"),
        (1_000_000_000_000, "1 TB"),
        (1_200_000_000_000, "1.2 TB"),
        (1_500_000_000_000_000, "1,500 TB"),
    ],
)
def test_the_size_of_a_table_in_words(size, words):
    (held,) = scaled(ALTER, sizes={"t": replace(SIZES["t"], bytes=size)})
    assert f": at least {words} at 2 GB/s" in held.arithmetic


def test_a_lock_is_held_while_what_follows_works():
    taken = replace(ALTER, rows=(), held_seconds=0.2)
    (held,) = scaled(taken, replace(UPDATE, partly_compressed=()))
    assert held.statement == 1
    assert held.high == pytest.approx(0.1 + 10_000)


def test_a_lock_is_held_by_the_first_statement_that_blocks():
    weak = replace(ALTER, number=3, locks=(lock("u", "ROW EXCLUSIVE"), lock("t")))
    found = scaled(replace(ALTER, by_alembic=True), weak, replace(ALTER, number=4))
    assert [(item.statement, item.relation) for item in found] == [(3, "t")]


def test_the_table_that_grows_most_decides():
    """Not the one with most rows."""
    rows = (RowWork("t", existed=True, chunks=4, read=40), RowWork("u", existed=True, read=8))
    sizes = {"t": replace(SIZES["t"], rows=4_000), "u": replace(SIZES["t"], rows=1_600)}
    (held,) = scaled(replace(ALTER, rows=rows), sizes=sizes)
    assert "reads or writes u, 1,600 rows instead of 8" in held.arithmetic


@pytest.mark.parametrize("there", [39, 40, 41])
def test_a_table_that_does_not_grow_takes_as_long(there):
    (held,) = scaled(ALTER, sizes={"t": replace(SIZES["t"], rows=there)})
    assert (held.low, held.high) == pytest.approx((0.1, 0.1), rel=0.03)


@pytest.mark.parametrize("name", ["u", "v", "w"])
def test_a_table_that_one_side_does_not_have_is_not_scaled(name):
    """`u` has rows here only, `v` there only, and `w` has none here."""
    work = replace(READS, relation=name)
    sizes = {"v": SIZES["t"], "w": SIZES["t"]}
    (held,) = estimates([replace(ALTER, rows=(work,))], {"u": 8, "w": 0}, sizes)
    assert (held.low, held.high) == (0.1, 0.1)
    assert held.arithmetic == "100.0 ms in the rehearsal"


def test_a_lock_whose_time_was_not_measured():
    (held,) = scaled(replace(ALTER, rows=(), seconds=0.0, held_seconds=None))
    assert (held.low, held.high, held.arithmetic) == (0.0, 0.0, "0.0 ms in the rehearsal")


def test_a_lock_of_another_transaction_is_not():
    later = replace(UPDATE, transaction=2, partly_compressed=())
    (held,) = scaled(replace(ALTER, rows=()), later)
    assert held.high == pytest.approx(0.1)


def test_a_rewrite_goes_through_all_rows():
    rewrites = (AffectedTable("t", existed=True, chunks=4),)
    (held,) = scaled(replace(ALTER, rows=(), rewrites=rewrites))
    assert held.high == pytest.approx(10_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"locks": (lock("t", "ROW EXCLUSIVE"),)},
        {"locks": (lock("t", existed=False),)},
        {"by_alembic": True},
        {"transaction": None},
    ],
    ids=["weak", "of a new table", "Alembic's", "in no transaction"],
)
def test_locks_that_nobody_waits_for_are_left_out(changes):
    assert scaled(replace(ALTER, **changes)) == []


def test_locks_of_chunks_are_multiplied_out():
    entries = (LockEntries("t", itself=3, of_chunks=14, chunks=4), LockEntries("u", 2))
    (found,) = scaled(replace(ALTER, locks=(), entries=entries))
    assert found.what == "lock-table entries"
    assert found.low == found.high == 3 + 3_500 + 2
    assert found.arithmetic == "t: 3 + 1,000 chunks x 3.5"
    assert found.limit == LOCK_TABLE
    assert found.limit_name == (
        "the lock table has 6,400 with the defaults of max_locks_per_transaction and "
        "max_connections"
    )


def test_the_statement_with_most_locks_is_told():
    entries = (LockEntries("t", itself=1, of_chunks=4, chunks=4),)
    more = (LockEntries("t", itself=2, of_chunks=4, chunks=4),)
    bare = replace(ALTER, locks=())
    first, second = (replace(bare, number=number, entries=entries) for number in (3, 4))
    (found,) = scaled(first, second)
    assert (found.statement, found.arithmetic) == (3, "t: 1 + 1,000 chunks x 1")
    both = (*entries, replace(entries[0], relation="u"))
    sizes = {**SIZES, "u": replace(SIZES["t"], chunks=10)}
    (found,) = scaled(first, replace(second, entries=more), sizes=sizes)
    assert found.statement == 4
    (found,) = scaled(replace(first, entries=both), second, sizes=sizes)
    assert found.arithmetic == "t: 1 + 1,000 chunks x 1; u: 1 + 10 chunks x 1"


@pytest.mark.parametrize(
    "entries",
    [LockEntries("other", itself=3, of_chunks=14, chunks=4), LockEntries("t", 3, 14, chunks=0)],
    ids=["of a table without a size", "of chunks that are gone"],
)
def test_locks_that_do_not_grow_are_counted_as_they_are(entries):
    (found,) = scaled(replace(ALTER, locks=(), entries=(entries,)))
    assert (found.low, found.high, found.arithmetic) == (17, 17, "")


def test_rows_are_decompressed_in_a_range():
    found = [item for item in scaled(UPDATE) if item.what == "decompressed rows"]
    # 3,000 batches, half of the chunks, and a quarter of the rows at least.
    (item,) = found
    assert (item.low, item.high, item.limit) == (375_000, 1_500_000, 100_000)
    assert "3,000 batches of up to 1,000" in item.arithmetic


def test_some_chunks_and_more_writes_than_rows():
    """A row that is written twice is decompressed once; a table without a size hides no other."""
    item = replace(PARTLY, chunks=3, compressed=4)
    unknown = replace(item, relation="u")
    rows = (replace(READS, written=90),)
    found = scaled(replace(UPDATE, partly_compressed=(unknown, item), rows=rows))
    (found,) = (item for item in found if item.what == "decompressed rows")
    assert (found.relation, found.low, found.high) == ("t", 2_250_000, 2_250_000)
    assert found.arithmetic == (
        "3,000 batches of up to 1,000 of 4,000,000 rows x 3 of 4 compressed chunks; the lower "
        "bound is the written part of the rows, 100%"
    )


@pytest.mark.parametrize(
    "sizes", [{}, {"t": replace(SIZES["t"], batches=0)}], ids=["unknown", "not compressed"]
)
def test_of_tables_without_a_size_nothing_is_said(sizes):
    assert scaled(UPDATE, sizes=sizes) == []


def test_what_exceeds_a_limit_at_its_least_is_a_warning():
    (finding,) = judge_sizes("0002", scaled(UPDATE))
    assert (finding.id, finding.severity) == ("exceeds-limit:0002:t", "warning")
    assert finding.statement == 2
    assert finding.message == (
        "At the given sizes, statement 2 needs at least 375,000 decompressed rows, but "
        "timescaledb.max_tuples_decompressed_per_dml_transaction is 100000."
    )
    assert finding.hint == (
        "Process few chunks per transaction, in an op.get_context().autocommit_block(); or raise "
        "the limit on that server first."
    )


def test_what_may_keep_a_limit_is_none():
    small = {"t": replace(SIZES["t"], batches=500)}
    assert list(judge_sizes("0002", scaled(UPDATE, sizes=small))) == []
    as_many = replace(UPDATE, decompression_limit=375_000)
    assert list(judge_sizes("0002", scaled(as_many))) == []
    assert list(judge_sizes("0002", scaled(replace(UPDATE, decompression_limit=0)))) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, True),
        ({"locks": (lock("t", "ROW EXCLUSIVE", chunks=1),)}, True),
        ({"locks": (lock("t", "ROW EXCLUSIVE"),)}, False),
        ({"locks": (lock("t", existed=False),)}, False),
        ({"by_alembic": True}, False),
    ],
)
def test_when_sizes_matter(changes, found):
    assert would_scale([replace(ALTER, **changes)]) is found


def test_sizes_are_read_from_what_audit_writes():
    assert sizes_of({"t": {"rows": 1, "bytes": 2, "chunks": 3, "batches": 4}}) == {
        "t": Size(1, 2, 3, 4)
    }


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], "no object of tables"),
        ({"t": 1}, "t needs batches, bytes, chunks, rows, and nothing else"),
        ({"t": {"rows": 1}}, "t needs"),
        ({"t": {"rows": 1, "bytes": 2, "chunks": 3, "batches": 4, "name": "x"}}, "nothing else"),
        ({"t": {"rows": -1, "bytes": 2, "chunks": 3, "batches": 4}}, "rows of t is -1"),
        ({"t": {"rows": True, "bytes": 2, "chunks": 3, "batches": 4}}, "rows of t is True"),
        ({"t": {"rows": 1.5, "bytes": 2, "chunks": 3, "batches": 4}}, "rows of t is 1.5"),
    ],
)
def test_something_else_is_refused(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        sizes_of(data)
