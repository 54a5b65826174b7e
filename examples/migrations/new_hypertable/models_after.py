"""The models with the hypertable positions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from conformance import Compression, Hypertable
from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table(
    "positions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("position_date", Date, primary_key=True),
    Column("instrument_id", Integer, ForeignKey("instruments.id"), nullable=False),
    Column("book", Text, nullable=False),
    Column("notional", Double, nullable=False),
    UniqueConstraint("instrument_id", "position_date", "book", name="uq_positions_natural_key"),
    Hypertable("position_date", chunk_interval="1 year"),
    Compression(
        segment_by="instrument_id", order_by="position_date DESC, book, id", after="90 days"
    ),
)
