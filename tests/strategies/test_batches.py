"""Batches contain related rows: equal keys, other values, other spellings, near misses."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from conformance.strategies import batches, canonical, natural_key, rows
from conformance.strategies.batches import changed, many, respelled
from conformance.strategies.drawing import draw

from .drawing import always, comes_up

PARENTS = {"instruments.id": [1, 2], "series_metadata.id": [1, 2], "data_sources.id": [1]}
KEY = natural_key(models.MarketData)
BARS = batches(models.MarketData, parents=PARENTS)
SIGNALS = batches(models.Signal, parents=PARENTS)


def key_of(row, key=KEY):
    return tuple(canonical(row.get(name)) for name in key)


def pairs(batch):
    return [(one, other) for at, one in enumerate(batch) for other in batch[at + 1 :]]


@pytest.mark.parametrize(
    ("model", "key"),
    [
        (models.MarketData, ("instrument_id", "timestamp", "frequency")),
        (models.Signal, ("signal_type", "signal_date", "instrument_id", "series_id")),
        (models.Instrument, ("ticker",)),
        (models.SeriesMetadata, ("source_id", "series_code")),
    ],
)
def test_the_natural_key(model, key):
    assert natural_key(model) == key


def table(*items):
    return sa.Table("t", sa.MetaData(), *items)


def test_the_natural_key_of_other_tables():
    x, y = sa.Column("x", sa.Integer), sa.Column("y", sa.Integer, unique=True)
    assert natural_key(table(x, y)) == ("y",)
    named = sa.UniqueConstraint("x", name="uq_t_natural_key")
    x, y = sa.Column("x", sa.Integer), sa.Column("y", sa.Integer, unique=True)
    assert natural_key(table(x, y, named)) == ("x",)
    primary = sa.Column("code", sa.Text, primary_key=True)
    assert natural_key(table(primary)) == ("code",)


def test_a_table_without_a_natural_key():
    with pytest.raises(ValueError, match="t has 0 unique constraints"):
        natural_key(table(sa.Column("id", sa.Integer, primary_key=True)))
    both = [sa.Column(name, sa.Integer, unique=True) for name in "xy"]
    with pytest.raises(ValueError, match="t has 2 unique constraints"):
        natural_key(table(*both))
    found = batches(table(sa.Column("x", sa.Integer), sa.Column("y", sa.Integer)), key=["x"])
    assert comes_up(found, lambda batch: len(batch) == 2)


def test_a_wrong_key():
    with pytest.raises(ValueError, match="market_data has no column 'price'"):
        batches(models.MarketData, parents=PARENTS, key=["price"])


def test_sizes():
    @given(batches(models.CurveData, min_size=2, max_size=4))
    def check(batch):
        assert 2 <= len(batch) <= 4

    check()


def test_a_key_is_repeated_with_other_values():
    assert comes_up(
        BARS,
        lambda batch: any(
            key_of(one) == key_of(other) and canonical(one["close"]) != canonical(other["close"])
            for one, other in pairs(batch)
        ),
    )


def test_a_row_is_repeated():
    assert comes_up(BARS, lambda batch: any(one == other for one, other in pairs(batch)))


def test_rows_that_are_repeated_are_not_the_same_object():
    @given(SIGNALS)
    def check(batch):
        assert len({id(row) for row in batch}) == len(batch)

    check()


@pytest.mark.parametrize("name", KEY)
def test_two_rows_differ_in_exactly_one_column_of_the_key(name):
    assert comes_up(
        BARS,
        lambda batch: any(
            [n for n, a, b in zip(KEY, key_of(one), key_of(other), strict=True) if a != b] == [name]
            for one, other in pairs(batch)
        ),
    )


def test_null_in_a_nullable_column_of_the_key_is_repeated():
    key = natural_key(models.Signal)
    assert comes_up(
        SIGNALS,
        lambda batch: any(
            key_of(one, key) == key_of(other, key)
            and one["instrument_id"] is None
            and canonical(one["value"]) != canonical(other["value"])
            for one, other in pairs(batch)
        ),
    )


def test_one_instant_of_a_key_is_spelled_at_two_offsets():
    assert comes_up(
        BARS,
        lambda batch: any(
            key_of(one) == key_of(other)
            and one["timestamp"].utcoffset() != other["timestamp"].utcoffset()
            for one, other in pairs(batch)
        ),
    )


def test_both_zeros_and_two_nans_are_one_key():
    quotes = batches(models.VolSurface, parents=PARENTS)
    for wanted in ({"0.0", "-0.0"}, {"nan"}):
        assert comes_up(
            quotes,
            lambda batch, wanted=wanted: any(
                {repr(one["delta"]), repr(other["delta"])} == wanted
                and one["delta"] is not other["delta"]
                for one, other in pairs(batch)
            ),
            within=6_000,
        )


def test_a_batch_comes_in_every_order():
    """Three rows; the last one is derived from an earlier one, and the marks show their order."""
    numbers = itertools.count()
    marked = st.builds(lambda: next(numbers))
    orders = set()

    @settings(max_examples=400)
    @given(batches(models.CurveData, source=marked, max_size=3, min_size=3))
    def look(batch):
        marks = [row["source"] for row in batch]
        if len(set(marks)) == 3:
            orders.add(tuple(sorted(range(3), key=marks.__getitem__)))

    look()
    assert len(orders) == 6


def test_columns_that_a_check_ties_stay_together():
    tied = table(
        sa.Column("x", sa.Integer, nullable=False),
        sa.Column("y", sa.Integer, nullable=False),
        sa.CheckConstraint("(x > 0 AND y > 0) OR (x < 0 AND y < 0)"),
    )

    @given(batches(tied, key=["x"]))
    def check(batch):
        assert all(row["x"] * row["y"] > 0 for row in batch)

    check()


def test_a_decorator_s_values_are_not_spelled_otherwise():
    """It may take but one of the spellings."""

    class InUtc(sa.TypeDecorator):
        impl = sa.DateTime(timezone=True)
        cache_ok = True

        def process_bind_param(self, value, _):
            return value

        def process_result_value(self, value, _):
            return value.astimezone(UTC)

    found = batches(table(sa.Column("at", InUtc, primary_key=True)))
    always(found, lambda batch: all(row["at"].tzinfo is UTC for row in batch))
    assert comes_up(found, lambda batch: any(one == other for one, other in pairs(batch)))


@pytest.mark.parametrize(
    "value",
    [datetime(2020, 1, 1, tzinfo=UTC), date(2020, 1, 1), 0.0, -0.0, math.nan, "é", None],
)
def test_a_respelled_value_is_the_same(value):
    always(respelled(value), lambda again: canonical(again) == canonical(value))


def test_many_rows_have_different_keys():
    drawn = draw(rows(models.CurveData, complete=True), 50)
    found = many(models.CurveData, drawn, 300)
    key = natural_key(models.CurveData)
    assert len({key_of(row, key) for row in found}) == len(found) == 300
    assert {*found[0]} == {*drawn[0]}
    assert len({canonical(row["rate"]) for row in found}) > 10


def test_many_rows_keep_every_unique_key():
    names = ("a", "b", "c")
    model = table(
        *(sa.Column(name, sa.Integer, nullable=False) for name in names),
        sa.UniqueConstraint("a", "b", name="uq_t_natural_key"),
        sa.Index("one_c", "c", unique=True),
    )
    drawn = [dict.fromkeys(names, number) for number in range(5)]
    found = many(model, drawn, 100)
    assert len({row["c"] for row in found}) == len(found) == 5


def test_the_last_rows_are_changed_outside_of_keys():
    written = many(models.CurveData, draw(rows(models.CurveData, complete=True), 50), 300)
    again = changed(models.CurveData, written, 100)
    key = natural_key(models.CurveData)
    assert again[:200] == written[:200]
    assert [key_of(row, key) for row in again] == [key_of(row, key) for row in written]
    assert [row["rate"] for row in again[200:]] == [row["rate"] for row in written[199:-1]]
    assert changed(models.CurveData, written[:1], 100) == written[:1]


def test_many_rows_keep_what_a_check_ties():
    columns = (sa.Column(name, sa.Integer, nullable=False) for name in ("a", "b", "c"))
    key = sa.UniqueConstraint("a", "c", name="uq_t_natural_key")
    model = table(*columns, sa.CheckConstraint("a < b"), key)
    drawn = draw(rows(model, complete=True), 20)
    assert all(row["a"] < row["b"] for row in many(model, drawn, 100))
