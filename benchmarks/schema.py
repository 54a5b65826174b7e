"""Schemas of any size, with hypertables like those of `models/`, and their database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import CreateTable

from conformance.declarations import Compression, Hypertable
from models.base import NAMING_CONVENTION

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Every tenth hypertable has this many chunks, of which a few are compressed.
EVERY, CHUNKS, COMPRESSED = 10, 20, 2


def name_of(number: int) -> str:
    """The name of a hypertable."""
    return f"bars_{number:04}"


def generated_metadata(hypertables: int) -> MetaData:
    """`instruments`, and the hypertables that refer to it."""
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    Table(
        "instruments",
        metadata,
        Column("id", Integer, Identity(always=True), primary_key=True),
        Column("ticker", Text, nullable=False),
        UniqueConstraint("ticker"),
    )
    for number in range(hypertables):
        _hypertable(metadata, number)
    return metadata


def _hypertable(metadata: MetaData, number: int) -> None:
    name = name_of(number)
    Table(
        name,
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("timestamp", DateTime(timezone=True), primary_key=True),
        Column("instrument_id", Integer, ForeignKey("instruments.id"), nullable=False),
        Column("frequency", Text, nullable=False, server_default="daily"),
        *(Column(price, Double) for price in ("open", "high", "low", "close", "volume")),
        Column("source", Text),
        UniqueConstraint("instrument_id", "timestamp", "frequency", name=f"uq_{name}_natural_key"),
        # One check is the same for all tables and one differs, as in real models.
        CheckConstraint("frequency IN ('minute', 'hourly', 'daily')", name="frequency"),
        CheckConstraint(f"volume >= {number}", name="volume"),
        Hypertable("timestamp", chunk_interval="1 month"),
        Compression(
            segment_by="instrument_id", order_by="timestamp DESC, frequency, id", after="30 days"
        ),
    )


def create(connection: Connection, metadata: MetaData) -> None:
    """Create the extension and everything in the metadata, and fill every tenth hypertable.

    The connection must be in AUTOCOMMIT: one transaction over all tables would need more locks than
    a server has.
    """
    run = connection.exec_driver_sql
    run("SET client_min_messages = error")
    run("CREATE EXTENSION timescaledb")
    tables = metadata.sorted_tables
    for table in tables:
        # create_hypertable makes the index on the time column.
        run(str(CreateTable(table).compile(connection)))
        if table.name != "instruments":
            run(_HYPERTABLE.format(table=table.name))
    run("INSERT INTO instruments (ticker) VALUES ('EURUSD')")
    for number in range(0, len(tables) - 1, EVERY):
        run(_ROWS.format(table=name_of(number), last=CHUNKS - 1, start=number))
        run(_COMPRESS.format(table=name_of(number), count=COMPRESSED))


#: The policies start late, so that the server compresses nothing during a measurement.
_HYPERTABLE = """
SELECT create_hypertable('{table}', 'timestamp', chunk_time_interval => INTERVAL '1 month');
ALTER TABLE {table} SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'instrument_id',
    timescaledb.compress_orderby = 'timestamp DESC, frequency, id');
SELECT alter_job(add_compression_policy('{table}', compress_after => INTERVAL '30 days'),
                 next_start => now() + INTERVAL '1 day')
"""
_ROWS = """
INSERT INTO {table} (timestamp, instrument_id, volume)
SELECT timestamptz '2020-01-01' + step * interval '30 days', 1, {start}
  FROM generate_series(0, {last}) AS step
"""
_COMPRESS = "SELECT compress_chunk(chunk) FROM show_chunks('{table}') AS chunk LIMIT {count}"
