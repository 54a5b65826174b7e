"""Rows satisfy every CHECK that is understood; other CHECKs are named."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import find, given, settings
from hypothesis.errors import Unsatisfiable
from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    DefaultClause,
    Double,
    Enum,
    ForeignKey,
    Identity,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import CITEXT, JSONB, TIMESTAMP

from conformance.declarations import Hypertable
from conformance.strategies import (
    NotDerivable,
    batches,
    checks_not_understood,
    checks_of,
    default_span,
    narrowly_refused_by,
    refused_by,
    rows,
)

from .drawing import always, comes_up

_NUMBERS = itertools.count()


def table(check, *columns, nullable=True):
    """A table with columns `x`, `y`, ... of these types, and a check."""
    return Table(
        f"checked_{next(_NUMBERS)}",
        MetaData(),
        Column("id", Integer, Identity(), primary_key=True),
        *(
            Column(name, kind, nullable=nullable)
            for name, kind in zip("xyz", columns, strict=False)
        ),
        CheckConstraint(check, name="the_check"),
    )


UNDERSTOOD = [
    ("x IN ('a', 'b''c', 'é')", Text),
    ("x NOT IN ('', 'a')", Text),
    ("x = ANY (ARRAY['a'::text, 'b'::text])", Text),
    ("((x)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))", Text),
    ("x <> ''", Text),
    ("x <> 'abc' AND length(x) <= 3", Text),
    ("length(x) BETWEEN 2 AND 5", Text),
    ('char_length("x") = 3', String(10)),
    ("length(x) IN (1, 3)", Text),
    ("length(x) <> 1", Text),
    ("0 < length(x)", Text),
    ("length(x) > 70 AND character_length(x) < 90", String(80)),
    ("length(x) <= 2", LargeBinary),
    ("x IN ('a', 'bc')", CHAR(3)),
    ("x IN ('red')", Enum("red", "green", name="colour", native_enum=False)),
    ("x >= 0", Integer),
    ("x > 0 AND x < 3", SmallInteger),
    ("0 <= x", BigInteger),
    ("x BETWEEN -5 AND +5", Integer),
    ("x NOT BETWEEN -5 AND 5", Integer),
    ("NOT (x < 0 OR x > 9)", Integer),
    ("x <> 0", Integer),
    ("x NOT IN (1, 2, 3) AND x >= 0", Integer),
    ("x IN (1, 2, 3) AND x <> 2", Integer),
    ("x = 7", Integer),
    ("x > 1.5", Integer),
    ("x IS NULL OR x >= 100", Integer),
    ("x IS NOT NULL AND x <= -1", Integer),
    ("x IS NULL", Integer),
    ("x = 0 OR x >= 1000", Integer),
    ("x BETWEEN 0 AND 1", Double),
    ("x >= 0::double precision AND x <= 1::double precision", Double),
    ("x >= 0", Double),
    ("x > 0", Double),
    ("x < 0.1", Double),
    ("x <> 'NaN'", Double),
    ("x > '-Infinity' AND x < 'Infinity'", Double),
    ("x BETWEEN -1 AND 0", Double),
    ("x BETWEEN 0 AND 1", REAL),
    ("x > 0.005 AND x < 0.035", Numeric(6, 2)),
    ("x BETWEEN 0 AND 1", Numeric),
    ("x >= 0", Numeric(12, 4)),
    ("x", Boolean),
    ("NOT x", Boolean),
    ("x = true", Boolean),
    ("x >= '2020-02-28' AND x < DATE '2020-03-02'", Date),
    ("x <> '2020-02-29' AND x BETWEEN '2020-02-28' AND '2020-03-01'", Date),
    ("x > '2020-01-01 00:00:00' AND x <= '2020-01-01 00:00:00.000002'", DateTime),
    ("x < TIMESTAMPTZ '1999-12-31 23:00:00-05:00'", DateTime(timezone=True)),
    ("x LIKE 'Ab%'", Text),
    ("x LIKE '%.é'", Text),
    ("x LIKE '%@%._%'", String(20)),
    ("x LIKE '__-%_'", Text),
    ("x LIKE 'a\\_\\%\\\\%'", Text),
    ("x LIKE 'a''b'", Text),
    ("x LIKE '___'", Text),
    ("x LIKE '_%'", Text),
    ("x LIKE '%'", Text),
    ("x LIKE 'a' || '%' || 'b'", Text),
    ("(x)::text ~~ ('a'::text || '%'::text)", String),
    ("x LIKE 'a%' OR x LIKE 'b_'", Text),
    ("x LIKE 'a%' AND length(x) BETWEEN 5 AND 7 AND x <> 'abcde'", Text),
    ("x LIKE 'a%' AND x LIKE 'a%' AND x LIKE '____'", Text),
    ("x LIKE 'a%' AND x NOT LIKE '%z' AND x NOT LIKE 'b%'", Text),
    ("x NOT LIKE '% %'", Text),
    ("((x)::text !~~ 'a%'::text)", Text),
    ("x NOT LIKE 'a'", Text),
    ("NOT x LIKE '_%'", Text),
    ("x NOT LIKE '__'", Text),
    ("x LIKE 'r%'", Enum("red", "green", name="colour", native_enum=False)),
    ("x ~ '^[a-z0-9-]+$'", Text),
    ("(x)::text ~ '^[A-Z]{3}$'::text", CHAR(3)),
    ("x ~* '^[^@ ]+@[^@]+\\.[a-z]{2,}$'", String(40)),
    ("x ~ '^(\\d{4}-(0[1-9]|1[0-2])|none)$'", Text),
    ("x ~ '[[:upper:]_]\\w*' AND length(x) BETWEEN 12 AND 14", Text),
    ("x ~ '^(ab?|[^\\s])+$' AND length(x) > 20 AND x <> ''", String(25)),
    ("x ~ 'a|^b.c' AND x !~ '^[^@]*[0-9]'", Text),
    ("x !~ '[^a]'", Text),
    ("NOT (x ~ '^.$')", Text),
    ("x !~ '^ '", CHAR(2)),
    ("x ~ '^r'", Enum("red", "green", name="colour", native_enum=False)),
    ("jsonb_typeof(x) = 'object'", JSONB),
    ("jsonb_typeof(x) = 'array'::text", JSONB(none_as_null=True)),
    ("jsonb_typeof(x) IN ('string', 'null')", JSONB),
    ("json_typeof(x) = 'number'", JSON),
    ("'boolean' = jsonb_typeof(x)", JSONB),
    ("jsonb_typeof(x) <> 'null'", JSONB),
    ("jsonb_typeof(x) NOT IN ('object', 'array') AND jsonb_typeof(x) <> 'string'", JSONB),
    ("jsonb_typeof(x) = 'array' OR x IS NULL", JSONB),
    ("x IS TRUE OR x IS NULL", Boolean),
    ("x IS NOT FALSE", Boolean),
    ("x IS DISTINCT FROM 3 AND x >= 2 AND x < 5", Integer),
    ("NOT (x IS DISTINCT FROM 'a') OR x IS NULL", Text),
    ("length(x) IS NOT DISTINCT FROM 3 OR x IS NULL", Text),
    ("COALESCE(x, 0) >= 0", Integer),
    ("COALESCE(x, -1) >= 0 OR x IS NULL", Integer),
    ("COALESCE(x, 'b'::text) IN ('a', 'b')", Text),
    ("COALESCE(length(x), 0) < 3", Text),
    ("NOT COALESCE(x, false)", Boolean),
    ("num_nulls(x) = 0 OR num_nonnulls(x) < 1", Integer),
    ("CASE WHEN x IS NULL THEN 0 ELSE 1 END IN (0, 1)", Integer),
    ("x = lower(x)", Text),
    ("lower((x)::text) = (x)::text", String(30)),
    ("x = upper(x) AND x ~ '^[A-Za-z]{3,5}$'", Text),
    ("upper(x) = x AND x LIKE '%A_%'", Text),
    ("x = upper(x) AND x IN ('USD', 'eur')", Text),
    ("x = btrim(x) AND length(x) BETWEEN 3 AND 5", Text),
    ("x = lower(trim(x)) AND x <> ''", Text),
    ("TRIM(BOTH FROM upper(x)) = x", Text),
    ("x <> lower(x)", Text),
    ("x <> trim(lower(x)) AND length(x) < 9", Text),
    ("length(trim(x)) > 0", Text),
    ("char_length(btrim(x)) BETWEEN 1 AND 4", Text),
    ("length(TRIM(BOTH FROM (x)::text)) >= 3", String(6)),
    ("length(trim(x)) = 2", Text),
    ("length(trim(x)) <> 2", Text),
    ("trim(x) <> ''", Text),
    ("trim(x) = ''", Text),
    ("trim(x) IN ('a', 'b c')", Text),
    ("lower(x) = ANY (ARRAY['a'::text, 'b'::text])", Text),
    ("upper(x) NOT IN ('A', 'ABC')", Text),
    ("octet_length(x) = 16", LargeBinary),
    ("date_trunc('minute', x) = x", DateTime(timezone=True)),
    ("date_trunc('minute'::text, x) = x AND x > '2020-01-01 00:00:30+00'", DateTime(timezone=True)),
    ("date_trunc('hour', x) = x AND x >= '2020-01-01'", DateTime),
    ("x = date_trunc('day', x, 'UTC')", DateTime(timezone=True)),
    ("date_trunc('second', x) = x", TIMESTAMP(precision=3)),
    ("date_trunc('month', x) = x", Date),
    ("date_trunc('year', x::timestamp) = x::timestamp", Date),
    ("date_trunc('day', x) = x", Date),
    ("date_trunc('week', x) = x", DateTime),
    ("date_trunc('quarter', x) = x", DateTime(timezone=True)),
    ("date_trunc('hour', x) <> x", DateTime(timezone=True)),
    ("cardinality(x) > 0", ARRAY(Text)),
    ("cardinality(x) BETWEEN 2 AND 5", ARRAY(Integer)),
    ("cardinality(x) <> 1", ARRAY(Integer)),
    ("array_length(x, 1) >= 2", ARRAY(Double)),
    ("array_length(x, 1) = 512", ARRAY(REAL)),
    ("array_length(x, 1) <= 1", ARRAY(Text)),
    ("array_length(x, 1) <> 2 OR x IS NULL", ARRAY(Text)),
]


@pytest.mark.parametrize(("check", "kind"), UNDERSTOOD)
@pytest.mark.parametrize("nullable", [True, False], ids=["nullable", "not-null"])
def test_what_is_understood_holds(check, kind, nullable, bare_writer):
    if check == "x IS NULL" and not nullable:
        pytest.skip("nothing satisfies both")
    checked = table(check, kind, nullable=nullable)
    assert checks_not_understood(checked) == ()
    bare_writer.keeps_every_row(checked, 30)
    refuse_what_violates(checked, bare_writer)


def refuse_what_violates(checked, writer):
    """The database refuses rows that are made to violate the check, where some can be made."""
    (constraint,) = [item for item in checks_of(checked) if item.name == "the_check"]
    try:
        strategy = refused_by(checked, constraint)
    except NotDerivable:
        return

    @settings(max_examples=10)
    @given(row=strategy)
    def refuse_it(row):
        assert writer.refuses(checked, row), row

    refuse_it()


def test_what_postgresql_prints_is_understood(bare_writer):
    missed = {}
    for check, *kinds in [*UNDERSTOOD, *((check, Integer, Double) for check in TOGETHER)]:
        checked = table(check, *kinds)
        checked.create(bare_writer.connection)
        printed = bare_writer.connection.scalar(
            text(
                "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
                f" WHERE conname = 'the_check' AND conrelid = '{checked.name}'::regclass"
            )
        )
        for unread in checks_not_understood(table(printed, *kinds)):
            missed[printed] = unread.reason
    assert missed == {}


TOGETHER = [
    "x IS NOT NULL OR y IS NOT NULL",
    "(x > 0 AND y > 0) OR (x < 0 AND y < 0)",
    "x IS NULL OR y BETWEEN 1 AND 2",
    "NOT (x > 5 AND y > 5)",
    "x > 0 AND y IS NOT NULL",
    "(x IS NULL) = (y IS NULL)",
    "((x IS NOT NULL) <> (y IS NOT NULL))",
    "(x > 50) = (y IS NOT NULL)",
    "(x > 50 OR x IS NULL) <> (y > 0 AND y < 1)",
    "x IS DISTINCT FROM 5 OR y IS NOT DISTINCT FROM 5",
    "COALESCE(x, 1) > 0 AND COALESCE(y, 0) >= 0",
    "COALESCE(x, y) IS NOT NULL",
    "NOT (COALESCE(x, y) IS NULL)",
    "num_nonnulls(x, y) = 1",
    "num_nonnulls(x, y) >= 1",
    "NOT (num_nulls(x, y) > 1)",
    "num_nulls(x, y) IN (0, 2)",
    "num_nonnulls(x, y) BETWEEN 0 AND 1",
    "(x IS NOT NULL)::int + (y IS NOT NULL)::int <> 1",
    "((((x IS NOT NULL))::integer + ((y IS NULL OR x IS NULL))::integer) = 2) OR x IS NULL",
    "CASE WHEN x IS NULL THEN 0 ELSE 1 END + CASE WHEN (y IS NULL) THEN 1 ELSE 0 END = 1",
]


@pytest.mark.parametrize("check", TOGETHER)
def test_columns_that_depend_on_each_other(check, bare_writer):
    checked = table(check, Integer, Double)
    checked.append_constraint(CheckConstraint("x < 100"))
    assert checks_not_understood(checked) == ()
    bare_writer.keeps_every_row(checked, 40)
    refuse_what_violates(checked, bare_writer)


PAIRS = [
    ("x <> y", Boolean, Boolean),
    ("x != y AND x BETWEEN 1 AND 2 AND y BETWEEN 1 AND 2", Integer, Integer),
    ("NOT (x = y)", SmallInteger, BigInteger),
    ("((x)::text <> (y)::text)", String(1), String(2)),
    ("x <> y AND (x <> '' AND length(y) <= 1)", Text, Text),
    ("x <> y", Date, Date),
    ("x <> y", DateTime(timezone=True), DateTime(timezone=True)),
    ("x <> y", Numeric(3, 1), Numeric(3, 1)),
    ("x <> y", Double, Double),
    ("x <> y", Uuid, Uuid),
    ("x <> y", Enum("a", "b", name="ab", native_enum=False), Text),
    ("x <> y AND y <> z AND x <> z AND x IN (1, 2, 3) AND y IN (1, 2, 3)", Integer, Integer),
    ("x = y", Integer, Integer),
    ("x = y AND x BETWEEN 0 AND 10 AND y > 5", Integer, Integer),
    ("x = y AND y <> ''", Text, Text),
    ("x < y", Integer, Integer),
    ("x <> y AND x IN (1, 2) AND y IN (1, 2)", Integer, Numeric(3, 1)),
    ("x = y", Integer, SmallInteger),
    ("x <> y AND (x = z OR y = z) AND x IN (1, 2)", Integer, Integer),
    ("y <> z AND x = z AND x IN (1, 2) AND y IN (1, 2)", Integer, Integer),
    ("x = z AND y = z", Integer, Integer),
    ("(x = y AND y IN ('a', 'b')) OR z = 7", Text, Text),
    ("(x = y AND y = z) OR z = 7", Integer, Integer),
    ("x >= y", SmallInteger, BigInteger),
    ("x > y", Integer, Numeric(4, 1)),
    ("x < y", Numeric, Numeric(3, 2)),
    ("x <= y AND x > 0 AND y < 3", Integer, Integer),
    ("x < y AND y < z AND x > 0 AND z < 10", Integer, Integer),
    ("x < y AND x IN (3, 1, 2) AND y IN (1, 2, 3)", Integer, Integer),
    ("NOT x >= y", Double, Double),
    ("x < y", REAL, REAL),
    ("x <= y", Numeric(6, 2, asdecimal=False), Numeric(6, 2, asdecimal=False)),
    ("x < y", Date, Date),
    ("x <= y", DateTime(timezone=True), DateTime(timezone=True)),
    ("x > y", DateTime, DateTime),
    ("x < y", Time, Time),
    ("x < y", Interval, Interval),
    ("z BETWEEN x AND y", Integer, Integer),
    ("z NOT BETWEEN x AND y AND z < 9", Integer, Integer),
    ("z >= GREATEST(x, y) AND z > 0", Integer, Integer),
    ("LEAST(x, y, 7) >= z", Integer, Integer),
    ("NOT (z >= GREATEST(x, y))", Integer, Integer),
    ("x IS NULL OR y IS NULL OR x <= y", Date, Date),
    ("x > 0 OR x <> y", Integer, Integer),
    ("z = 1 OR x < y", Integer, Integer),
    ("(z = 1 AND x < y) OR (z = 2 AND x > y) OR (z = 3 AND x = y AND x > 0)", Integer, Integer),
    ("x = y AND y < z AND z < 3", Integer, Integer),
]


@pytest.mark.parametrize(("check", "one", "other"), PAIRS)
@pytest.mark.parametrize("nullable", [True, False], ids=["nullable", "not-null"])
def test_two_columns_are_compared(check, one, other, nullable, bare_writer):
    checked = table(check, one, other, Integer, nullable=nullable)
    assert checks_not_understood(checked) == ()
    bare_writer.keeps_every_row(checked, 40)
    refuse_what_violates(checked, bare_writer)


def test_no_row_satisfies_columns_that_contradict_each_other():
    check = "x < y AND x > 5 AND y < 3 AND x IS NOT NULL AND y IS NOT NULL"
    with pytest.raises(Unsatisfiable):
        find(rows(table(check, Integer, Integer)), lambda _: True)


def test_texts_that_are_the_same_as_a_third():
    checked = table("x = z AND y = z", Text, Text, Text, nullable=False)
    always(rows(checked), lambda row: row["x"] == row["y"] == row["z"])


def test_columns_that_differ_are_given_where_they_have_a_default(bare_writer):
    checked = table("x <> y", Boolean, Boolean, nullable=False)
    checked.c.x.server_default = checked.c.y.server_default = DefaultClause("true")
    checked.create(bare_writer.connection)
    always(rows(checked), lambda row: row["x"] is not row["y"])


@pytest.mark.parametrize("given_column", ["x", "y"])
def test_a_column_differs_from_one_that_the_caller_gives(given_column):
    checked = table("x <> y", Boolean, Boolean, nullable=False)
    always(rows(checked, **{given_column: True}), lambda row: row["x"] is not row["y"])
    # What the caller gives is not judged.
    always(rows(checked, x=True, y=True), lambda row: row["x"] and row["y"])


BARS = """high >= low AND high >= open AND high >= close AND low <= open AND low <= close
    AND low > 0 AND volume >= 0 AND closed_at > opened_at"""


def bars(*more):
    return Table(
        "bars", MetaData(),
        Column("id", Integer, Identity(), primary_key=not more),
        Column("opened_at", DateTime(timezone=True), nullable=False),
        *(Column(name, Numeric(9, 4), nullable=False) for name in ("open", "high", "low", "close")),
        Column("volume", BigInteger),
        Column("closed_at", DateTime(timezone=True), nullable=False),
        UniqueConstraint("opened_at", "closed_at", "open"),
        CheckConstraint(BARS, name="bar"),
        *more,
    )  # fmt: skip


def test_the_bars_of_a_market(bare_writer):
    bare_writer.keeps_every_row(bars(), 200)
    strategy = rows(bars())

    def prices(row):
        """Without NaN, which Python does not compare."""
        found = [row[name] for name in ("low", "open", "close", "high")]
        return [] if any(map(Decimal.is_nan, found)) else found

    assert comes_up(strategy, lambda row: prices(row) and sorted(set(prices(row))) == prices(row))
    assert comes_up(strategy, lambda row: row["low"] == row["high"])
    assert ["id", *find(strategy, lambda row: "volume" in row)] == bars().columns.keys()


@pytest.mark.parametrize("time_column", ["opened_at", "closed_at"])
def test_the_time_column_stays_in_its_chunks(time_column):
    declared = bars(Hypertable(time_column=time_column, chunk_interval="1 day"))
    first, last = default_span(declared)
    always(rows(declared), lambda row: first <= row[time_column] <= last)
    always(rows(declared), lambda row: row["opened_at"] < row["closed_at"])
    key = ["opened_at", "closed_at", "open"]
    always(batches(declared, key=key), lambda batch: all(r["low"] <= r["close"] for r in batch))


def test_a_column_lies_above_what_the_caller_gives():
    checked = table("x < y AND y < z", Integer, Integer, Integer, nullable=False)
    always(rows(checked, y=5), lambda row: row["x"] < 5 < row["z"])
    # The caller's value leaves the column between two others nothing but one.
    always(rows(checked, x=1, z=3), lambda row: row["y"] == 2)
    # A text can be given for a date, and says nothing to Python.
    dated = table("x < y", Date, Date, nullable=False)
    always(rows(dated, x="2020-01-01"), lambda row: row["x"] == "2020-01-01")


class Text8601(TypeDecorator):
    """Dates that are sent as texts."""

    impl = Date
    cache_ok = True

    def process_bind_param(self, value, dialect):
        del dialect
        return value and value.isoformat()


class Utc(TypeDecorator):
    """Moments that are sent in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        del dialect
        return value and value.astimezone(UTC)


def test_a_decorated_column_is_ordered_by_what_it_sends(bare_writer):
    bare_writer.keeps_every_row(table("x < y", Utc, DateTime(timezone=True), nullable=False), 40)
    (unread,) = checks_not_understood(table("x < y", Text8601, Date))
    assert "sort order" in unread.reason


def test_foreign_keys_that_differ():
    """The parents are few: by chance every second row would have the same one twice."""
    metadata = MetaData()
    Table("accounts", metadata, Column("id", Integer, primary_key=True))
    transfers = Table(
        "transfers", metadata,
        Column("sender", ForeignKey("accounts.id"), nullable=False),
        Column("receiver", ForeignKey("accounts.id"), nullable=False),
        CheckConstraint("sender <> receiver", name="two"),
    )  # fmt: skip
    strategy = rows(transfers, parents={"accounts.id": [1, 2]})
    always(strategy, lambda row: row["sender"] != row["receiver"])
    assert comes_up(strategy, lambda row: row["sender"] == 2)


def test_variants_of_a_row_keep_its_columns_apart():
    checked = table("x <> y", SmallInteger, SmallInteger, Integer, nullable=False)
    checked.append_constraint(CheckConstraint("x IN (1, 2) AND y IN (1, 2)"))
    strategy = batches(checked, key=["x", "z"], min_size=3)
    always(strategy, lambda batch: all(row["x"] != row["y"] for row in batch))


@pytest.mark.parametrize(
    ("check", "kind", "beside"),
    [
        ("x BETWEEN 0 AND 1", Double, [-5e-324, 1.0000000000000002]),
        ("x > 0", REAL, [0.0]),
        ("x >= 0", REAL, [-1.401298464324817e-45]),
        ("x BETWEEN 1 AND 5", SmallInteger, [0, 6]),
        ("x <= 32767", SmallInteger, []),
        ("x > 0", Numeric(6, 2), [Decimal("0.00")]),
        ("x < 1.5", Numeric(6, 2), [Decimal("1.50")]),
        ("x >= '2020-01-01'", Date, [date(2019, 12, 31)]),
        (
            "x > '2020-01-01 00:00:00+00'",
            DateTime(timezone=True),
            [datetime(2020, 1, 1, tzinfo=UTC)],
        ),
        ("length(x) BETWEEN 2 AND 3", Text, ["a", "aaaa"]),
        ("length(x) <= 3", String(3), []),
        ("x <> ''", Text, [""]),
        ("x <> 'abc' AND x <> 'd'", Text, ["abc", "d"]),
        ("x IN ('a', 'b')", Text, []),
        ("x > 0 OR y > 0", Integer, []),
    ],
)
def test_rows_that_a_check_only_just_refuses(check, kind, beside, bare_writer):
    checked = table(check, kind, Integer)
    checked.create(bare_writer.connection)
    (constraint,) = checks_of(checked)
    found = [find(each, lambda _: True) for each in narrowly_refused_by(checked, constraint)]
    assert sorted(row["x"] for row in found) == sorted(beside)
    assert all(bare_writer.refuses(checked, row) for row in found)


@pytest.mark.parametrize(
    ("check", "kind"),
    [("x <> y", Text), ("x = y", Integer), ("x < y", Double), ("x <= y", DateTime(timezone=True))],
)
def test_what_two_columns_must_not_be_is_refused(check, kind, bare_writer):
    checked = table(check, kind, kind)
    checked.create(bare_writer.connection)
    (constraint,) = checks_of(checked)

    @settings(max_examples=20)
    @given(row=refused_by(checked, constraint))
    def refuse_it(row):
        assert bare_writer.refuses(checked, row)

    refuse_it()


@pytest.mark.parametrize(
    ("check", "kind", "wanted"),
    [
        ("x BETWEEN 0 AND 1", Double, [0.0, 1.0, 0.5, None]),
        ("x NOT BETWEEN -5 AND 5", Integer, [-6, 6]),
        ("length(x) BETWEEN 2 AND 5", Text, ["é0", "12345"]),
        ("x = 0 OR x >= 1000", Integer, [0, 1000, 2**31 - 1]),
        ("x > 0.005 AND x < 0.035", Numeric(6, 2), [0.01, 0.03]),
        ("x > 0 OR x IS NULL", SmallInteger, [1, 32767, None]),
        ("x LIKE 'ab%' AND length(x) < 70", Text, ["ab", "é" * 9, "x" * 69, None]),
        ("x ~ '^[a-z]{2,}$' AND length(x) < 12", Text, ["ab", "x" * 10, None]),
    ],
)
def test_the_edges_of_what_is_left_come_up(check, kind, wanted):
    strategy = rows(table(check, kind))
    for value in wanted:
        assert comes_up(strategy, lambda row, value=value: _alike(row["x"], value))


def _alike(found, wanted):
    """Equal; of texts, equally long."""
    if found is None or wanted is None:
        return found is wanted
    return len(found) == len(wanted) if isinstance(wanted, str) else float(found) == wanted


@pytest.mark.parametrize(
    ("check", "nan"),
    [("x >= 0", True), ("x > 5", True), ("x BETWEEN 0 AND 1", False), ("x < 0", False),
     ("x <> 'NaN'", False), ("x <> 0", True)],
)  # fmt: skip
def test_nan_is_greater_than_every_number(check, nan):
    strategy = rows(table(check, Double, nullable=False))
    assert comes_up(strategy, lambda row: math.isnan(row["x"]), within=500) is nan


NOT_UNDERSTOOD = [
    ("y > x + 1", [Integer, Integer], "+"),
    ("x ILIKE 'a%'", [Text], "ilike"),
    ("x ~~* 'a%'", [Text], "~~*"),
    ("x <> y", [CHAR(3), CHAR(3)], "compared with another column"),
    ("x <> y", [CITEXT, CITEXT], "compared with another column"),
    ("x <> y", [JSONB, JSONB], "compared with another column"),
    ("x <> y", [Integer, Double], "different types"),
    ("x = y", [Text, String(3)], "different types"),
    ("x <> y", [DateTime, DateTime(timezone=True)], "different types"),
    ("x < y", [Text, Text], "sort order"),
    ("x < y", [Uuid, Uuid], "sort order"),
    ("x < y", [Time(timezone=True), Time(timezone=True)], "sort order"),
    ("x < y", [Date, DateTime], "different types"),
    ("x < y", [REAL, Double], "different types"),
    ("x <= GREATEST(y, 1)", [Integer, Integer], "GREATEST is not supported"),
    ("LEAST(x, 1) <= y", [Integer, Integer], "LEAST is not supported"),
    ("LEAST(x, y) > 1", [Integer, Integer], "compared with a literal"),
    ("x BETWEEN y AND length(z)", [Integer, Integer, Text], "literal"),
    ("length(x) <> y", [Text, Integer], "literal"),
    ("x <> length(y)", [Integer, Text], "literal"),
    ("x <> x", [Integer], "literal"),
    ("id <> x", [Integer], "fills the column"),
    ("x LIKE y", [Text, Text], "literal"),
    ("x LIKE 'a' || y", [Text, Text], "literal"),
    ("x LIKE 'a!%%' ESCAPE '!'", [Text], "escape"),
    ("x LIKE 'a%\\'", [Text], "backslash"),
    ("x LIKE 'a%' AND x LIKE '%b'", [Text], "two patterns"),
    ("x LIKE 'a%'", [CHAR(5)], "pattern"),
    ("x LIKE 'a%'", [LargeBinary], "pattern"),
    ("x NOT LIKE 'a%'", [CITEXT], "pattern"),
    ("x ~ '^a.*?$'", [Text], "regular"),
    ("x ~ '(a)\\1'", [Text], "regular"),
    ("x ~ '(?=a)'", [Text], "regular"),
    ("x ~ 'a^b'", [Text], "regular"),
    ("x ~ '(a'", [Text], "regular"),
    ("x ~ 'a)'", [Text], "regular"),
    ("x ~ '[z-a]'", [Text], "regular"),
    ("x ~ '[[:punct:]]'", [Text], "regular"),
    ("x ~ '[[.a.]]'", [Text], "regular"),
    ("x ~ 'é'", [Text], "regular"),
    ("x ~ 'a|'", [Text], "empty"),
    ("x ~ 'a{3,2}'", [Text], "regular"),
    ("x ~ '^a' AND x ~ 'b$'", [Text], "two patterns"),
    ("x !~ '\\w'", [Text], "locale"),
    ("x !~* 'a'", [Text], "locale"),
    ("x ~ 'a'", [CITEXT], "regular"),
    ("x ~ 'a'", [LargeBinary], "regular"),
    ("x ~ y", [Text, Text], "literal"),
    ("length(x) ~ 'a'", [Text], "length"),
    ("x ~ '^[A-Z]{3}$'", [CHAR(2)], "no row"),
    ("x ~ '^a{3}$' AND length(x) < 3", [Text], "no row"),
    ("x LIKE 1", [Text], "text"),
    ("length(x) LIKE 'a%'", [Text], "LIKE"),
    ("x LIKE 'abc%' AND length(x) < 3", [Text], "no row"),
    ("x LIKE 'a_' AND length(x) > 2", [Text], "no row"),
    ("x NOT LIKE '%'", [Text], "no row"),
    ("jsonb_typeof(x) = 'document'", [JSONB], "document"),
    ("jsonb_typeof(x) > 'array'", [JSONB], ">"),
    ("jsonb_typeof(x) LIKE 'a%'", [JSONB], "LIKE"),
    ("jsonb_typeof(x) = 'object'", [Text], "jsonb_typeof"),
    ("jsonb_typeof(x) = 'object' AND jsonb_typeof(x) = 'array'", [JSONB], "no row"),
    ("jsonb_typeof(x -> 'a') = 'object'", [JSONB], "-"),
    ("x % 2 = 0", [Integer], "%"),
    ("upper(x) = x", [CITEXT], "upper"),
    ("upper(x) = x", [CHAR(3)], "upper"),
    ("upper(x) = x AND lower(x) = x", [Text], "two cases"),
    ("upper(x) = y", [Text, Text], "literal"),
    ("upper(x) > x", [Text], ">"),
    ("upper(x) > 'A'", [Text], "order"),
    ("upper(x) = 'a'", [Text], "never"),
    ("lower(x) = 'é'", [Text], "never"),
    ("trim(x) = ' a'", [Text], "never"),
    ("trim(x) = 1", [Text], "never"),
    ("length(lower(x)) > 3", [Text], "length"),
    ("ltrim(x) = x", [Text], "ltrim"),
    ("trim(LEADING FROM x) = x", [Text], "leading"),
    ("lower(x) LIKE 'a%'", [Text], "LIKE"),
    ("octet_length(x) < 3", [Text], "octets"),
    ("cardinality(x) < 3", [ARRAY(Text, dimensions=2)], "items"),
    ("cardinality(x) < 3", [JSONB], "items"),
    ("date_trunc('day', x) = '2020-01-01'", [Date], "itself"),
    ("date_trunc('day', x) < x", [Date], "<"),
    ("date_trunc('decade', x) = x", [Date], "decade"),
    ("date_trunc('day', x, 'Asia/Tokyo') = x", [DateTime(timezone=True)], "UTC"),
    ("date_trunc('day', x) = x", [Text], "itself"),
    ("date_trunc('day', x) <> x", [Date], "no row"),
    ("cardinality(x) < 0", [ARRAY(Text)], "no row"),
    ("array_length(x, 2) < 3", [ARRAY(Text)], "dimension"),
    ("array_length(x) < 3", [ARRAY(Text)], "','"),
    ("num_nonnulls(x, length(y)) = 1", [Integer, Text], "num_nonnulls"),
    ("num_nonnulls(x) = 'a'", [Integer], "num_nonnulls"),
    ("num_nonnulls(x) = ANY (ARRAY['a', 'b'])", [Integer], "num_nonnulls"),
    ("x > 'a'::integer", [Integer], "no number"),
    ("num_nonnulls(x, y) = z", [Integer, Integer, Integer], "num_nonnulls"),
    ("(x > 0)::int + (y > 0)::int = 1", [Integer, Integer], "expected"),
    ("(x IS NULL)::text = 'true'", [Integer], "expected"),
    ("CASE WHEN x IS NULL THEN 0 ELSE 2 END = 2", [Integer], "case"),
    ("COALESCE(x, y) > 0", [Integer, Integer], "COALESCE"),
    ("COALESCE(x, 'a') LIKE 'a%'", [Text], "database"),
    ("COALESCE(x, 'a') > 'b'", [Text], "database"),
    ("(x) = (y IS NULL)", [Integer, Integer], "True"),
    ("(x IS NULL) = (y)", [Integer, Integer], "True"),
    ("(x IS NULL) < (y IS NULL)", [Integer, Integer], "expected"),
    ("(x IS NULL) IS TRUE", [Integer], "expected"),
    ("x IS DISTINCT FROM NULL", [Integer], "null"),
    ("x IS UNKNOWN", [Boolean], "unknown"),
    ("abs(x) <= 1", [Double], "abs"),
    ("x > now()", [DateTime(timezone=True)], "now"),
    ("x > '2020-01-01'", [DateTime(timezone=True)], "2020-01-01"),
    ("x > 'a'", [Text], "order"),
    ("x::integer > 3", [Double], "cast"),
    ("x > 0.5::integer", [Integer], "rounded"),
    ("x <= 0.1", [REAL], "0.1"),
    ("length(x) < 3", [CHAR(5)], "length"),
    ("x > 0 AND x < 0", [Integer], "no row"),
    ("x BETWEEN SYMMETRIC 1 AND 0", [Integer], "symmetric"),
    ("x = 'NaN'", [Double], "NaN"),
    ("(x + 1) > 0", [Integer], "+"),
    ("x > 0 OR", [Integer], ""),
    ("x = 1 = true", [Integer], "="),
]


@pytest.mark.parametrize(("check", "kinds", "word"), NOT_UNDERSTOOD)
def test_what_is_not_understood_is_named(check, kinds, word):
    checked = table(check, *kinds, nullable=False)
    (unread,) = checks_not_understood(checked)
    assert (unread.name, unread.sql) == ("the_check", check)
    assert word in unread.reason
    with pytest.raises(NotDerivable, match="the_check") as caught:
        rows(checked)
    assert caught.value.problems[0].startswith(f"check the_check ({check}) is not understood")


def test_the_caller_can_keep_it_by_overriding_all_its_columns():
    checked = table("y > x + 1", Integer, Integer)
    assert checks_not_understood(checked)[0].columns == ("x", "y")
    with pytest.raises(NotDerivable, match="override x and y"):
        rows(checked, x=1)
    assert find(rows(checked, x=1, y=3), lambda _: True) == {"x": 1, "y": 3}


def test_the_caller_can_keep_it_by_a_filter():
    checked = table("y > 2 * x", Integer, Integer, nullable=False)
    strategy = rows(checked, trusting=["the_check"]).filter(lambda row: row["y"] > 2 * row["x"])
    assert find(strategy, lambda row: row["x"] > 3)["x"] == 4
    with pytest.raises(ValueError, match="no check 'other' that is not understood"):
        rows(checked, trusting=["other"])


def test_checks_that_contradict_each_other_are_named():
    checked = table("x > 0", Integer, nullable=False)
    checked.append_constraint(CheckConstraint("x < -1", name="zero"))
    (unread,) = checks_not_understood(checked)
    assert unread.name == "zero"
    assert "no row" in unread.reason


def test_an_enum_s_own_check_is_no_check_of_the_table(bare_writer):
    kind = Enum("a", "b", name="ab", native_enum=False, create_constraint=True)
    checked = table("x <> 'a'", kind, nullable=False)
    checked.create(bare_writer.connection)
    assert find(rows(checked), lambda _: True) == {"x": "b"}
    assert bare_writer.refuses(checked, {"x": "a"})
