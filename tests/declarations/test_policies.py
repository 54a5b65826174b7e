"""Jobs, reordering, skipping and compression: what is said of them, and how it may be written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table

from conformance.declarations import (
    ChunkSkipping,
    Compaction,
    Compression,
    Hypertable,
    Job,
    OrderBy,
    Reorder,
    SparseIndex,
    compaction_of,
    compression_of,
    jobs_of,
    reorder_of,
    skipping_of,
)
from conformance.intervals import Interval


def ticks(*declarations, time_type=None, chunk_interval="1 day"):
    """A hypertable with the declarations."""
    return Table(
        "ticks",
        MetaData(),
        Column("at", time_type or DateTime()),
        Column("price", Integer),
        Hypertable("at", chunk_interval=chunk_interval),
        *declarations,
    )


def compacted(**options):
    """A hypertable with a compaction policy."""
    return ticks(Compression(order_by="at", after="7 days"), Compaction(**options))


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (
            lambda: Job("tidy", schedule_interval="1 hour"),
            {"proc": "tidy", "schedule_interval": Interval.parse("1 hour"), "config": None,
             "scheduled": True, "max_runtime": Interval(0), "max_retries": -1},
        ),
        (
            lambda: Job(
                "desk.tidy", schedule_interval=timedelta(microseconds=1),
                config={"to": 2, "from": 1}, scheduled=False, max_runtime="5 min", max_retries=3,
            ),
            {"proc": "desk.tidy", "schedule_interval": Interval(1),
             "config": '{"from": 1, "to": 2}', "scheduled": False,
             "max_runtime": Interval.parse("5 min"), "max_retries": 3},
        ),
    ],
    ids=range(2),
)  # fmt: skip
def test_a_job(job, said):
    assert vars(job()) == said


def test_a_run_without_a_limit_is_told_as_nothing():
    assert str(Job("tidy", schedule_interval="1 hour").max_runtime) == "0 seconds"


def test_several_jobs_of_one_procedure_have_different_configs():
    metadata = MetaData()
    jobs = [
        Job(proc, schedule_interval="1 hour", config=config)
        for proc, config in (("a", None), ("a", {"x": 1}), ("a", {"x": 2}), ("b", {"x": 2}))
    ]
    for job in jobs:
        job.require(metadata)
    assert jobs_of(metadata) == jobs


#: What is refused; the words are in refusals.txt.
REFUSED = (
    lambda: Job("a.b.c", schedule_interval="1 h"),
    lambda: Job("a", schedule_interval="1 h", max_runtime="ever"),
    lambda: Job("a", schedule_interval="1 h", max_runtime="-1 s"),
    lambda: ticks(Compaction()),
    lambda: compacted(max_chunks=0),
    lambda: compacted(max_batches=0),
    lambda: compacted(inactive_for="later"),
    lambda: compacted(inactive_for=5),
    lambda: compacted(inactive_for="-1 s"),
    lambda: compacted(schedule_interval="0 s"),
)


def test_reordering_and_skipping_are_found_with_their_table():
    table = ticks(Reorder("ix", schedule_interval="4 days"), ChunkSkipping("price", "at"))
    assert reorder_of(table).index == "ix"
    assert reorder_of(table).schedule_interval == Interval.parse("4 days")
    assert skipping_of(table).columns == ("price", "at")
    assert reorder_of(ticks(Reorder("ix"))).schedule_interval is None
    assert (reorder_of(ticks()), skipping_of(ticks())) == (None, None)


@pytest.mark.parametrize(
    ("given", "direct", "recompressing"),
    [
        ({}, False, True),
        ({"direct": True}, True, False),
        ({"direct": True, "recompress_unordered": True}, True, True),
        ({"recompress_unordered": False}, False, False),
    ],
)
def test_direct_compression_leaves_overlapping_batches_alone(given, direct, recompressing):
    found = Compression(order_by="at", after=None, **given)
    assert (found.direct, found.recompress_unordered) == (direct, recompressing)


def test_compaction_is_found_with_its_table():
    found = compaction_of(compacted(max_chunks=3, inactive_for="1 hour"))
    assert (found.schedule_interval, found.max_chunks, found.max_batches) == (None, 3, None)
    assert found.inactive_for == Interval.parse("1 hour")
    least = compaction_of(
        compacted(max_chunks=1, max_batches=1, inactive_for="0 s", schedule_interval="1 hour")
    )
    assert (least.max_chunks, least.max_batches, least.inactive_for) == (1, 1, Interval(0))
    assert least.schedule_interval == Interval.parse("1 hour")
    assert compaction_of(compacted()).inactive_for is None
    assert compaction_of(ticks()) is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "at ASC NULLS LAST"),
        ({"nulls_first": True}, "at ASC NULLS FIRST"),
        ({"descending": True}, "at DESC NULLS FIRST"),
        ({"descending": True, "nulls_first": False}, "at DESC NULLS LAST"),
    ],
)
def test_nulls_come_as_in_order_by(given, shown):
    assert str(OrderBy("at", **given)) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, None),
        ("", []),
        ((), []),
        ("bloom(price)", ["bloom (price)"]),
        ('BLOOM ( "Xa" , b ), minmax(price)', ["bloom (Xa, b)", "minmax (price)"]),
        ("bloom(b, Xa), FirstLast(price)", ["bloom (Xa, b)", "firstlast (price)"]),
        (["bloom(price)", SparseIndex("minmax", "at")], ["bloom (price)", "minmax (at)"]),
    ],
)
def test_sparse_indexes(given, shown):
    columns = [Column(name, Integer) for name in ("Xa", "b")]
    declared = compression_of(
        ticks(*columns, Compression(order_by="at", after=None, sparse_indexes=given))
    )
    found = declared.sparse_indexes
    assert (found if found is None else [str(index) for index in found]) == shown


def test_no_age_fits_every_time_column():
    table = ticks(
        Compression(order_by="at", after=None), time_type=BigInteger(), chunk_interval=100
    )
    assert compression_of(table).after is None
