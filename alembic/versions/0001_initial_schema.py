"""The initial schema: three metadata tables and seven hypertables.

Revision ID: 0001
Revises:
Create Date: 2026-11-22

Written by hand, independently of the declarations in the models; the conformance suite compares the
two. `-x apache=allow` leaves compression out, for servers without compression.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

REQUIRE_SERVER = """
DO $$
DECLARE
    offered text := (SELECT default_version FROM pg_catalog.pg_available_extensions
                     WHERE name = 'timescaledb');
    installed text := (SELECT extversion FROM pg_catalog.pg_extension
                       WHERE extname = 'timescaledb');
    version text := coalesce(installed, offered);
BEGIN
    IF version IS NULL THEN
        RAISE EXCEPTION 'this server has no TimescaleDB; install version 2.17 or later on it'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    IF (string_to_array(split_part(version, '-', 1), '.')::int[])[1:2] < ARRAY[2, 17] THEN
        RAISE EXCEPTION 'TimescaleDB % is too old; this schema needs 2.17 or later', version
            USING ERRCODE = 'feature_not_supported';
    END IF;
END
$$
"""

REQUIRE_COMMUNITY = """
DO $$
BEGIN
    IF current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale' THEN
        RAISE EXCEPTION 'this server runs the Apache edition of TimescaleDB, which has no '
            'compression; use the Community edition, or leave compression out on purpose with '
            'alembic -x apache=allow'
            USING ERRCODE = 'feature_not_supported';
    END IF;
END
$$
"""

# table, time column, chunk interval
HYPERTABLES = (
    ("market_data", "timestamp", "1 month"),
    ("macro_series", "observation_date", "1 year"),
    ("curves", "curve_date", "3 months"),
    ("flow_data", "observation_date", "1 year"),
    ("fiscal_data", "observation_date", "1 year"),
    ("vol_surfaces", "surface_date", "1 year"),
    ("signals", "signal_date", "1 year"),
)

# table, segment by, order by: the time column, then the rest of the natural key, then id
COMPRESSION = (
    ("market_data", "instrument_id", '"timestamp" DESC, frequency, id'),
    ("macro_series", "series_id", "observation_date DESC, revision_number, id"),
    ("curves", "curve_id", "curve_date DESC, tenor_days, id"),
    ("flow_data", "series_id", "observation_date DESC, flow_type, id"),
    ("fiscal_data", "series_id", "observation_date DESC, fiscal_metric, id"),
    ("vol_surfaces", "instrument_id", "surface_date DESC, delta, tenor_days, call_put, id"),
    ("signals", "signal_type", "signal_date DESC, instrument_id, series_id, id"),
)

# table, age from which a chunk is compressed
COMPRESSION_POLICIES = (
    ("market_data", "30 days"),
    ("macro_series", "90 days"),
    ("curves", "90 days"),
    ("flow_data", "90 days"),
    ("fiscal_data", "180 days"),
    ("vol_surfaces", "90 days"),
    ("signals", "90 days"),
)

FREQUENCIES = (
    "frequency IN ('minute', 'hourly', 'daily', 'weekly', 'monthly', 'quarterly', 'annual', "
    "'irregular')"
)


def upgrade() -> None:
    """Create everything; lock no existing table."""
    create_extension()
    create_metadata_tables()
    create_observation_tables()
    create_quote_tables()
    create_hypertables()
    if not apache_allowed():
        set_compression()
        add_compression_policies()


def downgrade() -> None:
    """Drop the tables, with their chunks, compressed data, settings and jobs.

    The extension stays, because other schemas of the database may use it.
    """
    for table, _, _ in reversed(HYPERTABLES):
        # When TimescaleDB 2.28 drops a table with rows, its compressed data stay behind.
        op.execute(f"TRUNCATE {table}")
        op.execute(f"DROP TABLE {table}")
    for table in ("series_metadata", "instruments", "data_sources"):
        op.execute(f"DROP TABLE {table}")


def apache_allowed() -> bool:
    """Whether `-x apache=allow` was given."""
    return context.get_x_argument(as_dictionary=True).get("apache") == "allow"


def create_extension() -> None:
    """Create the extension if it is missing; refuse an unsupported server."""
    op.execute(REQUIRE_SERVER)
    # CREATE EXTENSION always raises a WARNING; other warnings of a migration mean something.
    op.execute("SET LOCAL client_min_messages = error")
    op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    op.execute("SET LOCAL client_min_messages = notice")
    if not apache_allowed():
        op.execute(REQUIRE_COMMUNITY)


def metadata_id() -> sa.Column[int]:
    """Identity primary key of a metadata table."""
    return sa.Column("id", sa.Integer, sa.Identity(always=True), nullable=False)


def row_id() -> sa.Column[int]:
    """First half of a hypertable's primary key."""
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False)


def timestamptz(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[sa.DateTime]:
    """A `timestamp with time zone`, with `now()` as its default where asked for."""
    default = sa.func.now() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def create_metadata_tables() -> None:
    """data_sources, instruments, series_metadata."""
    op.create_table(
        "data_sources",
        metadata_id(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("base_url", sa.Text),
        sa.Column("auth_type", sa.Text),
        sa.Column("rate_limit_per_minute", sa.Integer),
        sa.Column("default_locale", sa.Text),
        sa.Column("notes", sa.Text),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        timestamptz("created_at", now=True),
        sa.PrimaryKeyConstraint("id", name="pk_data_sources"),
        sa.UniqueConstraint("name", name="uq_data_sources_name"),
    )
    op.create_table(
        "instruments",
        metadata_id(),
        sa.Column("ticker", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("asset_class", sa.Text, nullable=False),
        sa.Column("country", sa.Text),
        sa.Column("currency", sa.Text),
        sa.Column("exchange", sa.Text),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        timestamptz("created_at", now=True),
        timestamptz("updated_at", now=True),
        sa.PrimaryKeyConstraint("id", name="pk_instruments"),
        sa.UniqueConstraint("ticker", name="uq_instruments_ticker"),
        sa.CheckConstraint(
            "asset_class IN ('fx', 'rates', 'credit', 'equity', 'commodity', 'crypto', 'index')",
            name=op.f("ck_instruments_asset_class"),
        ),
    )
    op.create_table(
        "series_metadata",
        metadata_id(),
        sa.Column("source_id", sa.Integer, nullable=False),
        sa.Column("series_code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("frequency", sa.Text, nullable=False),
        sa.Column("country", sa.Text),
        sa.Column("unit", sa.Text),
        sa.Column("is_revisable", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("release_lag_days", sa.Integer),
        sa.Column("release_timezone", sa.Text),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        timestamptz("created_at", now=True),
        timestamptz("updated_at", now=True),
        sa.PrimaryKeyConstraint("id", name="pk_series_metadata"),
        sa.UniqueConstraint(
            "source_id", "series_code", name="uq_series_metadata_source_id_series_code"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["data_sources.id"], name="fk_series_metadata_source_id_data_sources"
        ),
        sa.CheckConstraint(FREQUENCIES, name=op.f("ck_series_metadata_frequency")),
    )


def series_reference(table: str) -> sa.ForeignKeyConstraint:
    """The foreign key of a table's series_id."""
    return sa.ForeignKeyConstraint(
        ["series_id"], ["series_metadata.id"], name=f"fk_{table}_series_id_series_metadata"
    )


def instrument_reference(table: str) -> sa.ForeignKeyConstraint:
    """The foreign key of a table's instrument_id."""
    return sa.ForeignKeyConstraint(
        ["instrument_id"], ["instruments.id"], name=f"fk_{table}_instrument_id_instruments"
    )


def create_observation_tables() -> None:
    """macro_series, flow_data, fiscal_data: values of a series by observation date."""
    op.create_table(
        "macro_series",
        row_id(),
        sa.Column("observation_date", sa.Date, nullable=False),
        sa.Column("series_id", sa.Integer, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        timestamptz("release_time"),
        sa.Column("revision_number", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("source", sa.Text),
        sa.PrimaryKeyConstraint("id", "observation_date", name="pk_macro_series"),
        sa.UniqueConstraint(
            "series_id", "observation_date", "revision_number", name="uq_macro_series_natural_key"
        ),
        series_reference("macro_series"),
        sa.CheckConstraint("revision_number >= 0", name=op.f("ck_macro_series_revision_number")),
    )
    for table, kind, unit in (
        ("flow_data", "flow_type", "USD_MM"),
        ("fiscal_data", "fiscal_metric", "BRL_MM"),
    ):
        op.create_table(
            table,
            row_id(),
            sa.Column("observation_date", sa.Date, nullable=False),
            sa.Column("series_id", sa.Integer, nullable=False),
            sa.Column(kind, sa.Text, nullable=False),
            sa.Column("value", sa.Double, nullable=False),
            sa.Column("unit", sa.Text, nullable=False, server_default=unit),
            timestamptz("release_time", nullable=True),
            sa.PrimaryKeyConstraint("id", "observation_date", name=f"pk_{table}"),
            sa.UniqueConstraint(
                "series_id", "observation_date", kind, name=f"uq_{table}_natural_key"
            ),
            series_reference(table),
        )


def create_quote_tables() -> None:
    """market_data, curves, vol_surfaces, signals: quotes of markets, signals of strategies."""
    op.create_table(
        "market_data",
        row_id(),
        timestamptz("timestamp"),
        sa.Column("instrument_id", sa.Integer, nullable=False),
        sa.Column("frequency", sa.Text, nullable=False),
        sa.Column("open", sa.Double),
        sa.Column("high", sa.Double),
        sa.Column("low", sa.Double),
        sa.Column("close", sa.Double),
        sa.Column("volume", sa.Double),
        sa.Column("adjusted_close", sa.Double),
        sa.Column("source", sa.Text),
        sa.PrimaryKeyConstraint("id", "timestamp", name="pk_market_data"),
        sa.UniqueConstraint(
            "instrument_id", "timestamp", "frequency", name="uq_market_data_natural_key"
        ),
        instrument_reference("market_data"),
        sa.CheckConstraint(FREQUENCIES, name=op.f("ck_market_data_frequency")),
    )
    op.create_table(
        "curves",
        row_id(),
        sa.Column("curve_date", sa.Date, nullable=False),
        sa.Column("curve_id", sa.Text, nullable=False),
        sa.Column("tenor_days", sa.Integer, nullable=False),
        sa.Column("tenor_label", sa.Text),
        sa.Column("rate", sa.Double, nullable=False),
        sa.Column("curve_type", sa.Text),
        sa.Column("source", sa.Text),
        sa.PrimaryKeyConstraint("id", "curve_date", name="pk_curves"),
        sa.UniqueConstraint("curve_id", "curve_date", "tenor_days", name="uq_curves_natural_key"),
        sa.CheckConstraint("tenor_days >= 0", name=op.f("ck_curves_tenor_days")),
        sa.CheckConstraint(
            "curve_type IN ('sovereign', 'swap', 'real', 'breakeven', 'credit', 'basis')",
            name=op.f("ck_curves_curve_type"),
        ),
    )
    op.create_table(
        "vol_surfaces",
        row_id(),
        sa.Column("surface_date", sa.Date, nullable=False),
        sa.Column("instrument_id", sa.Integer, nullable=False),
        sa.Column("delta", sa.Double, nullable=False),
        sa.Column("tenor_days", sa.Integer, nullable=False),
        sa.Column("call_put", sa.Text, nullable=False),
        sa.Column("implied_vol", sa.Double, nullable=False),
        sa.Column("source", sa.Text),
        sa.PrimaryKeyConstraint("id", "surface_date", name="pk_vol_surfaces"),
        sa.UniqueConstraint(
            "instrument_id",
            "surface_date",
            "delta",
            "tenor_days",
            "call_put",
            name="uq_vol_surfaces_natural_key",
        ),
        instrument_reference("vol_surfaces"),
        sa.CheckConstraint("tenor_days >= 0", name=op.f("ck_vol_surfaces_tenor_days")),
        sa.CheckConstraint("call_put IN ('call', 'put')", name=op.f("ck_vol_surfaces_call_put")),
    )
    op.create_table(
        "signals",
        row_id(),
        sa.Column("signal_date", sa.Date, nullable=False),
        sa.Column("signal_type", sa.Text, nullable=False),
        sa.Column("instrument_id", sa.Integer),
        sa.Column("series_id", sa.Integer),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("confidence", sa.Double),
        sa.Column("details", JSONB),
        sa.PrimaryKeyConstraint("id", "signal_date", name="pk_signals"),
        # Two signals without an instrument are the same signal: NULLs are equal.
        sa.UniqueConstraint(
            "signal_type",
            "signal_date",
            "instrument_id",
            "series_id",
            name="uq_signals_natural_key",
            postgresql_nulls_not_distinct=True,
        ),
        instrument_reference("signals"),
        series_reference("signals"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_signals_confidence")),
    )


def create_hypertables() -> None:
    """Partition by time; if_not_exists would silently keep another interval."""
    for table, time_column, interval in HYPERTABLES:
        op.execute(
            f"SELECT create_hypertable('{table}', '{time_column}', "
            f"chunk_time_interval => INTERVAL '{interval}')"
        )


def set_compression() -> None:
    """Set everything: every version of TimescaleDB guesses differently what is left open."""
    for table, segment_by, order_by in COMPRESSION:
        op.execute(
            f"ALTER TABLE {table} SET (timescaledb.compress, "
            f"timescaledb.compress_segmentby = '{segment_by}', "
            f"timescaledb.compress_orderby = '{order_by}')"
        )


def add_compression_policies() -> None:
    """One policy for each hypertable; if_not_exists would silently keep another age."""
    for table, age in COMPRESSION_POLICIES:
        op.execute(f"SELECT add_compression_policy('{table}', compress_after => INTERVAL '{age}')")
