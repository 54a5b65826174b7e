"""The database accepts every generated row of a model and returns the same values."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text

import models
from conformance.declarations import compression_of, hypertable_of
from conformance.strategies import batches, chunk_starts, natural_key, rows
from conformance.strategies.derivation import derivation_of

METADATA_MODELS = [models.DataSource, models.Instrument, models.SeriesMetadata]
HYPERTABLE_MODELS = [
    models.MarketData, models.MacroSeries, models.CurveData, models.FlowData, models.FiscalData,
    models.VolSurface, models.Signal,
]  # fmt: skip


@pytest.fixture
def parents(writer):
    """Two rows in each table that foreign keys refer to."""
    found = {}
    for model in METADATA_MODELS:
        table = model.__table__
        values = []
        for number in range(2):
            row = {"name": f"parent {number}", "series_code": f"parent {number}"}
            row |= {"ticker": f"parent {number}", "asset_class": "fx", "frequency": "daily"}
            row |= {"source_id": found.get("data_sources.id", [None])[0]}
            row = {name: value for name, value in row.items() if name in table.columns}
            values.append(writer.connection.scalar(insert(table).values(row).returning(table.c.id)))
        found[f"{table.name}.id"] = values
    return found


def plain_row(model, parents):
    """One row without anything special, and the chunks that rows will need."""
    plain = {
        "signal_type": "s", "curve_id": "c", "fiscal_metric": "m", "flow_type": "f",
        "frequency": "daily", "call_put": "put", "value": 0, "rate": 0, "implied_vol": 0,
        "tenor_days": 0, "delta": 0, "release_time": "2020-01-01T00:00:00+00:00",
        "instrument_id": parents["instruments.id"][0],
        "series_id": parents["series_metadata.id"][0],
    }  # fmt: skip
    return {name: value for name, value in plain.items() if name in model.__table__.columns}


@pytest.mark.parametrize("model", METADATA_MODELS, ids=lambda model: model.__name__)
def test_metadata_rows(model, writer, parents):
    @settings(max_examples=60)
    @given(row=rows(model, parents=parents))
    def check(row):
        given_row, read = writer.given_and_read(model.__table__, row)
        assert read == given_row

    check()


@pytest.mark.parametrize("model", HYPERTABLE_MODELS, ids=lambda model: model.__name__)
def test_hypertable_rows(model, writer, parents):
    writer.make_chunks(model.__table__, plain_row(model, parents))

    @settings(max_examples=60)
    @given(row=rows(model, parents=parents))
    def check(row):
        given_row, read = writer.given_and_read(model.__table__, row)
        assert read == given_row

    check()


@pytest.mark.parametrize("model", HYPERTABLE_MODELS, ids=lambda model: model.__name__)
def test_rows_far_back_and_ahead(model, writer, parents):
    @settings(max_examples=15)
    @given(row=rows(model, parents=parents, far=True))
    def check(row):
        given_row, read = writer.given_and_read(model.__table__, row)
        assert read == given_row

    check()


@pytest.mark.parametrize("model", HYPERTABLE_MODELS, ids=lambda model: model.__name__)
def test_the_default_span_is_four_chunks_and_boundaries_are_where_timescaledb_has_them(
    model, writer, parents
):
    """A value at the start of every chunk, and the one before it, are in different chunks."""
    table, row = model.__table__, plain_row(model, parents)
    time_column = hypertable_of(table).time_column
    starts = chunk_starts(table)
    assert len(starts) == 4
    writer.make_chunks(table, row)
    # A chunk keeps its place without rows.
    made = writer.connection.execute(
        text(
            "SELECT range_start FROM timescaledb_information.chunks "
            "WHERE hypertable_name = :name ORDER BY range_start"
        ),
        {"name": table.name},
    ).scalars().all()  # fmt: skip
    expected = [getattr(start, "date", lambda start=start: start)() for start in starts]
    assert [start.date() for start in made] == expected

    @settings(max_examples=30)
    @given(drawn=rows(model, parents=parents))
    def check(drawn):
        savepoint = writer.connection.begin_nested()
        writer.connection.execute(insert(table).values({**row, time_column: drawn[time_column]}))
        chunks = writer.connection.scalar(
            text("SELECT count(*) FROM show_chunks(CAST(:name AS regclass))"), {"name": table.name}
        )
        savepoint.rollback()
        assert chunks == 4

    check()


def existing(connection, table, row, key):
    """How many rows have the row's key, NULLs being equal."""
    found = select(func.count()).select_from(table)
    for name in key:
        found = found.where(table.c[name].is_not_distinct_from(row[name]))
    return connection.scalar(found)


@pytest.mark.parametrize("model", HYPERTABLE_MODELS, ids=lambda model: model.__name__)
def test_a_batch_is_accepted_row_by_row(model, writer, parents):
    """A row of it is refused exactly where its key is there already."""
    table, key = model.__table__, natural_key(model)
    writer.make_chunks(table, plain_row(model, parents))

    @settings(max_examples=20)
    @given(batch=batches(model, parents=parents, complete=True, max_size=5))
    def check(batch):
        savepoint = writer.connection.begin_nested()
        for row in batch:
            taken = existing(writer.connection, table, row, key) > 0
            assert writer.refuses(table, row) is taken
            if not taken:
                writer.connection.execute(insert(table).values(row))
        savepoint.rollback()

    check()


@pytest.mark.parametrize(
    "model", [models.FiscalData, models.Signal, models.CurveData], ids=lambda model: model.__name__
)
def test_the_longest_key_texts_can_be_compressed(model, writer, parents, conformance_engine):
    """Index entries of compressed chunks hold both ends of every ordered column."""
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("the Apache edition has no compression")
    table = model.__table__
    assert compression_of(table)
    (name,) = {"fiscal_metric", "signal_type", "curve_id"} & set(table.columns.keys())
    # A character takes up to four bytes.
    longest = derivation_of(table).fields[name].limit // 4
    assert longest >= 325
    assert longest - 100 < max_length(rows(model, parents=parents), name) <= longest
    row = plain_row(model, parents)
    anything = random.Random(0)
    for _ in range(2):
        # Four bytes a character, and nothing in it that repeats: it cannot be packed.
        row[name] = "".join(chr(anything.randrange(0x20000, 0x2A000)) for _ in range(longest))
        row[hypertable_of(table).time_column] = chunk_starts(table)[0]
        writer.connection.execute(insert(table).values(row))
    writer.connection.execute(
        text("SELECT compress_chunk(c) FROM show_chunks(CAST(:name AS regclass)) c"),
        {"name": table.name},
    )


def max_length(strategy, name):
    """The greatest length of a text that comes up in a good number of rows."""
    longest = [0]

    @settings(max_examples=300)
    @given(batch=st.lists(strategy, min_size=5, max_size=5))
    def look(batch):
        longest[0] = max(longest[0], *(len(row[name]) for row in batch))

    look()
    return longest[0]
