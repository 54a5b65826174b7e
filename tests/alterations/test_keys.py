"""Primary keys and unique constraints."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table

import models

from .cases import Alteration, ModelEdit, parametrize

NATURAL_KEY = "uq_signals_natural_key"
KEY_COLUMNS = "signal_type, signal_date, instrument_id, series_id"


def _rekey(key: str) -> str:
    """Another unique constraint on signals, under the name of the natural key."""
    return (
        f"ALTER TABLE signals DROP CONSTRAINT {NATURAL_KEY};"
        f"ALTER TABLE signals ADD CONSTRAINT {NATURAL_KEY} UNIQUE {key}"
    )


def _ticker(key: str) -> str:
    return (
        "ALTER TABLE instruments DROP CONSTRAINT uq_instruments_ticker;"
        f"ALTER TABLE instruments ADD CONSTRAINT {key}"
    )


PRIMARY_KEYS = (
    Alteration(
        "dropped",
        "ALTER TABLE signals DROP CONSTRAINT pk_signals",
        {"primary_key:signals:exists"},
    ),
    Alteration(
        "column order",
        "ALTER TABLE signals DROP CONSTRAINT pk_signals;"
        "ALTER TABLE signals ADD CONSTRAINT pk_signals PRIMARY KEY (signal_date, id)",
        {"primary_key:signals:columns"},
        since=(2, 20),
    ),
    Alteration(
        "a column more",
        "ALTER TABLE signals DROP CONSTRAINT pk_signals;"
        "ALTER TABLE signals ADD CONSTRAINT pk_signals PRIMARY KEY (id, signal_date, signal_type)",
        {"primary_key:signals:columns"},
        since=(2, 20),
    ),
    Alteration(
        "renamed",
        "ALTER TABLE instruments RENAME CONSTRAINT pk_instruments TO instruments_pkey",
        {"primary_key:instruments:name"},
    ),
    Alteration(
        "index renamed",
        "ALTER INDEX pk_data_sources RENAME TO data_sources_pkey",
        {"primary_key:data_sources:name"},
    ),
    Alteration(
        "deferrable and with a column included",
        "ALTER TABLE series_metadata DROP CONSTRAINT pk_series_metadata CASCADE;"
        "ALTER TABLE series_metadata ADD CONSTRAINT pk_series_metadata PRIMARY KEY (id)"
        " INCLUDE (name) DEFERRABLE",
        {
            "primary_key:series_metadata:include",
            "primary_key:series_metadata:deferrable",
            "foreign_key:macro_series.fk_macro_series_series_id_series_metadata:exists",
            "foreign_key:flow_data.fk_flow_data_series_id_series_metadata:exists",
            "foreign_key:fiscal_data.fk_fiscal_data_series_id_series_metadata:exists",
            "foreign_key:signals.fk_signals_series_id_series_metadata:exists",
        },
    ),
    Alteration(
        "a unique constraint in its place",
        "ALTER TABLE signals DROP CONSTRAINT pk_signals;"
        "ALTER TABLE signals ADD CONSTRAINT pk_signals UNIQUE (id, signal_date)",
        {"primary_key:signals:exists", "unique:signals.pk_signals:exists"},
        since=(2, 20),
    ),
    Alteration(
        "index invalid",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pk_instruments'::regclass",
        {"primary_key:instruments:valid"},
    ),
)

UNIQUE = (
    Alteration(
        "dropped",
        "ALTER TABLE market_data DROP CONSTRAINT uq_market_data_natural_key",
        {"unique:market_data.uq_market_data_natural_key:exists"},
    ),
    Alteration(
        "a column less",
        _rekey("NULLS NOT DISTINCT (signal_type, signal_date, instrument_id)"),
        {f"unique:signals.{NATURAL_KEY}:columns"},
        since=(2, 20),
    ),
    Alteration(
        "a column more",
        _ticker("uq_instruments_ticker UNIQUE (ticker, exchange)"),
        {"unique:instruments.uq_instruments_ticker:columns"},
    ),
    Alteration(
        "column order",
        "ALTER TABLE series_metadata DROP CONSTRAINT uq_series_metadata_source_id_series_code,"
        " ADD CONSTRAINT uq_series_metadata_source_id_series_code UNIQUE (series_code, source_id)",
        {"unique:series_metadata.uq_series_metadata_source_id_series_code:columns"},
    ),
    Alteration(
        "NULLs distinct",
        _rekey(f"({KEY_COLUMNS})"),
        {f"unique:signals.{NATURAL_KEY}:nulls"},
        since=(2, 20),
    ),
    Alteration(
        "NULLs equal",
        _ticker("uq_instruments_ticker UNIQUE NULLS NOT DISTINCT (ticker)"),
        {"unique:instruments.uq_instruments_ticker:nulls"},
    ),
    Alteration(
        "deferrable",
        _ticker("uq_instruments_ticker UNIQUE (ticker) DEFERRABLE"),
        {"unique:instruments.uq_instruments_ticker:deferrable"},
    ),
    Alteration(
        "deferred",
        _ticker("uq_instruments_ticker UNIQUE (ticker) DEFERRABLE INITIALLY DEFERRED"),
        {"unique:instruments.uq_instruments_ticker:deferrable"},
    ),
    Alteration(
        "with a column included",
        _ticker("uq_instruments_ticker UNIQUE (ticker) INCLUDE (name)"),
        {"unique:instruments.uq_instruments_ticker:include"},
    ),
    Alteration(
        "renamed",
        "ALTER TABLE instruments RENAME CONSTRAINT uq_instruments_ticker TO instruments_ticker_key",
        {"unique:instruments.uq_instruments_ticker:exists"},
    ),
    Alteration(
        "a unique index in its place",
        "ALTER TABLE instruments DROP CONSTRAINT uq_instruments_ticker;"
        "CREATE UNIQUE INDEX uq_instruments_ticker ON instruments (ticker)",
        {"unique:instruments.uq_instruments_ticker:exists"},
    ),
    Alteration(
        "a unique index on another column in its place",
        "ALTER TABLE instruments DROP CONSTRAINT uq_instruments_ticker;"
        "CREATE UNIQUE INDEX uq_instruments_ticker ON instruments (name)",
        {
            "unique:instruments.uq_instruments_ticker:exists",
            "index:instruments.uq_instruments_ticker:exists",
        },
    ),
    Alteration(
        "undeclared",
        "ALTER TABLE data_sources ADD UNIQUE (base_url)",
        {"unique:data_sources.data_sources_base_url_key:exists"},
    ),
    Alteration(
        "the same twice",
        "ALTER TABLE instruments ADD CONSTRAINT ticker_again UNIQUE (ticker)",
        {"unique:instruments.ticker_again:exists"},
    ),
    Alteration(
        "index invalid",
        "UPDATE pg_index SET indisvalid = false"
        " WHERE indexrelid = 'uq_instruments_ticker'::regclass",
        {"unique:instruments.uq_instruments_ticker:valid"},
    ),
    Alteration(
        "an exclusion constraint more",
        "ALTER TABLE data_sources ADD CONSTRAINT one_url EXCLUDE USING btree (base_url WITH =)",
        {"exclusion:data_sources.one_url:exists"},
    ),
)

EDITS = (
    ModelEdit(
        "natural key without call_put",
        "vol_surfaces.py",
        '            "call_put",\n            name=',
        "            name=",
        {"unique:vol_surfaces.uq_vol_surfaces_natural_key:columns"},
    ),
    ModelEdit(
        "natural key with distinct NULLs",
        "signals.py",
        "            postgresql_nulls_not_distinct=True,\n",
        "",
        {f"unique:signals.{NATURAL_KEY}:nulls"},
    ),
    ModelEdit(
        "no unique constraint",
        "data_sources.py",
        '(UniqueConstraint("name"),)',
        "()",
        {"unique:data_sources.uq_data_sources_name:exists"},
    ),
    ModelEdit(
        "unique column",
        "instruments.py",
        "    name: Mapped[str]\n",
        "    name: Mapped[str] = mapped_column(unique=True)\n",
        {"unique:instruments.uq_instruments_name:exists"},
    ),
    ModelEdit(
        "another naming convention",
        "base.py",
        '"pk": "pk_%(table_name)s"',
        '"pk": "%(table_name)s_pkey"',
        {f"primary_key:{table}:name" for table in models.Base.metadata.tables},
    ),
    ModelEdit(
        "a larger primary key",
        "signals.py",
        "    signal_type: Mapped[str]\n",
        "    signal_type: Mapped[str] = mapped_column(primary_key=True)\n",
        {"primary_key:signals:columns"},
    ),
)


@parametrize(PRIMARY_KEYS)
def test_primary_key(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(UNIQUE)
def test_unique(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))


def test_a_key_that_only_the_mapper_needs(bare_database):
    """The hint can be followed: a mapped class needs a key, its table none."""
    metadata = MetaData()
    Table("flows", metadata, Column("probe", Integer, primary_key=True, autoincrement=False))
    bare_database.execute("CREATE TABLE flows (probe int NOT NULL)")
    (finding,) = bare_database.compare(metadata).findings.values()
    assert finding.id == "primary_key:flows:exists"
    assert '__mapper_args__ = {"primary_key": [...]}' in finding.hint
