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
    assert "t, 4,000,000 rows instead of 40" in held.arithmetic
    assert "100.0 ms x 100,000" in held.arithmetic
    assert "1 GB at 2 GB/s" in held.arithmetic


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


def test_rows_are_decompressed_in_a_range():
    found = [item for item in scaled(UPDATE) if item.what == "decompressed rows"]
    # 3,000 batches, half of the chunks, and a quarter of the rows at least.
    (item,) = found
    assert (item.low, item.high, item.limit) == (375_000, 1_500_000, 100_000)
    assert "3,000 batches of up to 1,000" in item.arithmetic


@pytest.mark.parametrize(
    "sizes", [{}, {"t": replace(SIZES["t"], batches=0)}], ids=["unknown", "not compressed"]
)
def test_of_tables_without_a_size_nothing_is_said(sizes):
    assert scaled(UPDATE, sizes=sizes) == []


def test_what_exceeds_a_limit_at_its_least_is_a_warning():
    (finding,) = judge_sizes("0002", scaled(UPDATE))
    assert (finding.id, finding.severity) == ("exceeds-limit:0002:t", "warning")
    assert "at least 375,000 decompressed rows" in finding.message
    assert "max_tuples_decompressed_per_dml_transaction is 100000" in finding.message


def test_what_may_keep_a_limit_is_none():
    small = {"t": replace(SIZES["t"], batches=500)}
    assert list(judge_sizes("0002", scaled(UPDATE, sizes=small))) == []
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
