"""Rows that violate one CHECK, and no other constraint."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
)

from conformance.strategies import (
    NotDerivable,
    checks_of,
    columns_of,
    narrowly_refused_by,
    refused_by,
)
from models import Signal, VolSurface

from .drawing import always, comes_up


def table_with(*checks):
    return Table(
        "quotes",
        MetaData(),
        Column("tenor", Integer),
        Column("rate", Double),
        Column("label", Text),
        Column("doubled", Integer, Computed("tenor * 2")),
        *(CheckConstraint(sql, name=name) for name, sql in zip("abc", checks, strict=False)),
    )


@pytest.mark.parametrize(
    ("checks", "breaks"),
    [
        (("tenor > 0",), lambda row: row["tenor"] <= 0),
        (("tenor > 0", "tenor > -10"), lambda row: -10 < row["tenor"] <= 0),
        (("rate BETWEEN 0 AND 1",), lambda row: not 0 <= row["rate"] <= 1),
        (("rate < 'Infinity'",), lambda row: row["rate"] == math.inf or math.isnan(row["rate"])),
        (("label IN ('a', 'b')",), lambda row: row["label"] not in {"a", "b"}),
        (("length(label) <= 3",), lambda row: len(row["label"]) > 3),
        (("tenor > 0 OR rate > 0",), lambda row: row["tenor"] <= 0 and row["rate"] <= 0),
        (("label LIKE 'a%'",), lambda row: not row["label"].startswith("a")),
        (
            ("label LIKE 'a%'", "length(label) < 5"),
            lambda row: row["label"][:1] != "a" and len(row["label"]) < 5,
        ),
        (("label NOT LIKE '%b'",), lambda row: row["label"].endswith("b")),
        (
            ("tenor IS NOT NULL OR rate IS NOT NULL",),
            lambda row: row["tenor"] is None and row["rate"] is None,
        ),
        (
            ("num_nonnulls(tenor, rate, label) = 1",),
            lambda row: [*row.values()].count(None) != 2,
        ),
        (("label = upper(label)",), lambda row: row["label"] != row["label"].upper()),
        (("length(trim(label)) > 0",), lambda row: not row["label"].strip(" ")),
    ],
)
def test_each_row_breaks_the_check(checks, breaks):
    table = table_with(*checks)
    rows = refused_by(table, checks_of(table)[0])
    always(rows, lambda row: set(row) == {"tenor", "rate", "label"})
    always(rows, breaks)


def test_a_vocabulary_is_broken_by_other_texts():
    (call_put, _) = checks_of(VolSurface)
    assert columns_of(call_put) == ("call_put",)
    rows = refused_by(VolSurface, call_put, parents={"instruments.id": [1]})
    always(rows, lambda row: row["call_put"] not in {"call", "put"})


def test_nan_is_more_than_any_confidence():
    (confidence,) = checks_of(Signal)
    parents = {"instruments.id": [1], "series_metadata.id": [1]}
    rows = refused_by(Signal, confidence, parents=parents)
    assert comes_up(rows, lambda row: math.isnan(row["confidence"]))


@pytest.mark.parametrize(
    ("sql", "error", "reason"),
    [
        ("md5(label) = 'x'", NotDerivable, "md5"),
        ("tenor > 0 OR tenor <= 0", NotDerivable, "no row seems to satisfy this check"),
        ("doubled > 0", ValueError, "the database fills the column doubled"),
    ],
)
def test_what_no_row_can_be_derived_for(sql, error, reason):
    table = table_with(sql)
    with pytest.raises(error, match=reason):
        refused_by(table, checks_of(table)[0])


def test_a_check_of_another_database_refuses_nothing_here():
    here, elsewhere = (CheckConstraint("n > 0", name=name) for name in ("here", "elsewhere"))
    elsewhere = elsewhere.ddl_if(dialect="sqlite")
    checked = Table("t", MetaData(), Column("n", Integer), here, elsewhere)
    assert checks_of(checked) == [here]


def test_a_check_that_stands_in_a_column():
    checked = Table(
        "t", MetaData(),
        Column("id", Integer, primary_key=True),
        Column("n", Integer, CheckConstraint("n BETWEEN 0 AND 9"), nullable=False),
    )  # fmt: skip
    (check,) = checks_of(checked)
    assert columns_of(check) == ("n",)
    always(refused_by(checked, check), lambda row: not 0 <= row["n"] <= 9)
    (low, high) = narrowly_refused_by(checked, check)
    always(low, lambda row: row["n"] == -1)
    always(high, lambda row: row["n"] == 10)
