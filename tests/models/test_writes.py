"""Rows are written unchanged and once; a call writes all rows or none, and counts them."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError

from conformance.declarations import hypertable_of
from models import (
    Base,
    CurveData,
    DataSource,
    FlowData,
    Instrument,
    MarketData,
    Signal,
    VolSurface,
    row_batches,
    spooling,
    write_statements,
)
from models.enums import CallPut
from models.writes import insert_new, natural_key, upsert

MODELS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda m: m.__tablename__)
BOTH = pytest.mark.parametrize("write", [insert_new, upsert])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__tablename__)
@BOTH
def test_a_full_row_is_read_as_it_was_written(connection, desk, model, write):
    row = desk.rows[model]
    assert set(row) == {column.name for column in model.__table__.columns} - {"id"}
    assert write(connection, model, [row]) == desk.written(inserted=1)
    key = [model.__table__.c[name] == row[name] for name in natural_key(model.__table__)]
    found = connection.execute(select(model).where(*key)).mappings().one()
    assert {name: found[name] for name in row} == row
    assert write(connection, model, [row]) == desk.written(already_there=1)


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
    insert_new(connection, CurveData, [desk.point(source="first")])
    rows = [desk.point(rate=11, source="second"), desk.point(tenor_days=60)]
    assert insert_new(connection, CurveData, rows) == desk.written(inserted=1, already_there=1)
    assert desk.read(connection, CurveData, "rate", "source") == [(10.0, "first"), (10.0, None)]
    assert upsert(connection, CurveData, rows) == desk.written(updated=1, already_there=1)
    assert desk.read(connection, CurveData, "rate", "source") == [(10.0, None), (11.0, "second")]


def test_what_a_row_leaves_out_has_its_default_or_stays(connection, desk):
    flow = dict(desk.rows[FlowData])
    del flow["unit"], flow["release_time"]
    assert upsert(connection, FlowData, [flow]) == desk.written(inserted=1)
    assert desk.read(connection, FlowData, "unit", "release_time") == [("USD_MM", None)]
    upsert(connection, FlowData, [flow | {"unit": "EUR_MM", "release_time": desk.noon}])
    assert upsert(connection, FlowData, [flow | {"value": 2}]) == desk.written(updated=1)
    assert desk.read(connection, FlowData, "value", "unit", "release_time") == [
        (2.0, "EUR_MM", desk.noon)
    ]


def test_a_change_moves_updated_at_and_nothing_else_does(connection, desk):
    row = desk.rows[Instrument]
    insert_new(connection, Instrument, [row])
    given = {"ticker": row["ticker"], "name": "another", "asset_class": "rates"}
    found = select(Instrument.updated_at).where(Instrument.ticker == row["ticker"])
    assert upsert(connection, Instrument, [given | {"name": row["name"]}]).already_there == 1
    assert connection.scalar(found) == desk.noon
    assert upsert(connection, Instrument, [given]) == desk.written(updated=1)
    assert connection.scalar(found) == connection.scalar(text("SELECT now()"))


def test_rows_that_give_nothing_but_the_key(connection, desk):
    rows = [{"name": "a"}, {"name": "b"}, {"name": "a"}]
    assert upsert(connection, DataSource, rows) == desk.written(inserted=2, already_there=1)
    assert upsert(connection, DataSource, iter(rows)) == desk.written(already_there=3)


@BOTH
def test_no_rows(connection, desk, write):
    assert write(connection, CurveData, []) == desk.written()
    assert write(connection, CurveData, iter([])) == desk.written()


# A key given more than once


@pytest.mark.parametrize("size", [5_000, 1], ids=["in one batch", "in two batches"])
@BOTH
def test_the_first_or_the_last_row_counts(connection, desk, monkeypatch, size, write):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", size)
    result = write(connection, CurveData, [desk.point(rate=1.0), desk.point(rate=2.0)])
    assert (result.given, result.inserted) == (2, 1)
    assert desk.read(connection, CurveData, "rate") == [(1.0 if write is insert_new else 2.0,)]


@pytest.mark.parametrize("size", [5_000, 1], ids=["in one batch", "in three batches"])
def test_rows_with_other_columns_are_put_together(connection, desk, monkeypatch, size):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", size)
    rows = [
        desk.point(rate=1, source="a", tenor_label="x"),
        desk.point(rate=2, curve_type="swap"),
        desk.point(rate=3, source="b"),
    ]
    upsert(connection, CurveData, rows)
    columns = ("rate", "source", "tenor_label", "curve_type")
    assert desk.read(connection, CurveData, *columns) == [(3.0, "b", "x", "swap")]
    connection.execute(delete(CurveData))
    insert_new(connection, CurveData, rows)
    assert desk.read(connection, CurveData, *columns) == [(1.0, "a", "x", None)]


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
    assert write(connection, model, [row, row | change]) == desk.written(
        inserted=1, already_there=1
    )
    assert write(connection, model, [row | change]) == desk.written(already_there=1)


def test_keys_that_python_takes_for_equal(connection, desk):
    from zoneinfo import ZoneInfo

    clock = datetime(2024, 1, 14, 0, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
    bars = [desk.rows[MarketData] | {"timestamp": clock.replace(fold=fold)} for fold in (0, 1)]
    assert insert_new(connection, MarketData, bars) == desk.written(inserted=1, already_there=1)
    texts = [desk.point(curve_id=name) for name in ("1", "1 ", "NULL", "null", "é", "e\u0301")]
    assert insert_new(connection, CurveData, texts) == desk.written(inserted=6)


@BOTH
def test_a_zero_keeps_its_sign(connection, desk, write):
    """psycopg2 writes a float of -0.0 as a `numeric` literal, which has none; texts have."""
    write(connection, CurveData, [desk.point(rate=-0.0)])
    assert repr(connection.scalar(select(CurveData.rate))) == "-0.0"


def test_values_that_are_the_same_are_not_written(connection, desk):
    signal = desk.rows[Signal] | {"details": {"a": 1, "b": [0.0]}}
    upsert(connection, Signal, [signal])
    same = signal | {"value": -1, "details": {"b": [0], "a": 1.0}}
    assert upsert(connection, Signal, [same]) == desk.written(already_there=1)
    assert upsert(connection, Signal, [signal | {"details": None}]) == desk.written(updated=1)
    assert upsert(connection, Signal, [signal | {"details": {}}]) == desk.written(updated=1)
    for value, change in ((0.0, -0.0), (float("nan"), float("nan"))):
        upsert(connection, Signal, [signal | {"value": value}])
        unchanged = upsert(connection, Signal, [signal | {"value": change}])
        assert unchanged == desk.written(already_there=1)


@pytest.mark.parametrize("size", [5_000, 1], ids=["in one batch", "in two batches"])
@BOTH
def test_the_key_stays_as_it_was_first_spelled(connection, desk, monkeypatch, size, write):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", size)
    quotes = [desk.rows[VolSurface] | {"delta": delta} for delta in (0.0, -0.0)]
    assert write(connection, VolSurface, quotes) == desk.written(inserted=1, already_there=1)
    assert repr(connection.scalar(select(VolSurface.delta))) == "0.0"


@BOTH
def test_a_row_is_not_lost_to_another_key(connection, desk, write):
    """Only its natural key says that a row is there already, no number that is taken."""
    write(connection, CurveData, [desk.point()])
    taken = connection.scalar(select(CurveData.id))
    sequence = text("SELECT setval(pg_get_serial_sequence('curves', 'id'), :taken, false)")
    connection.execute(sequence, {"taken": taken})
    with pytest.raises(IntegrityError, match="pk_curves"):
        write(connection, CurveData, [desk.point(tenor_days=60)])


# What a repetition leaves alone


def test_an_unchanged_row_stays_where_it_is(connection, desk):
    rows = [desk.point(tenor_days=days) for days in range(50)]
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


@pytest.fixture(params=[500, 0], ids=["a short call", "a long call"])
def short_and_long_calls(request, monkeypatch):
    monkeypatch.setattr(write_statements, "FEW_ROWS", request.param)


@pytest.mark.usefixtures("short_and_long_calls")
def test_equal_rows_are_not_written(connection, desk):
    rows = [desk.point(tenor_days=days) for days in range(5)]
    upsert(connection, CurveData, rows)
    assert upsert(connection, CurveData, rows) == desk.written(already_there=5)
    changed = [rows[0] | {"rate": 9.0}, *rows[1:]]
    assert upsert(connection, CurveData, changed) == desk.written(updated=1, already_there=4)


@BOTH
@pytest.mark.parametrize("model", [CurveData, Signal], ids=["a key", "a key with NULLs"])
@pytest.mark.usefixtures("short_and_long_calls")
def test_a_repetition_leaves_compressed_chunks_compressed(connection, desk, compress, write, model):
    rows = [desk.point(tenor_days=days) for days in range(200)]
    if model is Signal:
        first = desk.rows[Signal] | {"instrument_id": None, "series_id": None}
        rows = [first | {"signal_type": f"s{n % 2}", "signal_date": desk.day + timedelta(n)}
                for n in range(200)]  # fmt: skip
    table = model.__tablename__
    insert_new(connection, model, rows)
    compress(model)
    assert uncompressed(connection, table) == 0
    set_limit = "SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 199"
    connection.execute(text(set_limit))
    assert write(connection, model, rows) == desk.written(already_there=200)
    assert write(connection, model, iter(rows)) == desk.written(already_there=200)
    assert uncompressed(connection, table) == 0


def uncompressed(connection, table):
    """The table's rows that are in no compressed batch."""
    chunks = connection.scalars(text(f"SELECT show_chunks('{table}')")).all()
    return sum(connection.scalar(text(f"SELECT count(*) FROM ONLY {name}")) for name in chunks)


def test_only_a_long_call_asks_for_compressed_chunks_and_once(
    connection, desk, monkeypatch, statements
):
    """It takes the server longer than to look for the rows of a short one."""
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)
    monkeypatch.setattr(write_statements, "FEW_ROWS", 20)
    for number, asked in ((20, 0), (30, 1)):
        statements.clear()
        upsert(connection, CurveData, [desk.point(tenor_days=days) for days in range(number)])
        questions = [sent for sent in statements if "is_compressed" in sent]
        assert len(questions) == asked


@BOTH
def test_a_long_call_meets_compressed_chunks_in_its_middle(
    connection, desk, compress, monkeypatch, write
):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)
    monkeypatch.setattr(write_statements, "FEW_ROWS", 0)
    rows = [desk.point(curve_date=desk.day + timedelta(days=40 * n)) for n in range(25)]
    write(connection, CurveData, rows[12:13])
    compress(CurveData)
    assert write(connection, CurveData, rows) == desk.written(24, already_there=1)
    assert uncompressed(connection, "curves") == 24


def test_a_change_in_a_compressed_chunk(connection, desk, compress):
    rows = [desk.point(tenor_days=days) for days in range(200)]
    insert_new(connection, CurveData, rows)
    compress(CurveData)
    rows[3]["rate"] = 9.0
    rows += [desk.point(tenor_days=200), desk.point(curve_id="another")]
    assert upsert(connection, CurveData, rows) == desk.written(2, updated=1, already_there=199)
    assert connection.scalar(select(CurveData.rate).where(CurveData.tenor_days == 3)) == 9.0
    assert len(desk.read(connection, CurveData, "id")) == 202


# How much is held and sent at once


@BOTH
def test_nothing_is_written_before_the_last_row_is_fetched(
    connection, desk, monkeypatch, statements, write
):
    """So nothing is locked while a source is slow."""
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)

    def rows():
        for days in range(95):
            assert statements == []
            yield desk.point(tenor_days=days)

    assert write(connection, CurveData, rows()) == desk.written(inserted=95)
    assert len([sent for sent in statements if "INSERT" in sent]) == 10


@BOTH
def test_a_dict_that_the_source_fills_again(connection, desk, monkeypatch, write):
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 10)

    def rows():
        row = desk.point()
        for days in range(25):
            row["tenor_days"] = days
            yield row

    assert write(connection, CurveData, rows()) == desk.written(inserted=25)


@pytest.mark.parametrize("given", [list, iter])
def test_memory_does_not_grow_with_the_rows(connection, desk, monkeypatch, given):
    """4 MB of rows; what is held of them at once is a batch, in its several forms."""
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 50)
    monkeypatch.setattr(spooling, "MOST_IN_MEMORY", 100_000)
    rows = given(
        {**desk.point(tenor_days=days), "source": f"{days:4}" * 500} for days in range(2000)
    )
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        assert insert_new(connection, CurveData, rows) == desk.written(inserted=2000)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000


@pytest.mark.parametrize("number", [10, 11, 12, 13])
def test_a_long_batch_is_divided(connection, desk, monkeypatch, statements, number):
    monkeypatch.setattr(row_batches, "STATEMENT_CHARACTERS", 3_000)
    rows = [desk.point(tenor_days=days, source="x" * 1_000) for days in range(number)]
    assert insert_new(connection, CurveData, rows) == desk.written(inserted=number)
    assert 4 <= len([sent for sent in statements if "INSERT" in sent]) <= number


def test_one_statement_for_each_set_of_columns(connection, desk, statements):
    rows = [desk.point(tenor_days=days) for days in range(100)]
    rows += [dict(reversed(desk.point(tenor_days=days).items())) for days in range(100, 200)]
    rows += [desk.point(tenor_days=days, source="s") for days in range(200, 300)]
    assert insert_new(connection, CurveData, rows) == desk.written(inserted=300)
    assert len([sent for sent in statements if "INSERT" in sent]) == 2
