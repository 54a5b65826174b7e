"""Columns of every sort, drawn by Hypothesis."""

from __future__ import annotations

import enum

from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    Identity,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    Sequence,
    SmallInteger,
    String,
    Text,
    Time,
    Uuid,
    func,
    literal,
    text,
)
from sqlalchemy.dialects import postgresql as pg


class Side(enum.Enum):
    """An enum whose names and values differ."""

    BUY = "b'uy"
    SELL = "sell"


#: Names that need quotes, that are words of SQL, that are long, or not of ASCII.
NAMES = (
    "a", "price", "user", "order", "Mixed", "with space", "per%cent", 'quo"te', "it's", "größe",
    "table", "value", "x1", "dollar$", "_under", "select", "current_date", "n" * 40, "a.b",
    "co:lon", "back\\slash", "type", "name", "time", "id", "group", "数", "tab le", "end",
    "primary",
)  # fmt: skip

#: By kind: what makes a type.
TYPES = {
    "number": (
        Integer, BigInteger, SmallInteger, Float, Double, Numeric, pg.REAL,
        lambda: Numeric(10, 2), lambda: Numeric(5), lambda: Float(20), lambda: Float(53),
    ),
    "text": (
        String, Text, lambda: String(20), lambda: pg.CHAR(3), pg.CHAR,
        lambda: String(5, collation="C"), lambda: Text(collation="POSIX"),
    ),
    "time": (
        Date, DateTime, lambda: DateTime(timezone=True), Time, lambda: Time(timezone=True),
        lambda: pg.TIMESTAMP(precision=3), lambda: pg.TIMESTAMP(timezone=True, precision=0),
        lambda: pg.TIME(precision=2), Interval, lambda: pg.INTERVAL(fields="DAY TO SECOND"),
        lambda: pg.INTERVAL(precision=3), lambda: pg.INTERVAL(fields="YEAR TO MONTH"),
    ),
    "other": (
        Boolean, Uuid, pg.MONEY, LargeBinary, pg.JSON, pg.JSONB, pg.INET, pg.CIDR, pg.MACADDR,
        pg.BIT, lambda: pg.BIT(4), lambda: pg.BIT(4, varying=True), pg.TSVECTOR, pg.INT4RANGE,
        pg.TSTZRANGE, pg.NUMRANGE, pg.DATERANGE, pg.INT8MULTIRANGE, pg.OID, pg.REGCLASS,
        pg.MACADDR8, pg.TSQUERY, pg.JSONPATH,
    ),
    "array": (
        lambda: ARRAY(Integer), lambda: pg.ARRAY(String(4)),
        lambda: pg.ARRAY(Numeric(6, 1), dimensions=2),
        lambda: pg.ARRAY(DateTime(timezone=True)),
    ),
}  # fmt: skip
KINDS = ("number", "number", "text", "text", "time", "other", "array", "enum")

#: By kind: what makes a default, because a default belongs to one column.
DEFAULTS = {
    "number": lambda: (
        "0", "7", literal(5),
        *map(text, ("1", "-1", "1 + 2", "(2)", "NULL", "CAST(3 AS integer)", "abs(-4)")),
    ),
    "text": lambda: (
        "x", "a:b", "it's", "100%", r"back\slash", func.upper("a"),
        *map(text, ("'it''s'", "''", "'%'", "'a' || 'b'", "E'\\\\n'", "NULL::text")),
    ),
    "time": lambda: (
        func.now(),
        *map(text, ("now()", "CURRENT_TIMESTAMP", "'2024-01-01'", "now() + interval '1 day'",
                    "'now'", "timezone('utc', now())")),
    ),
}  # fmt: skip
IDENTITY = {
    "start": st.integers(1, 9),
    "increment": st.integers(1, 3),
    "minvalue": st.just(1),
    "maxvalue": st.integers(1000, 2000),
    "cycle": st.booleans(),
    "cache": st.integers(1, 5),
}
COMMENTS = ("a comment", 'it\'s 100% : "x" \\ \n y', "")


def one_in(draw, number):
    """Whether something happens that happens once in so many times."""
    return draw(st.integers(1, number)) == number


@st.composite
def columns(draw, name):
    """A column with this name."""
    kind = draw(st.sampled_from(KINDS))
    column = draw(_enums() if kind == "enum" else st.sampled_from(TYPES[kind]).map(_made))
    items, options = [], {}
    if draw(st.booleans()):
        options["nullable"] = draw(st.booleans())
    if one_in(draw, 5):
        options["comment"] = draw(st.sampled_from(COMMENTS))
    if isinstance(column, Integer) and one_in(draw, 4):
        items = [_numbered(draw, options)]
    elif _takes_a_default(kind, column) and one_in(draw, 3):
        _add_default(draw, kind, options)
    if kind in {"number", "text"} and one_in(draw, 10):
        options["unique"] = True
    if kind in DEFAULTS and one_in(draw, 10):
        options["index"] = True
    return Column(name, column, *items, **options)


def _made(make):
    return make()


@st.composite
def _enums(draw):
    name = draw(st.sampled_from(("state", "My State", "per%cent", "z" * 30)))
    native, constrained = draw(st.booleans()), draw(st.booleans())
    words = ("one", "t'wo", "%", "drei ß")
    return draw(
        st.sampled_from(
            (
                Enum(*words, name=name, native_enum=native, create_constraint=not native),
                Enum(Side, name="sides", native_enum=native, create_constraint=constrained),
                pg.ENUM("x", "y", name="xy"),
            )
        )
    )


def _takes_a_default(kind, of_type):
    """Whether the defaults of the kind are values of the type."""
    if kind == "text":
        return (of_type.length or 5) >= 5 and not isinstance(of_type, pg.CHAR)
    return kind in DEFAULTS and not isinstance(of_type, Interval | pg.INTERVAL | Time)


def _add_default(draw, kind, options):
    options["server_default"] = draw(st.sampled_from(DEFAULTS[kind]()))
    if str(options["server_default"]).startswith("NULL"):
        options["nullable"] = True


def _numbered(draw, options):
    """An identity, or a sequence with its default."""
    if draw(st.booleans()):
        options.pop("nullable", None)
        return Identity(always=draw(st.booleans()), **_some_of(draw, IDENTITY))
    name = draw(st.sampled_from(("seq", "My Seq", "per%cent seq")))
    sequence = Sequence(name, **_some_of(draw, {key: IDENTITY[key] for key in ("start", "cache")}))
    options["server_default"] = sequence.next_value()
    return sequence


def _some_of(draw, options):
    return draw(st.fixed_dictionaries({}, optional=options))
