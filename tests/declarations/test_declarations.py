"""A wrong declaration fails where the model is written, naming the model and the column."""

import io
import pickle
from datetime import date, datetime

import pytest
from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import CreateIndexOp, CreateTableOp, UpgradeOps
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from conformance.declarations import (
    ChunkSkipping,
    Compression,
    ContinuousAggregate,
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
    is_default_index,
    retention_of,
    server_requirement_of,
)
from conformance.declarations.hypertables import referring_tables
from conformance.intervals import Interval
from models import Base


def table(*items, time_type=None, info=None):
    """A table `ticks` with the given declarations and constraints."""
    return Table(
        "ticks",
        MetaData(),
        Column("id", BigInteger, primary_key=True),
        Column("at", time_type or DateTime(timezone=True), primary_key=True),
        Column("symbol", Text),
        Column("price", Integer),
        *items,
        info=info,
    )


def daily(*items, time_type=None):
    """The table as a hypertable with chunks of a day."""
    return table(Hypertable("at", chunk_interval="1 day"), *items, time_type=time_type)


@pytest.mark.parametrize("time", ["at", "at DESC", '"at" desc nulls last', " at  ASC"])
def test_the_time_column_of_a_unique_index_may_be_a_text(time):
    daily(Index("ux", text(time), "symbol", unique=True))


@pytest.mark.parametrize("other", ["at::date", "lower(at)", "price DESC"])
def test_another_text_of_a_unique_index_is_not_the_time_column(other):
    with pytest.raises(DeclarationError, match="lacks 'at'"):
        daily(Index("ux", text(other), "symbol", unique=True))


def test_a_key_of_another_database_may_lack_the_time_column():
    daily(UniqueConstraint("symbol").ddl_if(dialect="sqlite"))
    with pytest.raises(DeclarationError, match="lacks 'at'"):
        daily(UniqueConstraint("symbol").ddl_if(dialect="postgresql"))
    # The name of the whole dialect counts, and several may be given.
    daily(UniqueConstraint("symbol").ddl_if(dialect="postgresql_fork"))
    with pytest.raises(DeclarationError, match="lacks 'at'"):
        daily(UniqueConstraint("symbol").ddl_if(dialect=("sqlite", "postgresql")))


def test_a_function_of_ddl_if_decides_whether_postgresql_gets_a_key():
    """Without a connection, as in CREATE TABLE; one that needs a connection decides nothing."""

    def only_on(name):
        return lambda *_, dialect, **__: dialect.name == name

    daily(UniqueConstraint("symbol").ddl_if(callable_=only_on("spanner")))
    for decides in (only_on("postgresql"), lambda _, __, bind, **___: bind.scalar("SELECT 1")):
        with pytest.raises(DeclarationError, match="lacks 'at'"):
            daily(UniqueConstraint("symbol").ddl_if(callable_=decides))


def twice(requirement):
    metadata = MetaData()
    requirement.require(metadata)
    requirement.require(metadata)


WRONG = {
    "unknown time column": (
        lambda: table(Hypertable("when", chunk_interval="1 day")),
        r"ticks: the table has no column 'when' \(time column\); it has id, at, symbol, price",
    ),
    "time column of another type": (
        lambda: table(Hypertable("symbol", chunk_interval="1 day")),
        r"ticks: time column 'symbol' has the type Text\(\); it must be a timestamp",
    ),
    "nonsense interval": (
        lambda: table(Hypertable("at", chunk_interval="a while")),
        r"ticks: chunk interval: 'a while' is not an interval such as '7 days'",
    ),
    "empty interval": (
        lambda: table(Hypertable("at", chunk_interval="0 days")),
        r"ticks: chunk interval '0 days' must be more than zero",
    ),
    "negative interval": (
        lambda: table(Hypertable("at", chunk_interval="-1 days")),
        r"ticks: chunk interval '-1 days' must be more than zero",
    ),
    "number for a timestamp": (
        lambda: table(Hypertable("at", chunk_interval=86400)),
        r"chunk interval 86400 must be a length of time, because the time column 'at' is not an "
        r"integer",
    ),
    "length of time for a number": (
        lambda: daily(time_type=BigInteger()),
        r"chunk interval '1 day' must be a number, because the time column 'at' is an integer",
    ),
    "unique key without the time column": (
        lambda: daily(UniqueConstraint("symbol")),
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
        r"the number of partitions of 'id' must be at least one",
    ),
    "declared twice": (
        lambda: daily(Hypertable("at", chunk_interval="2 days")),
        r"ticks: declares Hypertable twice",
    ),
    "compression without a hypertable": (
        lambda: table(Compression(order_by="at DESC", after="1 day")),
        r"ticks: has Compression\(...\) but neither Hypertable\(...\) nor "
        r"ContinuousAggregate\(...\)",
    ),
    "segment column that is also ordered": (
        lambda: daily(Compression(segment_by="symbol", order_by="at DESC, symbol", after="1 day")),
        r"ticks: column 'symbol' is in segment_by and in order_by",
    ),
    "unknown segment column": (
        lambda: daily(Compression(segment_by="venue", order_by="at", after="1 day")),
        r"ticks: the table has no column 'venue' \(segment_by\)",
    ),
    "unknown order column": (
        lambda: daily(Compression(order_by="at DESC, venue", after="1 day")),
        r"ticks: the table has no column 'venue' \(order_by\)",
    ),
    "malformed order": (
        lambda: daily(Compression(order_by="at DOWN", after="1 day")),
        r"ticks: order_by: 'at DOWN' does not have the form",
    ),
    "column ordered twice": (
        lambda: daily(Compression(order_by="at DESC, at", after="1 day")),
        r"ticks: order_by names 'at' twice",
    ),
    "no order": (
        lambda: daily(Compression(order_by="", after="1 day")),
        r"ticks: order_by is empty",
    ),
    "a number as schedule": (
        lambda: daily(Compression(order_by="at", after="1 day", schedule_interval=7)),
        r"ticks: schedule interval 7 must be a length of time",
    ),
    "nonsense age": (
        lambda: daily(Compression(order_by="at", after="later")),
        r"ticks: compress after: 'later' is not an interval",
    ),
    "age that does not fit the time column": (
        lambda: daily(Compression(order_by="at", after=7)),
        r"ticks: compress after 7 must be a length of time, because the time column is not an "
        r"integer",
    ),
    "retention without a hypertable": (
        lambda: table(Retention(drop_after="1 year")),
        r"ticks: has Retention\(...\) but neither Hypertable\(...\) nor ContinuousAggregate\(...\)",
    ),
    "a function for a time that is no integer": (
        lambda: table(Hypertable("at", chunk_interval="1 day", integer_now="latest")),
        r"ticks: remove integer_now 'latest': the time column 'at' is not",
    ),
    "sparse indexes of another shape": (
        lambda: daily(Compression(order_by="at", after=None, sparse_indexes="btree(price)")),
        r"ticks: sparse_indexes: 'btree\(price\)' does not have the form 'bloom\(column\), minmax",
    ),
    "a sparse index of no column": (
        lambda: daily(Compression(order_by="at", after=None, sparse_indexes=["bloom(venue)"])),
        r"ticks: the table has no column 'venue' \(sparse index bloom\); it has id, at",
    ),
    "reordering of no hypertable": (
        lambda: table(Reorder("ix")),
        r"ticks: has Reorder\(...\) but not Hypertable\(...\)",
    ),
    "reordering by nothing": (
        lambda: daily(Reorder("")),
        r"ticks: Reorder does not name an index",
    ),
    "skipping of no hypertable": (
        lambda: table(ChunkSkipping("id")),
        r"ticks: has ChunkSkipping\(...\) but not Hypertable\(...\)",
    ),
    "skipping by nothing": (
        lambda: daily(ChunkSkipping()),
        r"ticks: ChunkSkipping does not name a column",
    ),
    "skipping by no column": (
        lambda: daily(ChunkSkipping("venue")),
        r"ticks: the table has no column 'venue' \(chunk skipping\)",
    ),
    "skipping by a text": (
        lambda: daily(ChunkSkipping("symbol")),
        r"ticks: column 'symbol' of ChunkSkipping has the type Text\(\); it must be an integer, a "
        r"date or a",
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
        r"job tidy: schedule interval '0 s' must be more than zero",
    ),
    "a config that is no JSON": (
        lambda: Job("tidy", schedule_interval="1 hour", config={"from": date(2020, 1, 1)}),
        r"job tidy: config: Object of type date is not JSON serializable",
    ),
    "the same job twice": (
        lambda: twice(Job("tidy", schedule_interval="1 hour")),
        r"job tidy: is declared twice with the same config",
    ),
    "an age that is a length of time where the time column is a number": (
        lambda: table(
            Hypertable("at", chunk_interval=100),
            Retention(drop_after="1 year"),
            time_type=BigInteger(),
        ),
        r"^ticks: drop after 360 days \(1 year\) must be a number, because the time column is an "
        r"integer$",
    ),
    "retention that drops nothing": (
        lambda: daily(Retention(drop_after="0 days")),
        r"^ticks: drop after '0 days' must be more than zero$",
    ),
    "retention of no age": (
        lambda: daily(Retention()),
        r"^ticks: Retention needs either drop_after or drop_created_before$",
    ),
    "retention of two ages": (
        lambda: daily(Retention(drop_after="1 year", drop_created_before="1 year")),
        r"^ticks: Retention needs either drop_after or drop_created_before$",
    ),
    "a number as the time since the creation of a chunk": (
        lambda: table(
            Hypertable("at", chunk_interval=100),
            Retention(drop_created_before=7),
            time_type=BigInteger(),
        ),
        r"^ticks: drop_created_before 7 must be a length of time$",
    ),
    "no time since the creation of a chunk": (
        lambda: daily(Retention(drop_created_before="0 days")),
        r"^ticks: drop_created_before '0 days' must be more than zero$",
    ),
    "no time from the creation of a chunk to its compression": (
        lambda: daily(Compression(order_by="at", after=None, created_before="0 days")),
        r"^ticks: created_before '0 days' must be more than zero$",
    ),
    "compression of two ages": (
        lambda: daily(Compression(order_by="at", after="1 day", created_before="1 day")),
        r"^ticks: Compression has both after and created_before$",
    ),
    "a number as the time from the creation of a chunk to its compression": (
        lambda: daily(Compression(order_by="at", after=None, created_before=7)),
        r"^ticks: created_before 7 must be a length of time$",
    ),
    "compression of an aggregate by the creation of its chunks": (
        lambda: Table(
            "days",
            MetaData(),
            ContinuousAggregate("SELECT time_bucket('1 day', at) AS day FROM ticks GROUP BY 1"),
            Compression(order_by="day", after=None, created_before="1 day"),
        ),
        r"^days: created_before: the policy of a continuous aggregate goes by the time of its "
        r"buckets; declare after$",
    ),
    "a number as a schedule of retention": (
        lambda: daily(Retention(drop_after="1 year", schedule_interval=7)),
        r"^ticks: schedule interval 7 must be a length of time such as '12 hours'$",
    ),
    "a schedule of no time": (
        lambda: daily(Compression(order_by="at", after="1 day", schedule_interval="0 days")),
        r"^ticks: schedule interval '0 days' must be more than zero$",
    ),
    "compressed chunks of no time": (
        lambda: daily(Compression(order_by="at", after="1 day", chunk_interval="0 days")),
        r"^ticks: compressed chunk interval '0 days' must be more than zero$",
    ),
    "segment column twice": (
        lambda: daily(Compression(segment_by="symbol, id, symbol", order_by="at", after="1 day")),
        r"^ticks: segment_by names 'symbol' twice$",
    ),
    "unknown partitioning column": (
        lambda: table(
            Hypertable("at", chunk_interval="1 day", partitions=[HashPartition("venue", 4)])
        ),
        r"^ticks: the table has no column 'venue' \(partitioning column\); it has id, at, symbol, "
        r"pr",
    ),
    "unique constraint without the time column": (
        lambda: daily(UniqueConstraint("id", "symbol", name="uq")),
        r"^ticks: unique constraint uq \(id, symbol\) lacks 'at'; every unique key of a hypertable "
        r"contains the partitioning columns$",
    ),
    "unique index without the time column": (
        lambda: daily(Index("ux", "symbol", unique=True)),
        r"^ticks: unique index ux \(symbol\) lacks 'at'",
    ),
    "nonsense version": (
        lambda: TimescaleDB(minimum="newest"),
        r"^TimescaleDB: minimum 'newest' is not a version like 2\.17$",
    ),
    "version of one number": (lambda: TimescaleDB(minimum="2"), "minimum '2' is not a version"),
    "version of four": (lambda: TimescaleDB(minimum="2.1.0.0"), "is not a version"),
    "version with a suffix": (lambda: TimescaleDB(minimum="2.17-dev"), "is not a version"),
}


@pytest.mark.parametrize(("build", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_declaration_is_refused(build, sentence):
    with pytest.raises(DeclarationError, match=sentence):
        build()


def test_the_error_names_the_class_of_a_model():
    with pytest.raises(
        DeclarationError, match=r"Wrong \(wrong\): the table has no column 'venue' \(segment_by\)"
    ):

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


def test_declarations_are_no_part_of_a_revision():
    """Alembic writes `Table.info` into the revision of a new table."""
    info = {"owner": "desk"}
    ticks = table(Hypertable("at", chunk_interval="1 day"), info=info)
    assert dict(ticks.info) == info
    # Two tables may share their items, but not their declarations.
    other = table(Hypertable("at", chunk_interval="2 days"), info=info)
    assert hypertable_of(ticks) is not hypertable_of(other)
    for copy in (ticks.to_metadata(MetaData()), pickle.loads(pickle.dumps(ticks))):
        assert dict(copy.info) == info
        assert hypertable_of(copy).time_column == "at"


def test_a_revision_without_the_plugin_is_valid():
    """Alembic's own autogenerate writes nothing of declarations."""
    ticks = table(Hypertable("at", chunk_interval="1 day"))
    made = UpgradeOps([CreateTableOp.from_table(ticks)])
    made.ops += [CreateIndexOp.from_index(index) for index in ticks.indexes]
    code = render_python_code(made)
    revision: dict = {}
    exec(f"import sqlalchemy as sa\ndef upgrade(op):\n    {code}", revision)
    assert "info=" not in code
    sql = io.StringIO()
    offline = {"as_sql": True, "output_buffer": sql}
    context = MigrationContext.configure(dialect_name="postgresql", opts=offline)
    revision["upgrade"](Operations(context))
    assert "CREATE TABLE ticks" in sql.getvalue()
    assert "CREATE INDEX ticks_at_idx" in sql.getvalue()


def test_the_automatic_time_index_is_part_of_the_metadata():
    ticks = table(Hypertable("at", chunk_interval="1 day"))
    assert [index.name for index in ticks.indexes] == ["ticks_at_idx"]


def test_there_is_none_where_the_models_declare_one_or_decline_it():
    own = Column("at", DateTime, index=True)
    declared = Table("t", MetaData(), own, Hypertable("at", chunk_interval="1 day"))
    assert [index.name for index in declared.indexes] == ["ix_t_at"]
    own = Column("at", DateTime)
    descending = Index("ix_t_at", own.desc().nulls_last())
    declared = Table("t", MetaData(), own, descending, Hypertable("at", chunk_interval="1 day"))
    assert declared.indexes == {descending}
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


@pytest.mark.parametrize(
    ("table_name", "columns", "name"),
    [
        # The longer one is cut first, and the columns where both are as long.
        ("t" * 40, "c" * 20, f"{'t' * 38}_{'c' * 20}_idx"),
        ("t" * 20, "c" * 40, f"{'t' * 20}_{'c' * 38}_idx"),
        ("t" * 30, "c" * 30, f"{'t' * 29}_{'c' * 29}_idx"),
        ("t" * 30, "c" * 29, f"{'t' * 29}_{'c' * 29}_idx"),
        ("t" * 29, "c" * 29, f"{'t' * 29}_{'c' * 29}_idx"),
        ("t" * 60, "", f"{'t' * 59}_idx"),
        ("t" * 59, "", f"{'t' * 59}_idx"),
        ("é" * 30, "at", f"{'é' * 28}_at_idx"),
        # Half a character is no character.
        ("t" + "é" * 30, "at", f"t{'é' * 27}_at_idx"),
    ],
)
def test_what_is_cut_of_long_names(table_name, columns, name):
    assert default_name(table_name, columns, "idx") == name
    assert len(name.encode()) <= 63


def test_of_two_that_are_as_long_the_columns_are_cut_first():
    assert default_name("t" * 40, "c" * 40, "excl") == f"{'t' * 29}_{'c' * 28}_excl"


def test_the_shortest_chunk_and_the_smallest_number_of_partitions():
    parts = [HashPartition("id", 1)]
    declared = Hypertable("at", chunk_interval=1, partitions=parts)
    assert hypertable_of(table(declared, time_type=BigInteger())).partitions == tuple(parts)


def test_a_column_of_a_view_is_known_by_its_name_where_the_query_is_a_text():
    view = Table("view", MetaData())
    assert Reorder("ix")._column(view, "price", "column").name == "price"


def test_what_a_retention_declares():
    ticks = daily(Retention(drop_after="1 year", schedule_interval="12 hours"))
    declared = retention_of(ticks)
    assert declared.drop_after == Interval.parse("1 year")
    assert declared.schedule_interval == Interval.parse("12 hours")
    numbered = table(
        Hypertable("at", chunk_interval=100), Retention(drop_after=7), time_type=BigInteger()
    )
    assert retention_of(numbered).drop_after == 7
    created = retention_of(daily(Retention(drop_created_before="90 days")))
    assert created.drop_after is None
    assert created.drop_created_before == Interval.parse("90 days")
    assert retention_of(numbered).schedule_interval is None
    assert retention_of(table()) is None
    assert hypertable_of(table()) is None


def test_a_compression_by_the_creation_of_chunks():
    declared = compression_of(
        daily(Compression(order_by="at", after=None, created_before="30 days"))
    )
    assert declared.after is None
    assert declared.created_before == Interval.parse("30 days")


def test_what_a_compression_declares():
    ticks = daily(
        Compression(
            segment_by=["symbol", "price"],
            order_by=["at DESC", OrderBy("id", descending=True, nulls_first=False)],
            after="7 days",
            schedule_interval="12 hours",
            chunk_interval="4 days",
        ),
    )
    declared = compression_of(ticks)
    assert declared.segment_by == ("symbol", "price")
    assert [str(item) for item in declared.order_by] == [
        "at DESC NULLS FIRST",
        "id DESC NULLS LAST",
    ]
    assert declared.after == Interval.parse("7 days")
    assert declared.schedule_interval == Interval.parse("12 hours")
    assert declared.chunk_interval == Interval.parse("4 days")
    little = daily(Compression(segment_by="symbol, , price", order_by="at", after=None))
    declared = compression_of(little)
    assert declared.segment_by == ("symbol", "price")
    assert (declared.after, declared.schedule_interval, declared.chunk_interval) == (
        None, None, None,
    )  # fmt: skip


def partitioned(*parts):
    """The indexes of a table whose key begins with the time, and who makes them."""
    key = Column("at", DateTime, primary_key=True), Column("id", Integer, primary_key=True)
    declared = Hypertable("at", chunk_interval="1 day", partitions=parts)
    ticks = Table("ticks", MetaData(), *key, Column("price", Integer, index=True), declared)
    return {
        index.name: [is_default_index(index), *map(str, index.expressions)]
        for index in ticks.indexes
    }


def test_indexes_that_timescaledb_makes():
    own = {"ix_ticks_price": [False, "ticks.price"]}
    time = {"ticks_at_idx": [True, "ticks.at DESC"]}
    both = {"ticks_id_at_idx": [True, "ticks.id", "ticks.at DESC"]}
    assert partitioned() == {**own, **time}
    assert partitioned(HashPartition("id", 4), HashPartition("at", 2)) == {**own, **time, **both}
    assert partitioned(HashPartition("id", 4, time_index=False)) == {**own, **time}


def test_an_index_by_timescaledbs_name_is_the_index_itself():
    """Where there is a second one on the time, `inspect` prints this one as a text."""
    ticks = table(Index("ticks_at_idx", text("at DESC")), Hypertable("at", chunk_interval="1 day"))
    assert [(item.name, is_default_index(item)) for item in ticks.indexes] == [
        ("ticks_at_idx", False)
    ]


def test_a_key_takes_the_place_of_an_index():
    parts = [HashPartition("id", 4)]
    ticks = table(Hypertable("at", chunk_interval="1 day", partitions=parts))
    assert [index.name for index in ticks.indexes] == ["ticks_at_idx"]


@pytest.mark.parametrize("unique", [False, True])
def test_an_index_on_the_time_alone_takes_its_place(unique):
    index = Index("own", "at", unique=unique)
    own = Table(
        "t", MetaData(), Column("at", DateTime), index, Hypertable("at", chunk_interval="1 d")
    )
    assert [index.name for index in own.indexes] == ["own"]


@pytest.mark.parametrize("item", ["price", func.abs(literal_column("price"))])
def test_an_index_led_by_the_time_does_not(item):
    ticks = daily(Index("own", "at", item))
    assert {index.name for index in ticks.indexes} == {"own", "ticks_at_idx"}


class Moment(TypeDecorator):
    impl = DateTime
    cache_ok = True


@pytest.mark.parametrize("kind", [Date(), DateTime(), Uuid(), Moment()])
def test_types_of_time(kind):
    ticks = daily(time_type=kind)
    assert hypertable_of(ticks).chunk_interval == Interval.parse("1 day")


def test_a_column_may_be_called_by_its_name_or_its_key():
    keyed = Table(
        "t", MetaData(), Column("at", DateTime, key="moment"), Column("b", Integer, key="at"),
        Hypertable("moment", chunk_interval="1 day", time_index=False),
    )  # fmt: skip
    assert hypertable_of(keyed).time_column == "moment"
    named = Table(
        "t", MetaData(), Column("a", Integer), Column("at", DateTime, key="moment"),
        Hypertable("at", chunk_interval="1 day", time_index=False),
    )  # fmt: skip
    assert hypertable_of(named).time_column == "at"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (' "a ""b"" c"  desc  nulls  last ', 'a "b" c DESC NULLS LAST'),
        ("at ASC NULLS FIRST", "at ASC NULLS FIRST"),
        ("AT Desc", "AT DESC NULLS FIRST"),
    ],
)
def test_order_in_other_spellings(text, shown):
    assert str(OrderBy.parse(text)) == shown


@pytest.mark.parametrize("text", ["", "at down", "at nulls", "a b desc", "at desc, id"])
def test_what_is_no_order(text):
    shape = r"does not have the form 'column \[ASC\|DESC\] \[NULLS FIRST\|LAST\]'$"
    with pytest.raises(ValueError, match=shape):
        OrderBy.parse(text)


def test_what_a_schema_needs():
    metadata = MetaData()
    default = server_requirement_of(metadata)
    assert (default.minimum, default.community) == ("2.17", None)
    assert not default.declares_minimum
    assert not TimescaleDB(community=True).declares_minimum
    assert TimescaleDB(minimum="2.17").declares_minimum
    needed = TimescaleDB(minimum="2.20.1", community=True)
    needed.require(metadata)
    assert server_requirement_of(metadata) is needed
    assert (needed.minimum, needed.community) == ("2.20.1", True)


def test_the_parts_of_an_error():
    error = DeclarationError("ticks", "it is wrong").in_model("Ticks")
    assert (error.subject, error.reason) == ("Ticks (ticks)", "it is wrong")
    assert str(error) == "Ticks (ticks): it is wrong"


@pytest.mark.parametrize("segment_by", ["meterId", '"meterId"'])
@pytest.mark.parametrize("order_by", ["At DESC", '"At" DESC'])
def test_capitals_need_no_quotes_in_either_argument(segment_by, order_by):
    meters = Table(
        "MeterData",
        MetaData(),
        Column("meterId", Integer),
        Column("At", DateTime(timezone=True), nullable=False),
        Hypertable("At", chunk_interval="1 day"),
        Compression(segment_by=segment_by, order_by=order_by, after="7 days"),
    )
    compression = compression_of(meters)
    assert compression.segment_by == ("meterId",)
    assert [item.column for item in compression.order_by] == ["At"]


def test_quoted_names_may_have_commas_quotes_and_capitals():
    quoted = Table(
        "t",
        MetaData(),
        Column("When", DateTime(timezone=True), nullable=False),
        Column("a,b", Integer),
        Column('c"d', Integer),
        Column("e, f", Integer),
        Hypertable("When", chunk_interval="1 day"),
        Compression(
            segment_by='"a,b", "c""d"', order_by='"When" DESC, "e, f" NULLS FIRST', after="1 day"
        ),
    )
    compression = compression_of(quoted)
    assert compression.segment_by == ("a,b", 'c"d')
    assert [item.column for item in compression.order_by] == ["When", "e, f"]


def test_the_tables_that_refer_to_a_table():
    metadata = MetaData(schema="s")
    one = Table("one", metadata, Column("id", Integer, primary_key=True),
                Column("before", ForeignKey("s.one.id")))  # fmt: skip
    Table("two", metadata, Column("one_id", ForeignKey("s.one.id")))
    Table(
        "a", metadata, Column("two", ForeignKey("s.two.one_id")), Column("o", ForeignKey(one.c.id))
    )
    assert referring_tables(one) == ["s.a", "s.two"]
    assert referring_tables(metadata.tables["s.a"]) == []
