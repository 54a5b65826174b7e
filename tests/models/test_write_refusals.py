"""A wrong row is named, and nothing of the call that it was in is written."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError, InternalError
from sqlalchemy.orm import Session

from models import (
    CurveData,
    DataSource,
    MacroSeries,
    SeriesMetadata,
    Signal,
    row_batches,
)
from models.writes import RowError, insert_new, upsert

BOTH = pytest.mark.parametrize("write", [insert_new, upsert])


def refusals(desk):
    """Row, column and words of the error for changes of the second of three points."""
    return {
        "unknown column": ({"spread": 1}, "spread", "curves has no such column"),
        "no name": ({1: 1}, "1", "curves has no such column"),
        "number of the row": ({"id": 1}, "id", "the database numbers the rows; leave it out"),
        "NULL": ({"rate": None}, "rate", "NULL, but the column is NOT NULL"),
        "type": ({"rate": "1"}, "rate", "'1' is not a number"),
        "range": ({"tenor_days": 2**31}, "tenor_days", "is outside integer"),
        "vocabulary": ({"curve_type": "real rate"}, "curve_type", "is not one of sovereign, swap"),
        "NUL": ({"source": "a\0"}, "source", "holds a NUL character"),
        "datetime": ({"curve_date": desk.noon}, "curve_date", "is a datetime"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "case",
    ["unknown column", "no name", "number of the row", "NULL", "type", "range", "vocabulary", "NUL",
     "datetime"],
)  # fmt: skip
@BOTH
def test_a_wrong_row(connection, desk, statements, write, case):
    change, column, words = refusals(desk)[case]
    rows = [desk.point(tenor_days=days) for days in range(3)]
    rows[1] |= change
    with pytest.raises(RowError) as error:
        write(connection, CurveData, rows)
    assert (error.value.row, error.value.column) == (1, column)
    assert str(error.value).startswith(f"curves: rows[1][{column!r}]: ")
    assert words in str(error.value)
    assert statements == []


@pytest.mark.parametrize("column", ["rate", "curve_id"])
def test_a_missing_column(connection, desk, column):
    row = desk.point()
    del row[column]
    with pytest.raises(RowError, match=rf"rows\[1\]\['{column}'\]: missing"):
        upsert(connection, CurveData, [desk.point(), row])


def test_a_missing_column_of_the_key_that_may_be_null(connection, desk):
    row = dict(desk.rows[Signal])
    del row["series_id"]
    with pytest.raises(RowError, match="missing; a row gives its whole natural key"):
        upsert(connection, Signal, [row])


@pytest.mark.parametrize("rows", [["a row"], [("a", 1)], [None], {"name": "a"}, "name"])
def test_what_is_no_row(connection, rows):
    with pytest.raises(RowError, match=r"data_sources: rows\[0\]: a \w+, not a mapping") as error:
        insert_new(connection, DataSource, rows)
    assert error.value.column is None


@BOTH
def test_what_is_no_connection(database, desk, write):
    engine, _ = database
    with Session(engine) as session:
        for given in (session, engine, None):
            with pytest.raises(
                TypeError, match=f"^{type(given).__name__} is not a Connection; give"
            ):
                write(given, CurveData, [desk.point()])
        assert write(session.connection(), CurveData, [desk.point()]).inserted == 1


def test_what_is_no_model(connection, desk):
    for given in (CurveData.__table__, "curves"):
        with pytest.raises(TypeError, match="is not a model: give the mapped class"):
            insert_new(connection, given, [desk.point()])


def test_a_naive_time(connection, desk):
    row = desk.rows[MacroSeries] | {"release_time": desk.noon.replace(tzinfo=None)}
    with pytest.raises(RowError, match=r"rows\[0\]\['release_time'\].* has no time zone"):
        insert_new(connection, MacroSeries, [row])


def test_the_first_wrong_row_is_named(connection, desk):
    rows = [desk.point(tenor_days=days) for days in range(9)]
    rows[3]["source"] = 1
    rows[4]["curve_id"] = 1
    rows[5]["unknown"] = 1
    rows[2] = desk.point(tenor_label="shape of its own", rate="x")
    with pytest.raises(RowError) as error:
        upsert(connection, CurveData, rows)
    assert (error.value.row, error.value.column) == (2, "rate")


@BOTH
def test_a_late_error_leaves_nothing_behind(connection, desk, monkeypatch, write):
    """The transaction, and what was in it before, live on."""
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)
    write(connection, CurveData, [desk.point(curve_id="before")])
    rows = [desk.point(tenor_days=days) for days in range(30)]
    rows[25]["rate"] = None
    with pytest.raises(RowError) as error:
        write(connection, CurveData, iter(rows))
    assert error.value.row == 25
    rows[25]["rate"] = 1.0
    rows[26]["tenor_days"] = -1
    for late in (rows, iter(rows)):
        with pytest.raises(IntegrityError, match="ck_curves_tenor_days"):
            write(connection, CurveData, late)
    assert desk.read(connection, CurveData, "curve_id") == [("before",)]


@pytest.mark.parametrize("given", [tuple, iter])
def test_all_rows_are_checked_before_the_first_is_written(
    connection, desk, monkeypatch, statements, given
):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)
    rows = [desk.point(tenor_days=days) for days in range(30)]
    rows[25]["rate"] = None
    with pytest.raises(RowError):
        insert_new(connection, CurveData, given(rows))
    assert statements == []


@BOTH
def test_without_a_transaction_nothing_is_written(database, desk, write):
    engine, _ = database
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with pytest.raises(InternalError, match="SAVEPOINT can only be used in transaction blocks"):
            write(connection, CurveData, [desk.point()])
        assert desk.read(connection, CurveData, "id") == []


def test_a_parent_that_is_not_there(connection, desk):
    row = desk.rows[SeriesMetadata] | {"source_id": -1}
    with pytest.raises(IntegrityError, match="fk_series_metadata_source_id_data_sources"):
        insert_new(connection, SeriesMetadata, [row])


# Transactions


def test_nothing_is_committed(database, desk):
    engine, _ = database
    with engine.connect() as connection:
        insert_new(connection, CurveData, [desk.point()])
        connection.rollback()
        assert desk.read(connection, CurveData, "id") == []
