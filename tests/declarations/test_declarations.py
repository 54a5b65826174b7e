"""A wrong declaration fails where the model is written, naming the model and the column."""

from datetime import date, datetime

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from conformance.declarations import (
    ChunkSkipping,
    Compression,
    DeclarationError,
    HashPartition,
    Hypertable,
    Job,
    OrderBy,
    Reorder,
    Retention,
    TimescaleDB,
    compression_of,
    default_name,
    hypertable_of,
)
from models import Base


def table(*items, time_type=None):
    """A table `ticks` with the given declarations and constraints."""
    return Table(
        "ticks",
        MetaData(),
        Column("id", BigInteger, primary_key=True),
        Column("at", time_type or DateTime(timezone=True), primary_key=True),
        Column("symbol", Text),
        Column("price", Integer),
        *items,
    )


def twice(requirement):
    metadata = MetaData()
    requirement.require(metadata)
    requirement.require(metadata)


WRONG = {
    "unknown time column": (
        lambda: table(Hypertable("when", chunk_interval="1 day")),
        r"ticks: time column 'when' is not a column of it; there are id, at, symbol, price",
    ),
    "time column of another type": (
        lambda: table(Hypertable("symbol", chunk_interval="1 day")),
        r"ticks: time column 'symbol' is Text\(\); a hypertable needs a timestamp",
    ),
    "nonsense interval": (
        lambda: table(Hypertable("at", chunk_interval="a while")),
        r"ticks: chunk interval: 'a while' is not an interval such as '7 days'",
    ),
    "empty interval": (
        lambda: table(Hypertable("at", chunk_interval="0 days")),
        r"ticks: chunk interval '0 days' is not longer than nothing",
    ),
    "negative interval": (
        lambda: table(Hypertable("at", chunk_interval="-1 days")),
        r"ticks: chunk interval '-1 days' is not longer than nothing",
    ),
    "number for a timestamp": (
        lambda: table(Hypertable("at", chunk_interval=86400)),
        r"chunk interval 86400 does not fit time column 'at': a length of time is needed",
    ),
    "length of time for a number": (
        lambda: table(Hypertable("at", chunk_interval="1 day"), time_type=BigInteger()),
        r"chunk interval '1 day' does not fit time column 'at': a number is needed",
    ),
    "unique key without the time column": (
        lambda: table(Hypertable("at", chunk_interval="1 day"), UniqueConstraint("symbol")),
        r"ticks: unique key \(symbol\) lacks 'at'",
    ),
    "key without the partitioning column": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day", partitions=[HashPartition("symbol", 4)])
        ),
        r"ticks: primary key \(id, at\) lacks 'symbol'",
    ),
    "no partitions": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day", partitions=[HashPartition("id", 0)])
        ),
        r"partitions of 'id': at least one is needed",
    ),
    "declared twice": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"), Hypertable("at", chunk_interval="2 days")
        ),
        r"ticks: declares Hypertable twice",
    ),
    "compression without a hypertable": (
        lambda: table(Compression(order_by="at DESC", after="1 day")),
        r"ticks: declares Compression but is not declared a Hypertable",
    ),
    "segment column that is also ordered": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"),
            Compression(segment_by="symbol", order_by="at DESC, symbol", after="1 day"),
        ),
        r"ticks: column 'symbol' is in segment by and in order by",
    ),
    "unknown segment column": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"),
            Compression(segment_by="venue", order_by="at", after="1 day"),
        ),
        r"ticks: segment by 'venue' is not a column of it",
    ),
    "unknown order column": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"),
            Compression(order_by="at DESC, venue", after="1 day"),
        ),
        r"ticks: order by 'venue' is not a column of it",
    ),
    "malformed order": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"),
            Compression(order_by="at DOWN", after="1 day"),
        ),
        r"ticks: order by: 'at DOWN' is not of the shape",
    ),
    "column ordered twice": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"),
            Compression(order_by="at DESC, at", after="1 day"),
        ),
        r"ticks: order by names 'at' twice",
    ),
    "no order": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"), Compression(order_by="", after="1 day")
        ),
        r"ticks: order by is empty",
    ),
    "a number as schedule": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"),
            Compression(order_by="at", after="1 day", schedule_interval=7),
        ),
        r"ticks: schedule interval 7 must be a length of time",
    ),
    "nonsense age": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"), Compression(order_by="at", after="later")
        ),
        r"ticks: compress after: 'later' is not an interval",
    ),
    "age that does not fit the time column": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"), Compression(order_by="at", after=7)
        ),
        r"ticks: compress after 7 does not fit the time column: a length of time is needed",
    ),
    "retention without a hypertable": (
        lambda: table(Retention(drop_after="1 year")),
        r"ticks: declares Retention but is not declared a Hypertable",
    ),
    "a function for a time that is no integer": (
        lambda: table(Hypertable("at", chunk_interval="1 day", integer_now="latest")),
        r"ticks: integer now 'latest' does not fit time column 'at': only an integer needs",
    ),
    "sparse indexes of another shape": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"),
            Compression(order_by="at", after=None, sparse_indexes="btree(price)"),
        ),
        r"ticks: sparse indexes: 'btree\(price\)' is not of the shape 'bloom\(column\), minmax",
    ),
    "a sparse index of no column": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day"),
            Compression(order_by="at", after=None, sparse_indexes=["bloom(venue)"]),
        ),
        r"ticks: sparse index bloom of 'venue' is not a column of it; there are id, at",
    ),
    "reordering of no hypertable": (
        lambda: table(Reorder("ix")),
        r"ticks: declares Reorder but is not declared a Hypertable",
    ),
    "reordering by nothing": (
        lambda: table(Hypertable("at", chunk_interval="1 day"), Reorder("")),
        r"ticks: reorder names no index",
    ),
    "skipping of no hypertable": (
        lambda: table(ChunkSkipping("id")),
        r"ticks: declares ChunkSkipping but is not declared a Hypertable",
    ),
    "skipping by nothing": (
        lambda: table(Hypertable("at", chunk_interval="1 day"), ChunkSkipping()),
        r"ticks: chunk skipping names no column",
    ),
    "skipping by no column": (
        lambda: table(Hypertable("at", chunk_interval="1 day"), ChunkSkipping("venue")),
        r"ticks: chunk skipping by 'venue' is not a column of it",
    ),
    "skipping by a text": (
        lambda: table(Hypertable("at", chunk_interval="1 day"), ChunkSkipping("symbol")),
        r"ticks: chunk skipping by 'symbol': it is Text\(\); an integer, a date or a timestamp",
    ),
    "a job of nothing": (
        lambda: Job("", schedule_interval="1 hour"),
        r"Job: '' is not the name of a procedure",
    ),
    "a job that runs often": (
        lambda: Job("tidy", schedule_interval="often"),
        r"job tidy: schedule interval: 'often' is not an interval",
    ),
    "a job that runs every number": (
        lambda: Job("tidy", schedule_interval=3600),
        r"job tidy: schedule interval 3600 must be a length of time",
    ),
    "a job that runs always": (
        lambda: Job("tidy", schedule_interval="0 s"),
        r"job tidy: schedule interval '0 s' is not longer than nothing",
    ),
    "a config that is no JSON": (
        lambda: Job("tidy", schedule_interval="1 hour", config={"from": date(2020, 1, 1)}),
        r"job tidy: config: Object of type date is not JSON serializable",
    ),
    "the same job twice": (
        lambda: twice(Job("tidy", schedule_interval="1 hour")),
        r"job tidy: is declared twice with the same config",
    ),
    "nonsense version": (
        lambda: TimescaleDB(minimum="newest"),
        r"minimum 'newest' is not a version like 2.17",
    ),
}


@pytest.mark.parametrize(("build", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_declaration_is_refused(build, sentence):
    with pytest.raises(DeclarationError, match=sentence):
        build()


def test_the_error_names_the_class_of_a_model():
    with pytest.raises(DeclarationError, match=r"Wrong \(wrong\): segment by 'venue' is not"):

        class Wrong(Base):
            __tablename__ = "wrong"
            __table_args__ = (
                Hypertable("at", chunk_interval="1 day"),
                Compression(segment_by="venue", order_by="at", after="1 day"),
            )
            at: Mapped[datetime] = mapped_column(primary_key=True)

    assert "wrong" not in Base.metadata.tables


def test_declarations_are_found_with_their_table():
    ticks = table(
        Hypertable("at", chunk_interval="1 month"),
        Compression(segment_by="symbol", order_by="at DESC, id NULLS FIRST", after="7 days"),
    )
    assert hypertable_of(ticks).time_column == "at"
    assert compression_of(ticks).segment_by == ("symbol",)
    assert [str(item) for item in compression_of(ticks).order_by] == [
        "at DESC NULLS FIRST",
        "id ASC NULLS FIRST",
    ]


def test_the_automatic_time_index_is_part_of_the_metadata():
    ticks = table(Hypertable("at", chunk_interval="1 day"))
    assert [index.name for index in ticks.indexes] == ["ticks_at_idx"]


def test_there_is_none_where_the_models_declare_one_or_decline_it():
    own = Column("at", DateTime, index=True)
    declared = Table("t", MetaData(), own, Hypertable("at", chunk_interval="1 day"))
    assert [index.name for index in declared.indexes] == ["ix_t_at"]
    declined = table(Hypertable("at", chunk_interval="1 day", time_index=False))
    assert not declined.indexes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at", "at ASC NULLS LAST"),
        ("at desc", "at DESC NULLS FIRST"),
        ("at DESC NULLS LAST", "at DESC NULLS LAST"),
        ('"Mixed Case" ASC', "Mixed Case ASC NULLS LAST"),
    ],
)
def test_order_is_read_as_sql_writes_it(text, shown):
    assert str(OrderBy.parse(text)) == shown


def test_names_are_cut_as_postgresql_cuts_them():
    assert default_name("ticks", "at", "idx") == "ticks_at_idx"
    long = default_name("t" * 60, "c" * 60, "idx")
    assert len(long) == 63
    assert long == f"{'t' * 29}_{'c' * 29}_idx"
