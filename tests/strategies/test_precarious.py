"""Values that are easily lost are all generated, if the column can hold them."""

from __future__ import annotations

import math

from sqlalchemy import REAL, CheckConstraint, Column, MetaData, SmallInteger, String, Table, Text

from conformance.strategies import precarious_values
from models import Base, MacroSeries, Signal


def values_of(model, key):
    return [row[key] for row in precarious_values(model)]


def test_numbers_that_are_no_numbers_and_both_zeros():
    values = values_of(MacroSeries, "value")
    assert any(map(math.isnan, values))
    assert {math.inf, -math.inf, 0.1 + 0.2} <= set(values)
    assert {"0.0", "-0.0"} <= set(map(repr, values))


def test_a_check_leaves_out_what_it_forbids():
    assert {0.0, 1 / 3} <= set(values_of(Signal, "confidence"))
    assert all(0 <= value <= 1 for value in values_of(Signal, "confidence"))
    assert sorted(set(values_of(MacroSeries, "revision_number"))) == [0, 32767]


def test_time_parents_and_vocabularies_are_left_to_the_caller():
    for table in Base.metadata.sorted_tables:
        keys = {key for row in precarious_values(table) for key in row}
        assert not keys & {"timestamp", "signal_date", "instrument_id", "series_id", "frequency"}
        assert "id" not in keys


def test_each_type_holds_its_values():
    table = Table(
        "t", MetaData(),
        Column("single", REAL), Column("short", String(2)), Column("small", SmallInteger),
        Column("odd", Text), CheckConstraint("md5(odd) = 'x'"),
    )  # fmt: skip
    rows = precarious_values(table)
    assert set(rows[0]) == {"single", "short", "small"}
    assert max(len(row["short"]) for row in rows) == 2
    assert 0.1 + 0.2 not in {row["single"] for row in rows}


def test_a_table_without_any():
    assert precarious_values(Table("t", MetaData())) == []
