"""Generated values of every type survive a round trip; awkward values are among them."""

from __future__ import annotations

import enum
import json
import math
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import find, given, settings
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import DBAPIError

from conformance.strategies import NotDerivable, canonical, rows

from .drawing import always, comes_up


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Sealed(sa.TypeDecorator):
    """A decorator without a vocabulary."""

    impl = sa.String(5)
    cache_ok = True


class Terms(sa.TypeDecorator):
    """A decorator with one."""

    impl = sa.Text
    cache_ok = True
    terms = Colour

    def process_bind_param(self, value, _):
        return None if value is None else value.value

    def process_result_value(self, value, _):
        return None if value is None else Colour(value)


class OnPostgreSQL(sa.TypeDecorator):
    """A decorator that stands for another type there."""

    impl = sa.CHAR(36)
    cache_ok = True

    def load_dialect_impl(self, dialect):
        return dialect.type_descriptor(sa.Uuid())


class Decorator(sa.TypeDecorator):
    """A decorator with Python values of its own."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, impl, bind, read):
        super().__init__()
        self.impl = impl
        self.bind, self.read = bind, read

    def process_bind_param(self, value, _):
        return None if value is None else self.bind(value)

    def process_result_value(self, value, _):
        return None if value is None else self.read(value)


class Seconds(Decorator):
    """Takes whole seconds, and nothing else."""

    cache_ok = True

    def __init__(self, *, timezone=True):
        self.timezone = timezone
        utc = UTC if timezone else None
        super().__init__(
            sa.DateTime(timezone=timezone),
            lambda number: datetime.fromtimestamp(number, tz=UTC).replace(tzinfo=utc),
            lambda moment: int(moment.replace(tzinfo=UTC).timestamp()),
        )


class Tagged(Decorator):
    """Keeps an Enum class that has nothing to do with its values."""

    cache_ok = True
    tag = enum.Enum("tag", {"A": "a"}, type=str)


def positive(number):
    if number <= 0:
        raise ValueError(number)
    return number


def only_utc(moment):
    assert moment.tzinfo is UTC
    return moment


@dataclass
class Point:
    """A value of nobody else's, and one that cannot be hashed."""

    x: int


class Weekday(enum.IntEnum):
    MONDAY = 1
    FRIDAY = 5


class ByName(Decorator):
    """The usual recipe for an enum that is stored as a text."""

    cache_ok = True

    def __init__(self, kept):
        self.kept = kept
        super().__init__(sa.String(10), lambda member: member.name, kept.__getitem__)


DECORATED = {
    "seconds": Seconds(),
    "naive_seconds": Seconds(timezone=False),
    "only_utc": Decorator(
        sa.DateTime(timezone=True), only_utc, lambda moment: moment.astimezone(UTC)
    ),
    "cents": Decorator(sa.BigInteger(), lambda d: int(d * 100), lambda n: Decimal(n) / 100),
    "upper": Decorator(sa.String(5), str.upper, str),
    "json_text": Decorator(sa.Text(), json.dumps, json.loads),
    "number_text": Decorator(sa.String(20), str, int),
    "uuid_in_text": Decorator(sa.CHAR(36), str, uuid.UUID),
    "uuid_by_text": Decorator(sa.Uuid(), str, lambda value: uuid.UUID(bytes=value.bytes)),
    "date_text": Decorator(sa.Text(), date.isoformat, date.fromisoformat),
    "point": Decorator(sa.Integer(), lambda point: point.x, Point),
    "by_name": ByName(Colour),
    "by_value": Decorator(sa.SmallInteger(), int, Weekday),
    "positive": Decorator(sa.Integer(), positive, positive),
    "tagged": Tagged(sa.Text(), str, str),
    "of_decorated": Decorator(Sealed(), lambda value: value[::-1], lambda value: value[::-1]),
    "list": pg.ARRAY(Seconds()),
    "of_enum": Decorator(sa.Enum(Colour, name="inner"), Colour, lambda v: v.value),
}

TYPES = {
    "small": sa.SmallInteger(),
    "integer": sa.Integer(),
    "big": sa.BigInteger(),
    "double": sa.Double(),
    "float": sa.Float(),
    "float_53": sa.Float(53),
    "real": sa.REAL(),
    "single": sa.Float(24),
    "numeric": sa.Numeric(),
    "money": sa.Numeric(12, 2),
    "whole": sa.Numeric(5),
    "fraction": sa.Numeric(3, 5),
    "precise": sa.Numeric(60, 30),
    "numeric_float": sa.Numeric(12, 3, asdecimal=False),
    "text": sa.Text(),
    "collated": sa.Text(collation="C"),
    "string": sa.String(),
    "string_1": sa.String(1),
    "string_50": sa.String(50),
    "unicode": sa.Unicode(20),
    "char_4": sa.CHAR(4),
    "variant": sa.Integer().with_variant(sa.Text(), "postgresql"),
    "boolean": sa.Boolean(),
    "date": sa.Date(),
    "naive": sa.DateTime(),
    "aware": sa.DateTime(timezone=True),
    "aware_3": pg.TIMESTAMP(timezone=True, precision=3),
    "seconds": pg.TIMESTAMP(precision=0),
    "time": sa.Time(),
    "time_aware": sa.Time(timezone=True),
    "time_3": pg.TIME(precision=3),
    "interval": sa.Interval(),
    "interval_3": pg.INTERVAL(precision=3),
    "native": sa.Enum(Colour, name="native_colour"),
    "labels": sa.Enum("a", "b c", "é", name="native_labels"),
    "foreign": sa.Enum(Colour, name="foreign", native_enum=False, create_constraint=True),
    "uuid": sa.Uuid(),
    "uuid_text": sa.Uuid(as_uuid=False),
    "bytes": sa.LargeBinary(),
    "bytea": pg.BYTEA(),
    "json": sa.JSON(),
    "jsonb": pg.JSONB(),
    "jsonb_null": pg.JSONB(none_as_null=True),
    "inet": pg.INET(),
    "cidr": pg.CIDR(),
    "macaddr": pg.MACADDR(),
    "macaddr8": pg.MACADDR8(),
    "bit": pg.BIT(),
    "bit_8": pg.BIT(8),
    "varbit": pg.BIT(varying=True),
    "varbit_9": pg.BIT(9, varying=True),
    "addresses": pg.ARRAY(pg.INET()),
    "sealed": Sealed(),
    "terms": Terms(),
    "on_postgresql": OnPostgreSQL(),
    "integers": sa.ARRAY(sa.Integer()),
    "texts": pg.ARRAY(sa.Text()),
    "doubles": pg.ARRAY(sa.Double()),
    "moments": pg.ARRAY(sa.DateTime(timezone=True)),
    "matrix": pg.ARRAY(sa.Integer(), dimensions=2),
    "documents": pg.ARRAY(pg.JSONB()),
    "colours": pg.ARRAY(sa.Enum(Colour, name="array_colour")),
    "int4range": pg.INT4RANGE(),
    "int8range": pg.INT8RANGE(),
    "numrange": pg.NUMRANGE(),
    "daterange": pg.DATERANGE(),
    "tsrange": pg.TSRANGE(),
    "tstzrange": pg.TSTZRANGE(),
    "tsvector": pg.TSVECTOR(),
    "interval_day": pg.INTERVAL(fields="DAY"),
    "interval_minute": pg.INTERVAL(fields="DAY TO MINUTE"),
    "interval_second": pg.INTERVAL(fields="HOUR TO SECOND", precision=3),
    **DECORATED,
}


def table(name, kind, *, nullable):
    return sa.Table(
        f"typed_{name}_{'nullable' if nullable else 'required'}",
        sa.MetaData(),
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("x", kind, nullable=nullable),
    )


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("nullable", [True, False], ids=["nullable", "not-null"])
def test_every_value_is_accepted_and_read_back(name, nullable, bare_writer):
    typed = table(name, TYPES[name], nullable=nullable)
    typed.create(bare_writer.connection)

    @settings(max_examples=40)
    @given(row=rows(typed))
    def insert_it(row):
        if not row:
            assert nullable
            return
        given_row, read = bare_writer.given_and_read(typed, row)
        assert read == given_row

    insert_it()


def test_mappings_of_an_extension(bare_writer):
    savepoint = bare_writer.connection.begin_nested()
    try:
        bare_writer.connection.execute(sa.text("CREATE EXTENSION hstore"))
    except DBAPIError:
        savepoint.rollback()
        pytest.skip("this server has no hstore")
    typed = table("hstore", pg.HSTORE(), nullable=True)
    bare_writer.keeps_every_row(typed, 40)


COME_UP = [
    ("double", [0.0, 1.5, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308]),
    ("real", [math.nan, math.inf, 1e-45, 3.4028235e38, 0.5]),
    ("small", [0, -(2**15), 2**15 - 1]),
    ("big", [2**63 - 1, -(2**63)]),
    ("money", [Decimal("0.01"), Decimal("-9999999999.99"), Decimal("NaN")]),
    ("text", ["", "'", "\\", "%s", "trailing ", "e\u0301", "🙂", "NULL"]),
    ("native", [Colour.RED, Colour.GREEN, None]),
    ("boolean", [True, False, None]),
    ("bytes", [b"", b"\0"]),
    ("jsonb", [None, {}, [], ""]),
    ("integers", [[], [None], [0], None]),
    ("matrix", [[], [[0, 0], [0, 0]]]),
    ("terms", list(Colour)),
    ("string_1", ["", "0"]),
    ("char_4", ["    "]),
    ("interval", [timedelta(0), timedelta(days=-1)]),
    ("int4range", [pg.Range(empty=True), pg.Range(None, None, bounds="()")]),
    ("tsvector", ["", "'a'"]),
    ("by_name", list(Colour)),
    ("by_value", list(Weekday)),
]


@pytest.mark.parametrize(("name", "wanted"), COME_UP)
def test_it_comes_up(name, wanted):
    strategy = rows(table(name, TYPES[name], nullable=True))
    for value in wanted:
        assert comes_up(
            strategy,
            lambda row, value=value: "x" in row and canonical(row["x"]) == canonical(value),
        )


@pytest.mark.parametrize("open_low", [True, False])
@pytest.mark.parametrize("open_high", [True, False])
def test_ranges_come_up_with_and_without_bounds(open_low, open_high):
    for name in ("numrange", "daterange"):
        strategy = rows(table(name, TYPES[name], nullable=False))
        assert comes_up(
            strategy,
            lambda row: (
                row["x"].lower_inf is open_low
                and row["x"].upper_inf is open_high
                and not row["x"].empty
            ),
        )


def test_the_negative_zero_comes_up():
    strategy = rows(table("double", sa.Double(), nullable=False))
    assert comes_up(strategy, lambda row: repr(row["x"]) == "-0.0")


def test_postgresql_keeps_the_sign_of_zero_and_psycopg2_does_not(bare_writer):
    """Why `canonical` takes both zeros for one: the day this fails, it should not any more."""
    signs = [
        math.copysign(1, bare_writer.connection.execute(sa.text(query), {"x": -0.0}).scalar())
        for query in ("SELECT '-0.0'::float8", "SELECT CAST(:x AS float8)")
    ]
    assert signs == [-1, 1]


def test_none_is_a_document_unless_the_type_says_that_it_is_null():
    assert comes_up(rows(table("j", TYPES["jsonb"], nullable=False)), lambda row: row["x"] is None)
    strategy = rows(table("j", TYPES["jsonb_null"], nullable=False))
    assert not comes_up(strategy, lambda row: row["x"] is None, within=1_000)


def test_a_text_is_sometimes_very_long():
    strategy = rows(table("text", sa.Text(), nullable=False))
    assert comes_up(strategy, lambda row: len(row["x"]) == 10_000)
    bounded = rows(table("string_50", sa.String(50), nullable=False))
    assert comes_up(bounded, lambda row: len(row["x"]) == 50)
    always(bounded, lambda row: len(row["x"]) <= 50)


def test_a_text_in_an_index_has_room_there():
    """2704 bytes is what a B-tree takes; two texts of four bytes a character share them."""
    indexed = table("indexed", sa.Text(), nullable=False)
    indexed.append_column(sa.Column("y", sa.Text))
    sa.Index("both", indexed.c.x, indexed.c.y)
    assert comes_up(rows(indexed), lambda row: len(row["x"]) == 325)
    always(rows(indexed), lambda row: len(row["x"]) <= 325)


@pytest.mark.parametrize("kind", [pg.TSQUERY(), pg.MONEY(), pg.INTERVAL(fields="YEAR TO MONTH")])
def test_a_type_that_is_not_known_is_named(kind):
    typed = table("unknown", kind, nullable=True)
    with pytest.raises(NotDerivable, match="column x: cannot generate values of type"):
        rows(typed)
    always(rows(typed, x="anything"), lambda row: row == {"x": "anything"})


UNKNOWABLE = {
    "object": Decorator(sa.Integer(), lambda _: 1, lambda _: object()),
    "one_way": Decorator(sa.Integer(), lambda value: value, lambda value: value + 1),
    "no_text": Decorator(sa.Text(), lambda value: value.token, lambda value: value.token),
    "not_for_the_driver": Decorator(sa.Integer(), lambda value: value, lambda value: {value}),
}


@pytest.mark.parametrize("name", UNKNOWABLE)
def test_a_decorator_whose_values_are_not_known_is_named(name):
    typed = table("decorated", UNKNOWABLE[name], nullable=True)
    with pytest.raises(NotDerivable, match="column x: cannot generate values of type Dec"):
        rows(typed)
    always(rows(typed, nulls_for_unknown=True), lambda row: row == {"x": None})
    needed = table("decorated", UNKNOWABLE[name], nullable=False)
    with pytest.raises(NotDerivable, match="column x: cannot generate values"):
        rows(needed, nulls_for_unknown=True)


def test_what_decorators_store_keeps_to_checks():
    checked = table("checked_cents", DECORATED["cents"], nullable=False)
    checked.append_constraint(sa.CheckConstraint("x BETWEEN 150 AND 250"))
    always(rows(checked), lambda row: Decimal("1.5") <= row["x"] <= Decimal("2.5"))
    colours = table("checked_names", DECORATED["by_name"], nullable=False)
    colours.append_constraint(sa.CheckConstraint("x <> 'RED'"))
    always(rows(colours), lambda row: row["x"] is Colour.GREEN)
    days = table("checked_days", DECORATED["by_value"], nullable=False)
    days.append_constraint(sa.CheckConstraint("x IN (5, 6)"))
    always(rows(days), lambda row: row["x"] is Weekday.FRIDAY)


@pytest.mark.parametrize("name", ["positive", "tagged"])
def test_decorators_leave_the_variety_that_they_take(name):
    seen = set()

    @settings(max_examples=100)
    @given(rows(table(name, DECORATED[name], nullable=False)))
    def look(row):
        seen.add(row["x"])

    look()
    assert len(seen) > 20


def test_plain_rows_are_easy_to_read():
    for kind in (sa.Text(), sa.String(3), sa.CHAR(4)):
        plain = rows(table("plain", kind, nullable=False), plain=True)
        always(plain, lambda row: len(row["x"]) <= 8)
    words = rows(table("plain", sa.Text(), nullable=False), plain=True)
    always(words, lambda row: row["x"].isalpha() and row["x"].isascii())


def test_simple_values_come_first():
    simplest = {
        name: find(rows(table(name, kind, nullable=False)), lambda _: True)["x"]
        for name, kind in TYPES.items()
        if name in ("integer", "double", "money", "text", "boolean", "jsonb", "integers", "date")
    }
    assert simplest.pop("date").isoformat() == "2020-01-01"
    assert simplest == {
        "integer": 0, "double": 0.0, "money": Decimal("0.00"), "text": "", "boolean": False,
        "jsonb": {}, "integers": [],
    }  # fmt: skip
