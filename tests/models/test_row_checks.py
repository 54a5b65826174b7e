"""What a column takes, and how it is sent; without a database."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Date, DateTime, Interval

from models import Base, CurveData, DataSource, MacroSeries, MarketData, Signal
from models.base import Vocabulary
from models.enums import AssetClass, Frequency
from models.row_checks import Unfit, check_of

COLUMNS = {
    "smallint": MacroSeries.__table__.c.revision_number,
    "integer": CurveData.__table__.c.tenor_days,
    "double": Signal.__table__.c.value,
    "text": CurveData.__table__.c.curve_id,
    "boolean": DataSource.__table__.c.is_active,
    "date": CurveData.__table__.c.curve_date,
    "timestamptz": MarketData.__table__.c.timestamp,
    "vocabulary": MarketData.__table__.c.frequency,
    "jsonb": Signal.__table__.c.details,
}
NEW_YORK = ZoneInfo("America/New_York")


class Text(str):
    __slots__ = ()

    def __str__(self):
        return "something else"


class Size(enum.IntEnum):
    SMALL = 3


def sent(kind, value):
    """The element for a value: alone, and among others that make the check look one by one."""
    check = check_of(COLUMNS[kind])
    (alone,) = check.elements([value])
    assert check.one(value) == alone
    return alone


def refused(kind, value):
    check = check_of(COLUMNS[kind])
    with pytest.raises(Unfit) as error:
        check.elements([value])
    return str(error.value)


@pytest.mark.parametrize(
    ("kind", "value", "element"),
    [
        ("smallint", 32767, "32767"),
        ("smallint", Size.SMALL, "3"),
        ("integer", -(2**31), "-2147483648"),
        ("double", 1, "1.0"),
        ("double", -0.0, "-0.0"),
        ("double", float("nan"), "nan"),
        ("double", float("-inf"), "-inf"),
        ("double", 5e-324, "5e-324"),
        ("double", Decimal("0.1"), "0.1"),
        ("double", Decimal("Infinity"), "inf"),
        ("double", Fraction(1, 4), "0.25"),
        ("text", 'a "b" \\ {c},', '"a \\"b\\" \\\\ {c},"'),
        ("text", "NULL", '"NULL"'),
        ("text", "", '""'),
        ("text", Text("itself"), '"itself"'),
        ("text", Frequency.DAILY, '"daily"'),
        ("boolean", False, "f"),
        ("date", date(1, 1, 1), "0001-01-01"),
        ("timestamptz", datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00+00:00"),
        (
            "timestamptz",
            datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "2023-12-31T18:30:00.000001+00:00",
        ),
        # The hour that a clock shows twice: two instants that Python takes for equal.
        (
            "timestamptz", datetime(2024, 11, 3, 1, 30, tzinfo=NEW_YORK),
            "2024-11-03T05:30:00+00:00",
        ),
        (
            "timestamptz", datetime(2024, 11, 3, 1, 30, tzinfo=NEW_YORK, fold=1),
            "2024-11-03T06:30:00+00:00",
        ),
        ("vocabulary", Frequency.DAILY, '"daily"'),
        ("vocabulary", "daily", '"daily"'),
        ("jsonb", "{}", '"\\"{}\\""'),
        ("jsonb", [True, 0.5], '"[true, 0.5]"'),
        ("jsonb", {"ä": [1, "\\u0000", None]}, '"{\\"ä\\": [1, \\"\\\\\\\\u0000\\", null]}"'),
    ],
)  # fmt: skip
def test_a_value_is_sent_as(kind, value, element):
    assert sent(kind, value) == element


class Fine(datetime):
    """Like a Timestamp of pandas: finer than a datetime, and written as one it is another."""

    nanosecond = 1


CIRCLE: dict[str, object] = {}
CIRCLE["itself"] = CIRCLE


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("smallint", 32768, "32768 is outside smallint, -32768 to 32767"),
        ("integer", 2**31, "2147483648 is outside integer, -2147483648 to 2147483647"),
        ("integer", True, "True is not a whole number"),
        ("integer", 1.0, "1.0 is not a whole number"),
        ("integer", "1", "'1' is not a whole number"),
        ("double", "1.5", "'1.5' is not a number"),
        ("double", True, "True is not a number"),
        ("double", 1j, "1j is not a number"),
        ("double", 10**400, "is outside double precision"),
        ("double", Decimal("1e400"), "Decimal('1E+400') is outside double precision"),
        ("double", Decimal("1e-400"), "Decimal('1E-400') is outside double precision"),
        ("double", Decimal("sNaN"), "Decimal('sNaN') is not a number"),
        ("double", None, "NULL, but the column is NOT NULL"),
        ("text", 1, "1 is not a text"),
        ("text", b"a", "b'a' is not a text"),
        ("text", "a\0b", "'a\\x00b' holds a NUL character, which PostgreSQL cannot store"),
        ("text", "\ud800", "'\\ud800' holds half a surrogate pair, which is no character"),
        ("text", None, "NULL, but the column is NOT NULL"),
        ("boolean", 1, "1 is not True or False"),
        ("date", "2024-01-01", "'2024-01-01' is not a date"),
        ("date", datetime(2024, 1, 1, tzinfo=UTC), "is a datetime; give the date that is meant"),
        ("timestamptz", date(2024, 1, 1), "datetime.date(2024, 1, 1) is not a datetime"),
        ("timestamptz", datetime(2024, 1, 1), "has no time zone; the column is timestamptz"),  # noqa: DTZ001
        (
            "timestamptz", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
            "is outside the years 1 to 9999 in UTC",
        ),
        ("timestamptz", Fine(2024, 1, 1, tzinfo=UTC), "has nanoseconds"),
        ("vocabulary", "yearly", "'yearly' is not one of minute, hourly, daily, weekly"),
        ("vocabulary", AssetClass.FX, "is not one of minute"),
        ("vocabulary", ["daily"], "['daily'] is not one of minute"),
        ("jsonb", (1,), "(1,) is not a document that JSON can hold as it is"),
        ("jsonb", {"a": float("nan")}, "{'a': nan} is not a document that JSON can hold as it is"),
        ("jsonb", {"a": 10**5000}, "a very long dict is not a document"),
        ("jsonb", {"a": DataSource}, "is not a document that JSON can hold as it is"),
        ("jsonb", {"a": {1: 2}}, "{'a': {1: 2}} has names that are no texts"),
        ("jsonb", {"a": "\0"}, "holds a NUL character"),
        ("jsonb", {"a": ["\\\0"]}, "holds a NUL character"),
        ("jsonb", {"\udfff": 1}, "holds half a surrogate pair"),
        ("jsonb", CIRCLE, "is not a document that JSON can hold as it is"),
    ],
)  # fmt: skip
def test_a_value_is_refused(kind, value, reason):
    assert reason in refused(kind, value)


def test_a_long_value_is_shown_in_part():
    assert len(refused("double", "x" * 1_000_000)) < 100
    # Python puts no number of more than 4,300 digits into a text.
    assert refused("integer", 10**5000).startswith("a very long int is outside integer")


def test_the_first_wrong_value_is_named():
    check = check_of(COLUMNS["smallint"])
    with pytest.raises(Unfit) as error:
        check.elements([1, 2, 40_000, "x"])
    assert error.value.position == 2


VALUES = {
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "double": st.floats(allow_nan=True, allow_infinity=True),
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    "boolean": st.booleans(),
    "date": st.dates(),
    "timestamptz": st.datetimes(
        datetime(2, 1, 1), datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.timezones() | st.just(UTC),
    ),
    "vocabulary": st.sampled_from([*Frequency, *map(str, Frequency)]),
    "jsonb": st.dictionaries(st.text(), st.none() | st.integers() | st.text(), max_size=3),
}  # fmt: skip


@pytest.mark.parametrize("kind", COLUMNS)
@settings(derandomize=True, deadline=None)
@given(data=st.data())
def test_values_are_sent_together_as_they_are_one_by_one(kind, data):
    """Also with NULL among them, and also where they cannot be sent."""
    column = COLUMNS[kind]
    check = check_of(Column(column.name, column.type, nullable=True))
    values = data.draw(st.lists(VALUES[kind] | st.none(), max_size=8))
    try:
        one_by_one = ["NULL" if value is None else check.one(value) for value in values]
    except ValueError:
        with pytest.raises(Unfit):
            check.elements(values)
    else:
        assert check.elements(values) == one_by_one


def test_there_is_a_check_for_every_column():
    for table in Base.metadata.tables.values():
        for column in table.columns:
            check_of(column)


@pytest.mark.parametrize("kind", [Interval(), DateTime()], ids=["interval", "timestamp"])
def test_a_type_without_a_rule_is_refused(kind):
    with pytest.raises(TypeError, match="column"):
        check_of(Column("column", kind))


def test_nullable_columns_take_none():
    for kind in (Date(), Vocabulary(Frequency)):
        assert check_of(Column("column", kind)).elements([None, None]) == ["NULL", "NULL"]
