"""A wrong declaration of a view or a continuous aggregate fails where it is written."""

from datetime import timedelta
from enum import StrEnum

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    cast,
    desc,
    func,
    literal,
    select,
    text,
    try_cast,
)
from sqlalchemy import Interval as Length
from sqlalchemy.dialects.postgresql import INTERVAL

from conformance.declarations import (
    Compression,
    ContinuousAggregate,
    DeclarationError,
    Hypertable,
    MaterializedView,
    Refresh,
    Retention,
    View,
    aggregate_of,
    include_name,
    include_object,
    refreshes_of,
    retention_of,
    tables_of,
    view_of,
    views_of,
)
from conformance.declarations.queries import query_sql
from conformance.expected import spelling
from conformance.expected.spelling import query as spelled
from conformance.intervals import Interval, bucket_of


class State(StrEnum):
    """SQLAlchemy writes the name of a member, not its value."""

    OPEN = "open"


METADATA = MetaData()
FLOWS = Table(
    "flows",
    METADATA,
    Column("probe", Integer),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("litres", Double),
    Hypertable("at", chunk_interval="7 days"),
)
DAY = func.time_bucket(text("INTERVAL '1 day'"), FLOWS.c.at).label("day")
MEAN = func.avg(FLOWS.c.litres).label("mean")
MEANS = select(FLOWS.c.probe, DAY, MEAN).group_by(FLOWS.c.probe, DAY)
NUMBERED = "SELECT time_bucket(100, height) AS bucket, count(*) FROM blocks GROUP BY 1"


def daily(*items, query=MEANS, **settings):
    """A table `daily` that is declared a continuous aggregate."""
    return Table(
        "daily",
        MetaData(),
        Column("probe", Integer),
        Column("day", DateTime(timezone=True)),
        Column("mean", Double),
        ContinuousAggregate(query, **settings),
        *items,
    )


def refresh(start="3 days", end="1 hour", schedule="1 hour", **options):
    return Refresh(start_offset=start, end_offset=end, schedule_interval=schedule, **options)


def without_class(*items, kind=ContinuousAggregate, query=MEANS, name="daily", metadata=None):
    kind(query, *items, name=name).require(MetaData() if metadata is None else metadata)


WRONG = {
    "no query": (
        lambda: daily(query="DELETE FROM flows"),
        r"daily: query 'DELETE FROM flows' is not a SELECT",
    ),
    "no bucket": (
        lambda: daily(query=select(FLOWS.c.probe, func.max(FLOWS.c.at).label("day"))),
        r"daily: the query has no time_bucket\(\); a continuous aggregate must group by one",
    ),
    "no bucket in a text": (
        lambda: daily(query="SELECT 1"),
        r"daily: the query has no time_bucket\(\)",
    ),
    "a column without a name": (
        lambda: without_class(query=select(DAY, func.avg(FLOWS.c.litres)).group_by(DAY)),
        r"daily: column avg\(flows.litres\) of the query has no name; give the column one with "
        r".label\(\)",
    ),
    "a column that the query lacks": (
        lambda: daily(query=select(FLOWS.c.probe, DAY).group_by(FLOWS.c.probe, DAY)),
        r"daily: column 'mean' is not in the query of the continuous aggregate; the query has "
        r"probe, day",
    ),
    "no name": (
        lambda: without_class(name=None),
        r"ContinuousAggregate: has no name; pass name=, or put it into __table_args__ of a mapped "
        r"class",
    ),
    "the name of a table": (
        lambda: without_class(name="flows", metadata=METADATA),
        r"flows: a mapped class has the name of the continuous aggregate already",
    ),
    "another name than the class": (
        lambda: daily(name="weekly"),
        r"daily: names the continuous aggregate 'weekly' although its class has a name",
    ),
    "two kinds of view": (
        lambda: daily(View(MEANS)),
        r"daily: declares both ContinuousAggregate and View; remove one",
    ),
    "a hypertable as well": (
        lambda: daily(Hypertable("day", chunk_interval="1 day")),
        r"daily: declares both ContinuousAggregate and Hypertable; remove one",
    ),
    "a refresh of nothing": (
        lambda: Table("t", MetaData(), Column("a", Integer), refresh()),
        r"t: has Refresh\(...\) but not ContinuousAggregate\(...\)",
    ),
    "a refresh of a view": (
        lambda: without_class(refresh(), kind=View),
        r"daily: has Refresh\(...\) but not ContinuousAggregate\(...\)",
    ),
    "a window of one bucket": (
        lambda: daily(refresh(start="25 hours")),
        r"daily: the window 1 day 01:00:00 to 1 hour of Refresh is too small; a refresh covers at "
        r"least two buckets",
    ),
    "a window that ends before it starts": (
        lambda: daily(refresh(start="1 hour", end="3 days")),
        r"daily: the window 1 hour to 3 days of Refresh is too small",
    ),
    "windows that overlap": (
        lambda: daily(refresh(), refresh(start="9 days", end="2 days")),
        r"daily: the windows 3 days to 1 hour and 9 days to 2 days of two Refresh overlap",
    ),
    "windows that overlap in the newest rows": (
        lambda: daily(refresh(start="5 days", end=None), refresh(start="9 days", end="3 days")),
        r"^daily: the windows 5 days to unbounded and 9 days to 3 days of two Refresh overlap$",
    ),
    "windows that overlap in the oldest rows": (
        lambda: daily(refresh(start=None, end="3 days"), refresh(start="9 days", end="6 days")),
        r"^daily: the windows unbounded to 3 days and 9 days to 6 days of two Refresh overlap$",
    ),
    "a window of nothing": (
        lambda: without_class(refresh(start=7, end=7), query=None),
        r"^daily: the window 7 to 7 of Refresh is too small",
    ),
    "an end that is no length": (
        lambda: daily(refresh(end="lately")),
        r"^daily: end offset: 'lately' is not an interval",
    ),
    "an end of another unit": (
        lambda: daily(refresh(start=None, end=7)),
        r"^daily: end offset 7 must be a length of time",
    ),
    "a chunk interval that is no length": (
        lambda: daily(chunk_interval="a while"),
        r"^daily: chunk interval: 'a while' is not an interval",
    ),
    "an offset that is no length": (
        lambda: daily(refresh(start="long ago")),
        r"daily: start offset: 'long ago' is not an interval",
    ),
    "an offset of another unit": (
        lambda: daily(refresh(start=7, end=None)),
        r"daily: start offset 7 must be a length of time, because the time column is not an "
        r"integer",
    ),
    "an offset of another unit than numbers": (
        lambda: without_class(refresh(), query=NUMBERED),
        r"daily: start offset 3 days must be a number, because the time column is an integer",
    ),
    "a schedule that is no length": (
        lambda: daily(refresh(schedule="0 s")),
        r"daily: schedule interval '0 s' must be more than zero",
    ),
    "no schedule": (
        lambda: daily(refresh(schedule=None)),
        r"daily: Refresh needs a schedule_interval",
    ),
    "a chunk interval of another unit": (
        lambda: daily(chunk_interval=7),
        r"daily: chunk interval 7 must be a length of time, because the time column is not an "
        r"integer",
    ),
    "compression by a column that the query lacks": (
        lambda: without_class(Compression(segment_by="site", order_by="day", after=None)),
        r"daily: the table has no column 'site' \(segment_by\); it has probe, day, mean",
    ),
    "compression of a view": (
        lambda: without_class(Compression(order_by="day", after=None), kind=View),
        r"daily: has Compression\(...\) but neither Hypertable\(...\) nor "
        r"ContinuousAggregate\(...\)",
    ),
    "an index of a view whose columns are not known": (
        lambda: without_class(Index("ix", "probe"), query="SELECT 1 AS probe", kind=View),
        r"daily: index ix names a column that the query does not show; if only the server knows "
        r"the columns, write text\(\) around the name",
    ),
    "retention of another unit": (
        lambda: daily(Retention(drop_after=9)),
        r"daily: drop after 9 must be a length of time, because the time column is not an integer",
    ),
}


@pytest.mark.parametrize(("build", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_declaration_is_refused(build, sentence):
    with pytest.raises(DeclarationError, match=sentence):
        build()


def test_a_mapped_class_is_no_table():
    metadata = MetaData()
    table = Table("latest", metadata, Column("a", Integer), View("SELECT 1 AS a"))
    plain = Table("plain", metadata, Column("a", Integer))
    assert view_of(table) is not None
    assert (tables_of(metadata), views_of(metadata)) == ([plain], [table])


def test_one_without_a_class_is_no_table_either():
    metadata = MetaData(schema="desk")
    MaterializedView(MEANS, Index("ix_mean", "mean"), name="means").require(metadata)
    assert metadata.sorted_tables == []
    (table,) = views_of(metadata)
    assert (table.schema, table.name, len(table.indexes)) == ("desk", "means", 1)
    assert [column.name for column in table.columns] == ["probe", "day", "mean"]
    with pytest.raises(DeclarationError, match="means: a mapped class has the name of the view"):
        View("SELECT 1", name="means").require(metadata)


def test_what_is_without_a_class_has_the_types_and_the_conventional_names_of_its_parts():
    metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s"})
    MaterializedView(MEANS, Index(None, "mean"), name="means", schema="attic").require(metadata)
    (table,) = views_of(metadata)
    assert isinstance(table.c.probe.type, Integer)
    assert [spelling.final_name(index) for index in table.indexes] == ["ix_means_mean"]
    assert (table.schema, view_of(table).query) == ("attic", MEANS)


def test_a_schema_may_be_named():
    view = View(MEANS, name="means", schema="attic")
    view.require(MetaData(schema="desk"))
    assert (view.schema, view.table.schema, view.name) == ("attic", "attic", "means")
    assert view.query is MEANS


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, ()),
        ({"check_option": "local"}, ("check_option=local",)),
        ({"security_barrier": True}, ("security_barrier=true",)),
        (
            {"security_invoker": True, "security_barrier": True, "check_option": "cascaded"},
            ("check_option=cascaded", "security_barrier=true", "security_invoker=true"),
        ),
    ],
)
def test_options_of_a_view_come_in_the_order_of_their_names(given, options):
    assert View("SELECT 1", **given).options == options


def test_the_tables_that_a_query_speaks_of():
    metadata = MetaData()
    one, two, three = (Table(name, metadata, Column("a", Integer)) for name in "uvw")
    joined = select(one.c.a).join(two, one.c.a == two.c.a)
    inner = select(one.c.a).where(one.c.a.in_(select(three.c.a)), one.c.a.in_(select(one.c.a)))
    assert sorted(table.name for table in View(joined).sources()) == ["u", "v"]
    assert sorted(table.name for table in View(inner).sources()) == ["u", "w"]
    assert View(select(two.alias().c.a)).sources() == [two]
    assert View("SELECT a FROM u").sources() is None
    assert View().sources() is None


def test_autogenerate_looks_into_no_schema_of_timescaledb():
    for name in ("_timescaledb_catalog", "timescaledb_information", "toolkit_experimental"):
        assert not include_name(name, "schema", {})
        # Tables and indexes are compared, whatever they are called.
        assert include_name(name, "table", {})
    for name in (None, "public", "desk_timescaledb_"):
        assert include_name(name, "schema", {})


@pytest.mark.parametrize(
    ("name", "kind", "schema", "compared"),
    [
        ("timescaledb_information.jobs", "view", "timescaledb_information", False),
        ("_timescaledb_catalog.x", "trigger", "_timescaledb_catalog", False),
        ("public.timescaledb", "extension", "public", False),
        ("public.timescaledb", "view", "public", True),
        ("public.citext", "extension", "public", True),
        ("desk.ts_insert_blocker", "trigger", "desk", False),
        ("desk.ts_cagg_invalidation_trigger", "trigger", "desk", False),
        ("desk.ts_insert_blocker", "view", "desk", True),
        ("desk.touch", "trigger", "desk", True),
        ("x", "view", None, True),
    ],
)
def test_alembic_utils_looks_into_no_schema_of_timescaledb(name, kind, schema, compared):
    assert include_name(name, kind, {"schema_name": schema}) is compared


def test_alembic_utils_names_the_schema_among_the_parents():
    assert include_name("x", "view")


def test_autogenerate_leaves_it_alone():
    metadata = MetaData()
    table = Table("latest", metadata, Column("a", Integer), View())
    plain = Table("plain", metadata, Column("a", Integer), Index("ix_a", "a"))
    assert not include_object(table, "latest", "table", False, None)
    assert include_object(plain, "plain", "table", False, None)
    assert include_object(plain.c.a, "a", "column", False, None)
    for prefix, compared in (("FOREIGN", False), ("foreign", False), ("UNLOGGED", True)):
        other = Table(prefix, metadata, Column("a", Integer), prefixes=[prefix])
        assert include_object(other, prefix, "table", False, None) is compared


def test_windows_may_touch_and_cover_two_buckets():
    table = daily(refresh(start="3 days", end="1 day"), refresh(start="9 days", end="3 days"))
    assert len(refreshes_of(table)) == 2


def test_of_an_unknown_bucket_a_window_may_be_of_any_size():
    metadata = MetaData()
    without_class(refresh(start=8, end=7), query=None, metadata=metadata)
    (table,) = views_of(metadata)
    assert [str(item) for item in refreshes_of(table)] == ["8 to 7"]


def test_an_age_is_not_held_against_a_bucket_that_is_not_known():
    unknown = "SELECT time_bucket(width(), at) AS day FROM flows"
    assert retention_of(daily(Retention(drop_after=9), query=unknown)).drop_after == 9


def test_several_refreshes():
    table = daily(refresh(), refresh(start=None, end="3 days", schedule="1 day"))
    assert [str(item) for item in refreshes_of(table)] == [
        "3 days to 1 hour",
        "unbounded to 3 days",
    ]


@pytest.mark.parametrize(
    ("query", "bucket"),
    [
        (MEANS, "1 day"),
        (select(func.time_bucket(timedelta(hours=6), FLOWS.c.at).label("day")), "6 hours"),
        (select(func.time_bucket("15 min", FLOWS.c.at).label("day")), "15 minutes"),
        ("SELECT time_bucket( interval '2 weeks', at) AS day FROM flows", "14 days"),
        ("SELECT public.time_bucket('1 day'::interval, at) AS day FROM flows", "1 day"),
        ("select TIME_BUCKET(bucket_width => CAST('1 day' AS interval), at)", "1 day"),
        (NUMBERED, 100),
        ("SELECT time_bucket((1000)::bigint, height)", 1000),
        ("SELECT time_bucket('1000'::bigint, height)", 1000),
        (select(func.time_bucket(timedelta(days=1, hours=2), FLOWS.c.at).label("day")), "26 hours"),
        (select(func.time_bucket(100, FLOWS.c.probe).label("day")), 100),
        (select(func.time_bucket(literal("1 day").cast(Length), FLOWS.c.at).label("day")), "1 day"),
        # SQLAlchemy's dialect of PostgreSQL makes a call of it, which is not read.
        (select(func.time_bucket(cast("1 day", Length), FLOWS.c.at).label("day")), "1 day"),
        (select(func.time_bucket(cast("6 hours", INTERVAL), FLOWS.c.at).label("day")), "6 hours"),
        (select(func.time_bucket(literal("1 day", Length), FLOWS.c.at).label("day")), "1 day"),
        (select(func.time_bucket(cast(timedelta(1), Length), FLOWS.c.at).label("day")), None),
        ("SELECT time_bucket(width(), at) AS day FROM flows", None),
        ("SELECT time_bucket('a while', at) AS day FROM flows", None),
    ],
)
def test_the_bucket_is_read_from_the_query(query, bucket):
    metadata = MetaData()
    ContinuousAggregate(query, name="daily").require(metadata)
    wanted = Interval.parse(bucket) if isinstance(bucket, str) else bucket
    assert aggregate_of(views_of(metadata)[0]).bucket == wanted


def test_a_query_without_a_bucket_has_none():
    assert bucket_of("SELECT my_time_bucket('1 day', at) FROM flows") is None


def test_the_columns_that_it_indexes():
    assert aggregate_of(daily()).indexed_columns() == ("day", ["probe"])
    assert aggregate_of(daily(query="SELECT time_bucket('1 day', at)")).indexed_columns() is None
    hidden = select(DAY, func.avg(FLOWS.c.litres).label("mean"), FLOWS.c.probe)
    hidden = hidden.group_by(DAY, FLOWS.c.probe, FLOWS.c.litres)
    assert aggregate_of(daily(query=hidden)).indexed_columns() is None


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        ([DAY], ["probe"]),
        ([MEAN], ["probe", "mean"]),
        ([MEAN.desc().nulls_last(), "probe"], ["probe", "mean"]),
        ([func.avg(FLOWS.c.litres).desc()], ["probe", "mean"]),
        (["mean", desc("day")], ["probe", "mean"]),
        ([-MEAN], None),
        (["another"], None),
        ([func.max(FLOWS.c.litres)], None),
    ],
)
def test_the_columns_of_an_order(clauses, found):
    query = select(FLOWS.c.probe, DAY, MEAN).group_by(FLOWS.c.probe, DAY).order_by(*clauses)
    wanted = None if found is None else ("day", found)
    assert aggregate_of(daily(query=query)).indexed_columns() == wanted


def test_a_name_in_group_by_may_be_that_of_another_column():
    """PostgreSQL takes a column of the source before one of the result."""
    query = select(FLOWS.c.probe, DAY, MEAN).group_by("probe", DAY)
    assert aggregate_of(daily(query=query)).indexed_columns() is None


def test_a_timedelta_is_written_as_people_write_it():
    query = select(func.time_bucket(timedelta(days=1, hours=2), Column("at", BigInteger)))
    assert "INTERVAL '1 day 02:00:00'" in spelled(query)


def test_a_length_of_time_that_is_cast_is_written_as_a_text():
    """SQLAlchemy writes only a timedelta as a literal of the type Interval."""
    query = select(func.time_bucket(cast("1 day", Length), FLOWS.c.at).label("day"))
    assert "time_bucket(CAST('1 day' AS INTERVAL), flows.at)" in spelled(query)


def test_a_text_of_another_type_is_written_as_that_type_writes_it():
    state = literal(State.OPEN, Enum(State))
    assert "'OPEN'" in spelled(select(state.label("state")))


@pytest.mark.parametrize("width", [try_cast("1 day", INTERVAL), cast(object(), INTERVAL)])
def test_a_value_that_cannot_be_written_is_one_sentence(width):
    day = func.time_bucket(width, FLOWS.c.at).label("day")
    with pytest.raises(DeclarationError) as caught:
        daily(query=select(day).group_by(day))
    said = str(caught.value)
    assert said.startswith("daily: the query cannot be written with its values: ")
    assert said.endswith("Write the value as text(), or pass the whole query as a text")
    assert "0x" not in said


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            literal({"a": 1}),
            "No literal value renderer is available for literal value"
            """ "{'a': 1}" with datatype NULL""",
        ),
        (
            literal(object()),
            'No literal value renderer is available for literal value "" with datatype NULL',
        ),
        (
            literal("x", ARRAY(Integer)),
            """Could not render literal value "'x'" with datatype ARRAY""",
        ),
    ],
)
def test_a_value_that_no_literal_says(value, reason):
    with pytest.raises(DeclarationError) as refused:
        query_sql(select(value), "daily")
    assert str(refused.value) == (
        f"daily: the query cannot be written with its values: {reason}. Write the value as text(),"
        " or pass the whole query as a text"
    )


def test_tables_whose_keys_are_in_a_circle_have_an_order_without_a_warning():
    metadata = MetaData()
    for name, other in (("a", "b"), ("b", "a")):
        key = Column("id", Integer, primary_key=True)
        Table(name, metadata, key, Column("other", ForeignKey(f"{other}.id")))
    child = Table("aa", metadata, Column("a", ForeignKey("a.id")))
    assert {*tables_of(metadata)} == {*metadata.tables.values()}
    assert tables_of(metadata)[-1] is child
