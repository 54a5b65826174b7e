"""Awkward values of time columns: boundaries, calendars, clock changes, offsets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
import sqlalchemy as sa
from hypothesis import find, given, settings
from sqlalchemy.exc import DBAPIError

from conformance.declarations import Hypertable
from conformance.strategies import chunk_starts, default_span, rows
from conformance.strategies.values.moments import _CLOCK_CHANGES, clock_changes
from models import CurveData, FiscalData, MarketData

from .drawing import always, comes_up

MICROSECOND, DAY = timedelta(microseconds=1), timedelta(days=1)


def only(model, name):
    """Rows in which nothing is drawn but this column: they come faster."""
    others = [column.name for column in model.__table__.columns if column.name != name]
    return rows(model, dict.fromkeys(others))


BARS = only(MarketData, "timestamp")


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("shift", [-MICROSECOND, timedelta(0), MICROSECOND])
def test_both_sides_of_every_boundary_of_timestamps(number, shift):
    wanted = chunk_starts(MarketData.__table__)[number] + shift
    if number == 0 and shift < timedelta(0):
        wanted = default_span(MarketData.__table__)[1]
    assert comes_up(BARS, lambda row: row["timestamp"] == wanted)


@pytest.mark.parametrize("number", range(1, 4))
@pytest.mark.parametrize("shift", [-DAY, timedelta(0), DAY])
@pytest.mark.parametrize("model", [CurveData, FiscalData])
def test_both_sides_of_every_boundary_of_dates(model, number, shift):
    table = model.__table__
    (name,) = {"curve_date", "observation_date"} & set(table.columns.keys())
    wanted = chunk_starts(table)[number] + shift
    assert comes_up(only(model, name), lambda row: row[name] == wanted)


def test_chunks_are_multiples_of_the_interval_from_the_unix_epoch():
    starts = chunk_starts(FiscalData.__table__)
    assert starts[2] == date(2019, 4, 14)
    assert {(start - date(1970, 1, 1)).days % 360 for start in starts} == {0}


@pytest.mark.parametrize(
    "day", [date(2020, 2, 29), date(2019, 12, 31), date(2020, 1, 1), date(2020, 3, 1)]
)
def test_leap_days_and_ends_of_years(day):
    assert comes_up(only(CurveData, "curve_date"), lambda row: row["curve_date"] == day)
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert comes_up(BARS, lambda row: row["timestamp"] == moment)
    assert comes_up(BARS, lambda row: row["timestamp"] == moment - MICROSECOND)


def test_the_changes_of_the_clock_are_where_the_zones_have_them():
    for name, change in _CLOCK_CHANGES:
        zone = ZoneInfo(name)
        before, after = (change - MICROSECOND).astimezone(zone), change.astimezone(zone)
        assert before.utcoffset() != after.utcoffset(), name


@pytest.mark.parametrize(
    ("name", "change"),
    [item for item in _CLOCK_CHANGES if datetime(2019, 12, 10, tzinfo=UTC) < item[1]
     < datetime(2020, 4, 8, tzinfo=UTC)],
)  # fmt: skip
def test_both_sides_of_a_change_of_the_clock(name, change):
    for moment in (change, change - MICROSECOND):
        assert comes_up(
            BARS,
            lambda row, moment=moment: (
                getattr(row["timestamp"].tzinfo, "key", None) == name
                and row["timestamp"].astimezone(UTC) == moment
            ),
        )


def test_an_hour_that_comes_twice_comes_with_both_folds():
    for fold in (0, 1):
        assert comes_up(
            BARS,
            lambda row, fold=fold: (
                row["timestamp"].fold == fold
                and row["timestamp"].replace(fold=1 - fold).utcoffset()
                != row["timestamp"].utcoffset()
            ),
        )


def test_without_time_zone_data_there_are_no_changes_of_the_clock(monkeypatch):
    def missing(name):
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr("conformance.strategies.values.moments.ZoneInfo", missing)
    assert list(clock_changes()) == []


@pytest.mark.parametrize("hours", [-12, -3, 0, 5.75, 14])
def test_one_instant_at_several_offsets(hours):
    boundary, offset = chunk_starts(MarketData.__table__)[0], timedelta(hours=hours)
    assert comes_up(
        BARS,
        lambda row: row["timestamp"] == boundary and row["timestamp"].utcoffset() == offset,
    )


def test_moments_that_are_no_hypertable_s_time_come_from_all_years():
    strategy = only(FiscalData, "release_time")
    for year in (1, 9999):
        assert comes_up(
            strategy, lambda row, y=year: row["release_time"] and row["release_time"].year == y
        )


def hypertable(kind, interval, name):
    return sa.Table(
        f"cut_{name}",
        sa.MetaData(),
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("at", kind, primary_key=True),
        Hypertable("at", chunk_interval=interval),
    )


CUT = [
    ("hourly", sa.DateTime(timezone=True), "1 hour"),
    ("odd", sa.DateTime(timezone=True), "7 hours"),
    ("naive", sa.DateTime(), "1 month"),
    ("daily", sa.Date(), "1 day"),
    ("integer", sa.Integer(), 10),
    ("big", sa.BigInteger(), 86_400_000),
    ("small", sa.SmallInteger(), 30_000),
    ("uuid", sa.Uuid(), "1 month"),
]


@pytest.mark.parametrize(("name", "kind", "interval"), CUT)
def test_the_default_span_is_a_handful_of_chunks(name, kind, interval, bare_writer):
    """On any hypertable; TimescaleDB agrees where one ends and the next begins."""
    connection, table = bare_writer.connection, hypertable(kind, interval, name)
    table.create(connection)
    length = interval if isinstance(interval, int) else f"INTERVAL '{interval}'"
    create = f"SELECT create_hypertable('{table.name}', 'at', chunk_time_interval => {length})"
    savepoint = connection.begin_nested()
    try:
        connection.exec_driver_sql(create)
    except DBAPIError:
        savepoint.rollback()
        if name == "uuid":
            pytest.skip("this TimescaleDB does not partition by UUID")
        raise
    starts = chunk_starts(table)

    def chunks():
        return connection.exec_driver_sql(
            f"SELECT count(*) FROM show_chunks('{table.name}')"
        ).scalar()  # fmt: skip

    for count, start in enumerate(starts, 1):
        connection.execute(sa.insert(table).values(at=start))
        assert chunks() == count
    assert len(starts) in (3, 4)

    @settings(max_examples=40)
    @given(row=rows(table))
    def insert_it(row):
        given_row, read = bare_writer.given_and_read(table, row)
        assert read == given_row
        assert chunks() == len(starts)

    insert_it()
    connection.execute(sa.insert(table).values(at=default_span(table)[1]))
    assert chunks() == len(starts)


BEGINNINGS = [
    ("minute", sa.DateTime(timezone=True), "1 hour"),
    ("hour", sa.DateTime(), "7 hours"),
    ("day", sa.DateTime(timezone=True), "1 day"),
    ("month", sa.Date(), "30 days"),
    ("week", sa.DateTime(timezone=True), "14 days"),
]


@pytest.mark.parametrize(("unit", "kind", "interval"), BEGINNINGS)
def test_moments_with_which_a_unit_begins(unit, kind, interval, bare_writer):
    table = hypertable(kind, interval, f"begins_{unit}")
    table.append_constraint(sa.CheckConstraint(f"date_trunc('{unit}', at) = at", name="begins"))
    bare_writer.keeps_every_row(table, 40)
    starts = chunk_starts(table)
    assert len(starts) > 1
    assert not any(bare_writer.refuses(table, {"at": start}) for start in starts)
    first, last = default_span(table)
    always(rows(table), lambda row: first <= row["at"] <= last)
    far = rows(table, far=True)
    assert all(not bare_writer.refuses(table, find(far, lambda _: True)) for _ in range(3))
    span = (starts[1] + DAY / 2 if unit != "month" else starts[1] + DAY, starts[-1] + 40 * DAY)
    always(rows(table, span=span), lambda row: span[0] <= row["at"] <= span[1])
