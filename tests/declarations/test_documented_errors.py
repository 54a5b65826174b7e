"""The errors on the page on declarations are those that the declarations raise."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)

from conformance import (
    ChunkSkipping,
    Compaction,
    Compression,
    ContinuousAggregate,
    DeclarationError,
    HashPartition,
    Hypertable,
    Job,
    Refresh,
    Reorder,
    Retention,
    Rule,
    TimescaleDB,
    Trigger,
)

PAGE = (Path(__file__).parents[2] / "docs/declarations.md").read_text("utf-8").replace("\\|", "|")
MONTH = {"chunk_interval": "1 month"}


def ticks(*items, time_type=None):
    """The table that the page's errors are about."""
    return lambda: Table(
        "ticks",
        MetaData(),
        Column("id", BigInteger, primary_key=True),
        Column("at", time_type or DateTime(timezone=True), primary_key=True),
        Column("symbol", Text),
        Column("price", Double),
        *items,
    )


def compressed(**changes):
    return ticks(
        Hypertable("at", **MONTH), Compression(**{"order_by": "at", "after": "1 day"} | changes)
    )


def compacted(**options):
    compression = Compression(order_by="at", after="1 day")
    return ticks(Hypertable("at", **MONTH), compression, Compaction(**options))


def daily(query, *items):
    """The continuous aggregate that the page's errors are about."""
    return lambda: Table(
        "daily",
        MetaData(),
        Column("probe", Integer),
        Column("day", DateTime),
        ContinuousAggregate(query),
        *items,
    )


def job(proc="tidy", **changes):
    return lambda: Job(proc, **({"schedule_interval": "1 hour"} | changes))


def the_same_job_twice():
    metadata = MetaData()
    job()().require(metadata)
    job()().require(metadata)


def trigger(**changes):
    usual = {"timing": "before", "events": "insert", "function": "touch()"}
    return ticks(Trigger("touch", **(usual | changes)))


FLOWS = Table(
    "flows", MetaData(), Column("probe", Integer), Column("at", DateTime), Column("litres", Double)
)
DAY = func.time_bucket(text("INTERVAL '1 day'"), FLOWS.c.at).label("day")
DAYS = select(FLOWS.c.probe, DAY).group_by(FLOWS.c.probe, DAY)
QUERY = "SELECT probe, time_bucket('1 day', at) AS day FROM flows GROUP BY 1, 2"
HOURLY = {"schedule_interval": "1 hour"}
CASES = {
    "hypertable-column": ticks(Hypertable("when", **MONTH)),
    "hypertable-type": ticks(Hypertable("symbol", **MONTH)),
    "hypertable-interval": ticks(Hypertable("at", chunk_interval="a while")),
    "hypertable-empty-interval": ticks(Hypertable("at", chunk_interval="")),
    "hypertable-zero": ticks(Hypertable("at", chunk_interval="0 days")),
    "hypertable-number": ticks(Hypertable("at", chunk_interval=86400)),
    "hypertable-length": ticks(Hypertable("at", chunk_interval="1 day"), time_type=BigInteger),
    "hypertable-unique": ticks(
        UniqueConstraint("symbol", name="uq_ticks_symbol"), Hypertable("at", **MONTH)
    ),
    "hypertable-index": ticks(Index("ix_s", "symbol", unique=True), Hypertable("at", **MONTH)),
    "hypertable-twice": ticks(Hypertable("at", **MONTH), Hypertable("at", **MONTH)),
    "hypertable-now": ticks(Hypertable("at", integer_now="latest", **MONTH)),
    "hash-column": ticks(Hypertable("at", partitions=[HashPartition("venue", 4)], **MONTH)),
    "hash-none": ticks(Hypertable("at", partitions=[HashPartition("id", 0)], **MONTH)),
    "hash-key": ticks(Hypertable("at", partitions=[HashPartition("symbol", 4)], **MONTH)),
    "compression-alone": ticks(Compression(order_by="at", after="1 day")),
    "compression-column": compressed(segment_by="venue"),
    "compression-segment-twice": compressed(segment_by="symbol, symbol"),
    "compression-order-twice": compressed(order_by="at, at"),
    "compression-both": compressed(segment_by="id", order_by="at, id"),
    "compression-form": compressed(order_by="at DOWN"),
    "compression-after": compressed(after="later"),
    "compression-number": compressed(after=7),
    "compression-ages": compressed(created_before="1 day"),
    "compression-created": compressed(after=None, created_before=7),
    "compression-schedule": compressed(schedule_interval="0 s"),
    "compression-sparse": compressed(sparse_indexes="btree(price)"),
    "compression-sparse-column": compressed(sparse_indexes="bloom(venue)"),
    "compaction-alone": ticks(Hypertable("at", **MONTH), Compaction()),
    "compaction-chunks": compacted(max_chunks=0),
    "compaction-inactive": compacted(inactive_for=5),
    "retention-alone": ticks(Retention(drop_after="1 year")),
    "retention-zero": ticks(Hypertable("at", **MONTH), Retention(drop_after="-1 year")),
    "retention-number": ticks(Hypertable("at", **MONTH), Retention(drop_after=9)),
    "retention-age": ticks(Hypertable("at", **MONTH), Retention()),
    "retention-created": ticks(Hypertable("at", **MONTH), Retention(drop_created_before=9)),
    "reorder-alone": ticks(Reorder("ix_s")),
    "reorder-index": ticks(Hypertable("at", **MONTH), Reorder("")),
    "skipping-alone": ticks(ChunkSkipping("id")),
    "skipping-nothing": ticks(Hypertable("at", **MONTH), ChunkSkipping()),
    "skipping-column": ticks(Hypertable("at", **MONTH), ChunkSkipping("venue")),
    "skipping-type": ticks(Hypertable("at", **MONTH), ChunkSkipping("symbol")),
    "job-name": job(""),
    "job-interval": job(schedule_interval="often"),
    "job-number": job(schedule_interval=3600),
    "job-config": job(config={"day": date(2020, 1, 1)}),
    "job-twice": the_same_job_twice,
    "aggregate-query": daily("DELETE FROM flows"),
    "aggregate-bucket": daily("SELECT probe, at AS day FROM flows"),
    "aggregate-label": daily(DAYS.add_columns(func.avg(FLOWS.c.litres))),
    "aggregate-column": daily(DAYS, Column("mean", Double)),
    "aggregate-name": lambda: ContinuousAggregate(QUERY).require(MetaData()),
    "aggregate-hypertable": daily(QUERY, Hypertable("day", **MONTH)),
    "aggregate-window": daily(
        QUERY, Refresh(start_offset="25 hours", end_offset="1 hour", **HOURLY)
    ),
    "aggregate-overlap": daily(
        QUERY,
        Refresh(start_offset="3 days", end_offset="1 hour", **HOURLY),
        Refresh(start_offset="9 days", end_offset="2 days", **HOURLY),
    ),
    "aggregate-offset": daily(QUERY, Refresh(start_offset=7, end_offset=None, **HOURLY)),
    "refresh-alone": ticks(Refresh(start_offset=None, end_offset=None, **HOURLY)),
    "trigger-word": trigger(timing="during"),
    "trigger-brackets": trigger(function="touch"),
    "rule": ticks(Rule("keep", definition="ON DELETE")),
    "version": lambda: TimescaleDB(minimum="newest"),
}


@cache
def error_of(case):
    """What the case raises; it is built once, since an index belongs to one table."""
    with pytest.raises(DeclarationError) as raised:
        CASES[case]()
    return str(raised.value)


@pytest.mark.parametrize("case", CASES)
def test_the_page_has_the_error(case):
    assert error_of(case) in PAGE


def test_the_page_has_no_other_error():
    raised = {error_of(case) for case in CASES}
    shown = re.findall(r"(?m)(?:^|`)((?:ticks|daily|ContinuousAggregate|job \w+): [^`\n]+)", PAGE)
    assert set(shown) - raised == set()
