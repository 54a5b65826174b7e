"""`signals`: the signals of the desk's strategies."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conformance import Compression, Hypertable
from models.base import Base, InstrumentId, RowId, SeriesId


class Signal(Base):
    """One signal on one date, about an instrument, a series, both, or the whole market.

    The natural key treats NULLs as equal. Otherwise a repeated write would add a second row of a
    signal without an instrument.
    """

    __tablename__ = "signals"
    __table_args__ = (
        UniqueConstraint(
            "signal_type",
            "signal_date",
            "instrument_id",
            "series_id",
            name="uq_signals_natural_key",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Hypertable("signal_date", chunk_interval="1 year"),
        Compression(
            segment_by="signal_type",
            order_by="signal_date DESC, instrument_id, series_id, id",
            after="90 days",
        ),
    )

    id: Mapped[RowId]
    signal_date: Mapped[date] = mapped_column(primary_key=True)
    signal_type: Mapped[str]
    instrument_id: Mapped[InstrumentId | None]
    series_id: Mapped[SeriesId | None]
    value: Mapped[float]
    #: From 0 (no confidence) to 1 (certain).
    confidence: Mapped[float | None]
    details: Mapped[dict[str, Any] | None]
