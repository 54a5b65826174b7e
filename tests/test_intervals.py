"""Lengths of time are read in every spelling, and compared as PostgreSQL compares them."""

from datetime import timedelta

import pytest

from conformance.intervals import Interval, refresh_window

DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1 month", 30 * DAY),
        ("3 months", 90 * DAY),
        ("1 mon", 30 * DAY),
        ("1 year", 360 * DAY),
        ("1 year 2 mons 3 days 04:05:06", 423 * DAY + 14_706_000_000),
        ("7 days", 7 * DAY),
        ("2 weeks", 14 * DAY),
        ("12:00:00", DAY // 2),
        ("12:00", DAY // 2),
        ("-00:30:00", -1_800_000_000),
        ("00:00:00.000001", 1),
        ("1.5 hours", 5_400_000_000),
        ("24 h", DAY),
        ("00:00:00", 0),
    ],
)
def test_reads_what_postgresql_prints_and_people_write(text, microseconds):
    assert Interval.parse(text).microseconds == microseconds


@pytest.mark.parametrize(
    "text", ["", "a month", "1", "1 fortnight", "1 month,", "months 1", "1 month x"]
)
def test_refuses_what_is_no_interval(text):
    with pytest.raises(ValueError, match="interval") as raised:
        Interval.parse(text)
    what = repr(text) if text else "an empty text"
    assert str(raised.value) == f"{what} is not an interval such as '7 days' or '1 month'"


def test_spelling_is_no_part_of_its_identity():
    assert Interval.parse("1 month") == Interval.parse("30 days") == Interval(30 * DAY)
    assert Interval.parse(timedelta(days=30)) == Interval.parse("720 hours")
    assert Interval.parse("1 month") != Interval.parse("31 days")
    assert Interval.parse(Interval(DAY, "a day")).spelled == "a day"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 month", "30 days (1 month)"),
        ("30 days", "30 days"),
        ("12:00:00", "12 hours"),
        ("24:00:00", "1 day"),
        ("90 minutes", "90 minutes"),
        ("1 day 06:00:00", "1 day 06:00:00"),
        ("0 days", "0 seconds (0 days)"),
        ("1 h", "1 hour (1 h)"),
        ("2 hours", "2 hours"),
        ("1 minute", "1 minute"),
        ("1 second", "1 second"),
        ("59 seconds", "59 seconds"),
        ("00:01:01", "61 seconds"),
        ("00:00:01.25", "00:00:01.25"),
        ("0.1 seconds", "00:00:00.1 (0.1 seconds)"),
        ("1 day 00:00:00.000010", "1 day 00:00:00.00001"),
        ("2 days 25:01:02", "3 days 01:01:02"),
        ("-1 day", "-1 day"),
        ("-00:30:00", "-30 minutes"),
    ],
)
def test_shows_the_length_and_how_a_person_wrote_it(text, shown):
    assert str(Interval.parse(text)) == shown


def test_how_python_and_json_show_it():
    assert repr(Interval.parse("1 month")) == "Interval('30 days')"
    assert Interval.parse("1 month").plain() == "30 days"
    assert Interval.parse("  1   month ").spelled == "1 month"
    assert Interval.parse(timedelta(microseconds=1)).spelled is None


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (Interval.parse("1 month"), Interval.parse("1 h"), "30 days to 1 hour"),
        (100, 1, "100 to 1"),
        (None, None, "unbounded to unbounded"),
    ],
)
def test_the_ages_that_are_refreshed(start, end, shown):
    assert refresh_window(start, end) == shown


def test_what_is_longer_and_shorter_than_any_other():
    longest, shortest = Interval.printed("infinity"), Interval.printed("-infinity")
    assert (str(longest), longest.plain(), str(shortest)) == ("infinity", "infinity", "-infinity")
    assert longest.microseconds > Interval.parse("1000000 years").microseconds
    assert Interval.printed("30 days") == Interval.parse("1 month")
    with pytest.raises(ValueError, match="is not an interval"):
        Interval.parse("infinity")
