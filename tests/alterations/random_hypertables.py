"""Hypertables with what TimescaleDB does with them, drawn by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
)

from conformance import (
    ChunkSkipping,
    Compaction,
    Compression,
    Function,
    HashPartition,
    Hypertable,
    OrderBy,
    Reorder,
    Retention,
    SparseIndex,
    Storage,
    declare,
)
from conformance.declarations.base import attach

from .random_columns import COMMENTS, NAMES, one_in
from .random_views import add_view

SCHEMAS = (None, None, "app", "My Schema")
#: A point in the name of a table would begin another schema's.
TABLES = tuple(name for name in NAMES if "." not in name)
LENGTHS = ("1 day", "1 month", "12:00:00", "36 hours", "1 week")
#: The type of the time column, and lengths of chunks.
TIMES = (
    (DateTime(timezone=True), LENGTHS),
    (DateTime(), LENGTHS),
    (Date(), ("1 day", "1 month", "7 days")),
    (BigInteger(), (10, 1000, 86_400_000_000)),
    (Integer(), (10, 1000, 86_400)),
    (SmallInteger(), (10, 1000)),
)
TYPES = (Integer, BigInteger, Text, Double, Date, SmallInteger, Boolean, Uuid,
         lambda: DateTime(timezone=True), lambda: Numeric(10, 2), lambda: String(20))  # fmt: skip
SCHEDULES = st.sampled_from((None, "1 hour", "2 days", "1 month", "90 minutes"))
PLACES = st.sampled_from((None, True, False))


def some(draw, values, most, least=0):
    """Some of the values; none of none."""
    few = st.lists(st.sampled_from(values or [None]), min_size=least, max_size=most, unique=True)
    return draw(few) if values else []


@st.composite
def hypertables(draw, version):
    """The metadata of one or two hypertables, for this version of TimescaleDB."""
    metadata = MetaData()
    names = draw(st.lists(st.sampled_from(TABLES), min_size=4, max_size=4, unique=True))
    for place in range(draw(st.integers(1, 2))):
        table = _hypertable(draw, metadata, names[place], place, version)
        add_view(draw, table, names[place + 2], draw(st.sampled_from(SCHEMAS)))
    return metadata


def _hypertable(draw, metadata, name, place, version):
    schema = draw(st.sampled_from(SCHEMAS))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
    type_, lengths = draw(st.sampled_from(TIMES))
    time = Column(names[0], type_, nullable=False)
    others = [_column(draw, name) for name in names[1:]]
    hashed = some(draw, others, 1) if one_in(draw, 3) else []
    items = [] if draw(st.booleans()) else [_key(draw, [time, *hashed], others, place)]
    now = _present(metadata, schema, type_, place) if isinstance(type_, Integer) else None
    items.append(
        Hypertable(
            time.name,
            chunk_interval=draw(st.sampled_from(lengths)),
            time_index=draw(st.booleans()),
            integer_now=now,
            partitions=[
                HashPartition(column.name, draw(st.integers(1, 5)), time_index=draw(st.booleans()))
                for column in hashed
            ],
        )
    )
    items += _of_chunks(draw, time, others, version)
    said = draw(st.sampled_from((None, "Table's % comment")))
    own = draw(st.permutations([time, *others]))
    table = Table(name, metadata, *own, *items, schema=schema, comment=said)
    _add_indexes(draw, table, time, place)
    return table


def _column(draw, name):
    nullable, said = draw(st.booleans()), draw(st.sampled_from((None, *COMMENTS)))
    return Column(name, draw(st.sampled_from(TYPES))(), nullable=nullable, comment=said)


def _key(draw, needed, others, place):
    """Every unique key has the partitioning columns."""
    more = some(draw, [column for column in others if column not in needed], 1)
    key = draw(st.permutations([*needed, *more]))
    for column in key:
        column.nullable = False
    return PrimaryKeyConstraint(*key, name=draw(st.sampled_from((None, f"P K{place}"))))


def _present(metadata, schema, type_, place):
    """A function for the present time; its name."""
    name, sql = f"now of {place}", type_.compile()
    function = Function(f'"{name}"()', body=f"SELECT 7::{sql}", language="sql", returns=sql,
                        volatility="stable", schema=schema)  # fmt: skip
    declare(metadata, function)
    return f"{schema}.{name}" if schema else name


def _of_chunks(draw, time, others, version):
    """Compression, retention and more; no age contradicts another one."""
    integral = isinstance(time.type, Integer)
    items = []
    if draw(st.booleans()):
        items.append(_compression(draw, time, others, version))
        if version >= (2, 29) and one_in(draw, 3):
            items.append(Compaction(schedule_interval=draw(SCHEDULES), inactive_for="1 hour"))
    if one_in(draw, 3):
        age = 30_000 if integral else "20 years"
        items.append(Retention(drop_after=age, schedule_interval=draw(SCHEDULES)))
    skipped = [c.name for c in others if isinstance(c.type, Integer | Date | DateTime)]
    if skipped and one_in(draw, 3):
        items.append(ChunkSkipping(*some(draw, skipped, 2, least=1)))
    if one_in(draw, 4):
        identity = draw(st.sampled_from((None, "full", "nothing")))
        items.append(Storage({"fillfactor": 70}, replica_identity=identity))
    return items


def _compression(draw, time, others, version):
    segments = some(draw, others, 2)
    rest = [column for column in others if column not in segments]
    ordered = draw(st.permutations([time, *some(draw, rest, 1)]))
    plain = [c for c in rest if c not in ordered and not isinstance(c.type, Boolean)]
    options = {}
    if version >= (2, 22) and one_in(draw, 3):
        options["sparse_indexes"] = [
            SparseIndex(draw(st.sampled_from(("bloom", "minmax"))), column.name)
            for column in some(draw, plain, 2)
        ]
    ages = (None, 100) if isinstance(time.type, Integer) else (None, "1 day", "36:00:00", "2 years")
    after = draw(st.sampled_from(ages))
    if after is not None:
        options["schedule_interval"] = draw(SCHEDULES)
    return Compression(
        segment_by=[column.name for column in segments],
        order_by=[
            OrderBy(column.name, descending=draw(st.booleans()), nulls_first=draw(PLACES))
            for column in ordered
        ],
        after=after,
        **options,
    )


def _add_indexes(draw, table, time, place):
    at = table.c[time.name]
    plain = [column for column in table.c if column is not at]
    if one_in(draw, 3):
        Index(f"re order{place}", at, *some(draw, plain, 1))
        attach(table, Reorder(f"re order{place}", schedule_interval=draw(SCHEDULES)))
    if one_in(draw, 3):
        Index(f"I %{place}", draw(st.sampled_from((at.desc(), at))), *some(draw, plain, 2))
    if one_in(draw, 3):
        one = draw(st.sampled_from(plain))
        Index(f"partial{place}", one.desc(), postgresql_where=one.is_not(None))
