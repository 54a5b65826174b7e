"""Indexes: the automatic ones of hypertables, and all sorts that a model can declare."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from .cases import Alteration, ModelEdit, parametrize

TIME_INDEX = "index:signals.signals_signal_date_idx"


def _indexed() -> MetaData:
    """A table with an index of each sort."""
    metadata = MetaData()
    quotes = Table(
        "quotes",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("venue", Text, index=True),
        Column("code", Text),
        Column("price", Integer),
        Column("details", JSONB),
        Column("symbol", Text(collation="C")),
    )
    # With the collation of the column, said or not, and with another one.
    Index("ix_symbol", func.lower(quotes.c.symbol), func.upper(quotes.c.symbol).collate("C"))
    Index("ix_symbol_posix", func.lower(quotes.c.symbol).collate("POSIX"), quotes.c.symbol)
    Index("ix_desc", quotes.c.code, quotes.c.price.desc())
    Index("ix_unique", quotes.c.code, unique=True)
    Index("ix_partial", quotes.c.price, postgresql_where=quotes.c.price > 0)
    Index("ix_include", quotes.c.price, postgresql_include=["code"])
    Index("ix_gin", quotes.c.details, postgresql_using="gin")
    Index("ix_lower", func.lower(quotes.c.code))
    Index("ix_pattern", quotes.c.code, postgresql_ops={"code": "text_pattern_ops"})
    Index(
        "ix_pattern_lower",
        func.lower(quotes.c.code).label("lower_code"),
        postgresql_ops={"lower_code": "text_pattern_ops"},
    )
    Index("ix_pattern_text", text("venue text_pattern_ops DESC"), _table=quotes)
    collated = text('lower(venue) COLLATE pg_catalog."POSIX" text_pattern_ops DESC')
    Index("ix_collated_text", collated, text('venue collate "C"'), _table=quotes)
    return metadata


def _again(name: str, definition: str) -> str:
    """The same index, made otherwise."""
    return f"DROP INDEX {name}; {definition}"


ON_MODELS = (
    Alteration(
        "undeclared",
        "CREATE INDEX ix_country ON instruments (country)",
        {"index:instruments.ix_country:exists"},
    ),
    Alteration(
        "undeclared on a hypertable",
        "CREATE INDEX ON market_data (source, timestamp DESC)",
        {"index:market_data.market_data_source_timestamp_idx:exists"},
    ),
    Alteration(
        "undeclared unique",
        "CREATE UNIQUE INDEX ix_name ON instruments (name) WHERE is_active",
        {"index:instruments.ix_name:exists"},
    ),
    Alteration(
        "time index dropped", "DROP INDEX signals_signal_date_idx", {f"{TIME_INDEX}:exists"}
    ),
    Alteration(
        "time index ascending",
        _again(
            "signals_signal_date_idx",
            "CREATE INDEX signals_signal_date_idx ON signals (signal_date)",
        ),
        {f"{TIME_INDEX}:columns"},
    ),
    Alteration(
        "time index partial",
        _again(
            "signals_signal_date_idx",
            "CREATE INDEX signals_signal_date_idx ON signals (signal_date DESC) WHERE value > 0",
        ),
        {f"{TIME_INDEX}:predicate"},
    ),
    Alteration(
        "time index by another method",
        _again(
            "signals_signal_date_idx",
            "CREATE INDEX signals_signal_date_idx ON signals USING brin (signal_date)",
        ),
        {f"{TIME_INDEX}:columns", f"{TIME_INDEX}:method"},
    ),
    Alteration(
        "time index invalid",
        "UPDATE pg_index SET indisvalid = false"
        " WHERE indexrelid = 'signals_signal_date_idx'::regclass",
        {f"{TIME_INDEX}:valid"},
    ),
    Alteration(
        "time index twice",
        "CREATE INDEX again ON signals (signal_date DESC)",
        {"index:signals.again:exists"},
    ),
)

ON_INDEXED = (
    Alteration("nothing", "SELECT 1"),
    Alteration("dropped", "DROP INDEX ix_quotes_venue", {"index:quotes.ix_quotes_venue:exists"}),
    Alteration(
        "renamed",
        "ALTER INDEX ix_quotes_venue RENAME TO ix_venue",
        {"index:quotes.ix_quotes_venue:exists"},
    ),
    Alteration(
        "direction",
        _again("ix_desc", "CREATE INDEX ix_desc ON quotes (code, price)"),
        {"index:quotes.ix_desc:columns"},
    ),
    Alteration(
        "place of NULLs",
        _again("ix_desc", "CREATE INDEX ix_desc ON quotes (code, price DESC NULLS LAST)"),
        {"index:quotes.ix_desc:columns"},
    ),
    Alteration(
        "column order",
        _again("ix_desc", "CREATE INDEX ix_desc ON quotes (price DESC, code)"),
        {"index:quotes.ix_desc:columns"},
    ),
    Alteration(
        "collation",
        _again("ix_quotes_venue", 'CREATE INDEX ix_quotes_venue ON quotes (venue COLLATE "C")'),
        {"index:quotes.ix_quotes_venue:columns"},
    ),
    Alteration(
        "collation of an expression",
        _again(
            "ix_symbol",
            'CREATE INDEX ix_symbol ON quotes (lower(symbol) COLLATE "POSIX", upper(symbol))',
        ),
        {"index:quotes.ix_symbol:columns"},
    ),
    Alteration(
        "no collation of an expression",
        _again("ix_symbol_posix", "CREATE INDEX ix_symbol_posix ON quotes (lower(symbol), symbol)"),
        {"index:quotes.ix_symbol_posix:columns"},
    ),
    Alteration(
        "operator class",
        _again("ix_pattern", "CREATE INDEX ix_pattern ON quotes (code)"),
        {"index:quotes.ix_pattern:columns"},
    ),
    Alteration(
        "no longer unique",
        _again("ix_unique", "CREATE INDEX ix_unique ON quotes (code)"),
        {"index:quotes.ix_unique:unique"},
    ),
    Alteration(
        "unique",
        _again("ix_quotes_venue", "CREATE UNIQUE INDEX ix_quotes_venue ON quotes (venue)"),
        {"index:quotes.ix_quotes_venue:unique"},
    ),
    Alteration(
        "NULLs equal",
        _again("ix_unique", "CREATE UNIQUE INDEX ix_unique ON quotes (code) NULLS NOT DISTINCT"),
        {"index:quotes.ix_unique:nulls"},
    ),
    Alteration(
        "method",
        _again("ix_quotes_venue", "CREATE INDEX ix_quotes_venue ON quotes USING hash (venue)"),
        {"index:quotes.ix_quotes_venue:method"},
    ),
    Alteration(
        "operator class of another method",
        _again("ix_gin", "CREATE INDEX ix_gin ON quotes USING gin (details jsonb_path_ops)"),
        {"index:quotes.ix_gin:columns"},
    ),
    Alteration(
        "predicate",
        _again("ix_partial", "CREATE INDEX ix_partial ON quotes (price) WHERE price > 1"),
        {"index:quotes.ix_partial:predicate"},
    ),
    Alteration(
        "no predicate",
        _again("ix_partial", "CREATE INDEX ix_partial ON quotes (price)"),
        {"index:quotes.ix_partial:predicate"},
    ),
    Alteration(
        "included columns",
        _again("ix_include", "CREATE INDEX ix_include ON quotes (price) INCLUDE (venue)"),
        {"index:quotes.ix_include:include"},
    ),
    Alteration(
        "included column made a key",
        _again("ix_include", "CREATE INDEX ix_include ON quotes (price, code)"),
        {"index:quotes.ix_include:include", "index:quotes.ix_include:columns"},
    ),
    Alteration(
        "expression",
        _again("ix_lower", "CREATE INDEX ix_lower ON quotes (upper(code))"),
        {"index:quotes.ix_lower:columns"},
    ),
    Alteration(
        "no expression",
        _again("ix_lower", "CREATE INDEX ix_lower ON quotes (code)"),
        {"index:quotes.ix_lower:columns"},
    ),
    Alteration(
        "invalid",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_gin'::regclass",
        {"index:quotes.ix_gin:valid"},
    ),
)

EDITS = (
    ModelEdit(
        "an index more",
        "series_metadata.py",
        "    series_code: Mapped[str]\n",
        "    series_code: Mapped[str] = mapped_column(index=True)\n",
        {"index:series_metadata.ix_series_metadata_series_code:exists"},
    ),
    ModelEdit(
        "no time index",
        "signals.py",
        'Hypertable("signal_date", chunk_interval="1 year")',
        'Hypertable("signal_date", chunk_interval="1 year", time_index=False)',
        {f"{TIME_INDEX}:exists"},
    ),
    ModelEdit(
        "a unique index more",
        "data_sources.py",
        "    base_url: Mapped[str | None]\n",
        "    base_url: Mapped[str | None] = mapped_column(index=True, unique=True)\n",
        {"index:data_sources.ix_data_sources_base_url:exists"},
    ),
)


@parametrize(ON_MODELS)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(ON_INDEXED)
def test_alteration_of_declared_index(bare_database, case):
    metadata = _indexed()
    metadata.create_all(bare_database.connection)
    bare_database.alter(case)
    bare_database.expect(case.findings, metadata)


@pytest.mark.parametrize(
    "name", sorted(index.name for index in _indexed().tables["quotes"].indexes)
)
def test_undeclared_of_each_sort(bare_database, name):
    _indexed().create_all(bare_database.connection)
    metadata = _indexed()
    quotes = metadata.tables["quotes"]
    quotes.indexes.discard(next(index for index in quotes.indexes if index.name == name))
    bare_database.expect({f"index:quotes.{name}:exists"}, metadata)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))
