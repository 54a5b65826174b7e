"""Rows are written as given, once, wholly or not at all; and what happened is counted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, delete, event, pool, select, text
from sqlalchemy.exc import IntegrityError

from conformance.declarations import hypertable_of
from models import (
    Base,
    CurveData,
    DataSource,
    FlowData,
    Instrument,
    MacroSeries,
    MarketData,
    SeriesMetadata,
    Signal,
    VolSurface,
    row_batches,
)
from models.enums import CallPut
from models.writes import RowError, Written, insert_new, natural_key, upsert

MODELS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda m: m.__tablename__)
BOTH = pytest.mark.parametrize("write", [insert_new, upsert])


def written(inserted=0, updated=0, already_there=0):
    return Written(inserted + updated + already_there, inserted, updated, already_there)


def point(desk, **values):
    """A point of a curve."""
    return {"curve_date": desk.day, "curve_id": "DI", "tenor_days": 30, "rate": 10.0} | values


def read(connection, model, *columns):
    """All rows of a table, as tuples of the columns."""
    table = model.__table__
    chosen = [table.c[name] for name in columns]
    return sorted(map(tuple, connection.execute(select(*chosen))), key=repr)


@pytest.fixture
def statements(connection):
    """The statements sent on the connection."""
    sent = []
    event.listen(connection, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    return sent


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__tablename__)
@BOTH
def test_a_full_row_is_read_as_it_was_written(connection, desk, model, write):
    row = desk.rows[model]
    assert set(row) == {column.name for column in model.__table__.columns} - {"id"}
    assert write(connection, model, [row]) == written(inserted=1)
    key = [model.__table__.c[name] == row[name] for name in natural_key(model.__table__)]
    found = connection.execute(select(model).where(*key)).mappings().one()
    assert {name: found[name] for name in row} == row
    assert write(connection, model, [row]) == written(already_there=1)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__tablename__)
def test_the_natural_key(model):
    table = model.__table__
    key = natural_key(table)
    if hypertable_of(table):
        (constraint,) = (c for c in table.constraints if c.name == f"uq_{table.name}_natural_key")
        assert key == tuple(column.name for column in constraint.columns)
    else:
        assert key in {("name",), ("ticker",), ("source_id", "series_code")}


def test_a_table_that_does_not_say_which_rows_are_the_same():
    from sqlalchemy import Column, Integer, MetaData, Table, UniqueConstraint

    table = Table("t", MetaData(), Column("a", Integer), Column("b", Integer))
    with pytest.raises(LookupError, match="t has 0 unique constraints"):
        natural_key(table)
    table.append_constraint(UniqueConstraint("a", name="x"))
    assert natural_key(table) == ("a",)
    table.append_constraint(UniqueConstraint("b", name="y"))
    with pytest.raises(LookupError, match="named uq_t_natural_key"):
        natural_key(table)


def test_known_rows_are_left_or_updated(connection, desk):
    insert_new(connection, CurveData, [point(desk, source="first")])
    rows = [point(desk, rate=11, source="second"), point(desk, tenor_days=60)]
    assert insert_new(connection, CurveData, rows) == written(inserted=1, already_there=1)
    assert read(connection, CurveData, "rate", "source") == [(10.0, "first"), (10.0, None)]
    assert upsert(connection, CurveData, rows) == written(updated=1, already_there=1)
    assert read(connection, CurveData, "rate", "source") == [(10.0, None), (11.0, "second")]


def test_what_a_row_leaves_out_has_its_default_or_stays(connection, desk):
    flow = dict(desk.rows[FlowData])
    del flow["unit"], flow["release_time"]
    assert upsert(connection, FlowData, [flow]) == written(inserted=1)
    assert read(connection, FlowData, "unit", "release_time") == [("USD_MM", None)]
    upsert(connection, FlowData, [flow | {"unit": "EUR_MM", "release_time": desk.noon}])
    assert upsert(connection, FlowData, [flow | {"value": 2}]) == written(updated=1)
    assert read(connection, FlowData, "value", "unit", "release_time") == [
        (2.0, "EUR_MM", desk.noon)
    ]


def test_a_change_moves_updated_at_and_nothing_else_does(connection, desk):
    row = desk.rows[Instrument]
    insert_new(connection, Instrument, [row])
    given = {"ticker": row["ticker"], "name": "another", "asset_class": "rates"}
    found = select(Instrument.updated_at).where(Instrument.ticker == row["ticker"])
    assert upsert(connection, Instrument, [given | {"name": row["name"]}]).already_there == 1
    assert connection.scalar(found) == desk.noon
    assert upsert(connection, Instrument, [given]) == written(updated=1)
    assert connection.scalar(found) == connection.scalar(text("SELECT now()"))


def test_rows_that_give_nothing_but_the_key(connection):
    rows = [{"name": "a"}, {"name": "b"}, {"name": "a"}]
    assert upsert(connection, DataSource, rows) == written(inserted=2, already_there=1)
    assert upsert(connection, DataSource, iter(rows)) == written(already_there=3)


@BOTH
def test_no_rows(connection, write):
    assert write(connection, CurveData, []) == written()
    assert write(connection, CurveData, iter([])) == written()


# A key given more than once


@pytest.mark.parametrize("size", [5_000, 1], ids=["in one batch", "in two batches"])
@BOTH
def test_the_first_or_the_last_row_counts(connection, desk, monkeypatch, size, write):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", size)
    result = write(connection, CurveData, [point(desk, rate=1.0), point(desk, rate=2.0)])
    assert (result.given, result.inserted) == (2, 1)
    assert read(connection, CurveData, "rate") == [(1.0 if write is insert_new else 2.0,)]


@pytest.mark.parametrize("size", [5_000, 1], ids=["in one batch", "in three batches"])
def test_rows_with_other_columns_are_put_together(connection, desk, monkeypatch, size):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", size)
    rows = [
        point(desk, rate=1, source="a", tenor_label="x"),
        point(desk, rate=2, curve_type="swap"),
        point(desk, rate=3, source="b"),
    ]
    upsert(connection, CurveData, rows)
    columns = ("rate", "source", "tenor_label", "curve_type")
    assert read(connection, CurveData, *columns) == [(3.0, "b", "x", "swap")]
    connection.execute(delete(CurveData))
    insert_new(connection, CurveData, rows)
    assert read(connection, CurveData, *columns) == [(1.0, "a", "x", None)]


def same_keys(desk):
    surface = desk.rows[VolSurface]
    bar = desk.rows[MarketData]
    abroad = desk.noon.astimezone(timezone(timedelta(hours=-3)))
    return [
        (VolSurface, surface | {"delta": 0.0}, {"delta": -0.0}),
        (VolSurface, surface | {"delta": float("nan")}, {"delta": -float("nan")}),
        (VolSurface, surface | {"delta": 1}, {"delta": 1.0}),
        (VolSurface, surface | {"delta": 0.25}, {"delta": Decimal("0.25")}),
        (VolSurface, surface, {"call_put": CallPut.PUT}),
        (MarketData, bar, {"timestamp": abroad}),
        (Signal, desk.rows[Signal] | {"series_id": None}, {}),
    ]


@pytest.mark.parametrize("case", range(7))
@BOTH
def test_keys_that_postgresql_takes_for_equal(connection, desk, write, case):
    model, row, change = same_keys(desk)[case]
    assert write(connection, model, [row, row | change]) == written(inserted=1, already_there=1)
    assert write(connection, model, [row | change]) == written(already_there=1)


def test_keys_that_python_takes_for_equal(connection, desk):
    from zoneinfo import ZoneInfo

    clock = datetime(2024, 1, 14, 0, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
    bars = [desk.rows[MarketData] | {"timestamp": clock.replace(fold=fold)} for fold in (0, 1)]
    assert insert_new(connection, MarketData, bars) == written(inserted=1, already_there=1)
    texts = [point(desk, curve_id=name) for name in ("1", "1 ", "NULL", "null", "é", "e\u0301")]
    assert insert_new(connection, CurveData, texts) == written(inserted=6)


def test_values_that_are_the_same_are_not_written(connection, desk):
    signal = desk.rows[Signal] | {"details": {"a": 1, "b": [0.0]}}
    upsert(connection, Signal, [signal])
    same = signal | {"value": -1, "details": {"b": [0], "a": 1.0}}
    assert upsert(connection, Signal, [same]) == written(already_there=1)
    assert upsert(connection, Signal, [signal | {"details": None}]) == written(updated=1)
    assert upsert(connection, Signal, [signal | {"details": {}}]) == written(updated=1)
    for value, change in ((0.0, -0.0), (float("nan"), float("nan"))):
        upsert(connection, Signal, [signal | {"value": value}])
        unchanged = upsert(connection, Signal, [signal | {"value": change}])
        assert unchanged == written(already_there=1)


# What a repetition leaves alone


def test_an_unchanged_row_stays_where_it_is(connection, desk):
    rows = [point(desk, tenor_days=days) for days in range(50)]
    upsert(connection, CurveData, rows)
    places = read_places(connection, "curves")
    upsert(connection, CurveData, rows)
    insert_new(connection, CurveData, rows)
    assert read_places(connection, "curves") == places
    rows[7]["rate"] = 11.0
    upsert(connection, CurveData, rows)
    assert len(read_places(connection, "curves") - places) == 1


def read_places(connection, table):
    return set(connection.scalars(text(f"SELECT (tableoid, ctid)::text FROM {table}")))


@BOTH
def test_a_repetition_uses_up_no_numbers_of_parents(connection, desk, write):
    """Theirs are four bytes wide: 2,000 repetitions a day of 1,000 rows would last three years."""
    rows = [desk.rows[Instrument] | {"ticker": f"T{number}"} for number in range(3)]
    write(connection, Instrument, rows)
    write(connection, Instrument, rows)
    write(connection, Instrument, [rows[0] | {"ticker": "T3"}])
    ids = select(Instrument.id).order_by(Instrument.id.desc()).limit(2)
    assert len(set(range(*connection.scalars(ids).all()[::-1]))) == 1


@BOTH
def test_a_repetition_leaves_compressed_chunks_compressed(connection, desk, compress, write):
    rows = [point(desk, tenor_days=days) for days in range(200)]
    insert_new(connection, CurveData, rows)
    compress(CurveData)
    assert uncompressed(connection) == 0
    set_limit = "SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 199"
    connection.execute(text(set_limit))
    assert write(connection, CurveData, rows) == written(already_there=200)
    assert write(connection, CurveData, iter(rows)) == written(already_there=200)
    assert uncompressed(connection) == 0


def uncompressed(connection):
    """The rows of `curves` that are in no compressed batch."""
    chunks = connection.scalars(text("SELECT show_chunks('curves')")).all()
    return sum(connection.scalar(text(f"SELECT count(*) FROM ONLY {name}")) for name in chunks)


def test_a_change_in_a_compressed_chunk(connection, desk, compress):
    rows = [point(desk, tenor_days=days) for days in range(200)]
    insert_new(connection, CurveData, rows)
    compress(CurveData)
    rows[3]["rate"] = 9.0
    rows += [point(desk, tenor_days=200), point(desk, curve_id="another")]
    assert upsert(connection, CurveData, rows) == written(2, updated=1, already_there=199)
    assert connection.scalar(select(CurveData.rate).where(CurveData.tenor_days == 3)) == 9.0
    assert len(read(connection, CurveData, "id")) == 202


# How much is held and sent at once


def test_rows_are_taken_from_an_iterator_as_they_are_written(connection, desk, monkeypatch):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)
    ahead = []

    def rows():
        for days in range(95):
            ahead.append(days - len(read(connection, CurveData, "id")))
            yield point(desk, tenor_days=days)

    assert upsert(connection, CurveData, rows()) == written(inserted=95)
    assert max(ahead) == 9


def test_a_long_batch_is_divided(connection, desk, monkeypatch, statements):
    monkeypatch.setattr(row_batches, "STATEMENT_CHARACTERS", 3_000)
    rows = [point(desk, tenor_days=days, source="x" * 1_000) for days in range(10)]
    assert insert_new(connection, CurveData, rows) == written(inserted=10)
    assert 4 <= len([sent for sent in statements if "INSERT" in sent]) <= 10


def test_one_statement_for_each_set_of_columns(connection, desk, statements):
    rows = [point(desk, tenor_days=days) for days in range(100)]
    rows += [dict(reversed(point(desk, tenor_days=days).items())) for days in range(100, 200)]
    rows += [point(desk, tenor_days=days, source="s") for days in range(200, 300)]
    assert insert_new(connection, CurveData, rows) == written(inserted=300)
    assert len([sent for sent in statements if "INSERT" in sent]) == 2


# Refusals


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
    rows = [point(desk, tenor_days=days) for days in range(3)]
    rows[1] |= change
    with pytest.raises(RowError) as error:
        write(connection, CurveData, rows)
    assert (error.value.row, error.value.column) == (1, column)
    assert str(error.value).startswith(f"curves: rows[1][{column!r}]: ")
    assert words in str(error.value)
    assert statements == []


@pytest.mark.parametrize("column", ["rate", "curve_id"])
def test_a_missing_column(connection, desk, column):
    row = point(desk)
    del row[column]
    with pytest.raises(RowError, match=rf"rows\[1\]\['{column}'\]: missing"):
        upsert(connection, CurveData, [point(desk), row])


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


def test_a_naive_time(connection, desk):
    row = desk.rows[MacroSeries] | {"release_time": desk.noon.replace(tzinfo=None)}
    with pytest.raises(RowError, match=r"rows\[0\]\['release_time'\].* has no time zone"):
        insert_new(connection, MacroSeries, [row])


def test_the_first_wrong_row_is_named(connection, desk):
    rows = [point(desk, tenor_days=days) for days in range(9)]
    rows[3]["source"] = 1
    rows[4]["curve_id"] = 1
    rows[5]["unknown"] = 1
    rows[2] = point(desk, tenor_label="shape of its own", rate="x")
    with pytest.raises(RowError) as error:
        upsert(connection, CurveData, rows)
    assert (error.value.row, error.value.column) == (2, "rate")


@BOTH
def test_a_late_error_leaves_nothing_behind(connection, desk, monkeypatch, write):
    """The transaction, and what was in it before, live on."""
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)
    write(connection, CurveData, [point(desk, curve_id="before")])
    rows = [point(desk, tenor_days=days) for days in range(30)]
    rows[25]["rate"] = None
    with pytest.raises(RowError) as error:
        write(connection, CurveData, iter(rows))
    assert error.value.row == 25
    rows[25]["rate"] = 1.0
    rows[26]["tenor_days"] = -1
    for late in (rows, iter(rows)):
        with pytest.raises(IntegrityError, match="ck_curves_tenor_days"):
            write(connection, CurveData, late)
    assert read(connection, CurveData, "curve_id") == [("before",)]


def test_a_list_is_checked_before_its_first_row_is_written(
    connection, desk, monkeypatch, statements
):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)
    rows = [point(desk, tenor_days=days) for days in range(30)]
    rows[25]["rate"] = None
    with pytest.raises(RowError):
        insert_new(connection, CurveData, tuple(rows))
    assert statements == []


def test_a_parent_that_is_not_there(connection, desk):
    row = desk.rows[SeriesMetadata] | {"source_id": -1}
    with pytest.raises(IntegrityError, match="fk_series_metadata_source_id_data_sources"):
        insert_new(connection, SeriesMetadata, [row])


# Transactions


def test_nothing_is_committed(database, desk):
    engine, _ = database
    with engine.connect() as connection:
        insert_new(connection, CurveData, [point(desk)])
        connection.rollback()
        assert read(connection, CurveData, "id") == []


def test_a_row_that_another_session_inserts_meanwhile(database, desk, conformance_engine):
    """It was not there when the statement began, and counts as updated all the same."""
    if reason := conformance_engine.capabilities.missing("concurrent_sessions"):
        pytest.skip(reason)
    engine, _ = database
    other = create_engine(engine.url, poolclass=pool.NullPool)
    results = []

    def write():
        with engine.begin() as connection:
            results.append(upsert(connection, CurveData, [point(desk, rate=2.0)]))

    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with other.connect() as connection, engine.connect() as watch:
        insert_new(connection, CurveData, [point(desk, rate=1.0)])
        thread = threading.Thread(target=write)
        thread.start()
        until = datetime.now(UTC) + timedelta(seconds=20)
        while not watch.scalar(waiting) and datetime.now(UTC) < until:
            watch.rollback()
        connection.commit()
        thread.join(20)
    with engine.begin() as connection:
        assert results == [written(updated=1)]
        assert read(connection, CurveData, "rate") == [(2.0,)]
        connection.execute(delete(CurveData))
