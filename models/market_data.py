"""`market_data`: prices and volumes of instruments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conformance import Compression, Hypertable
from models.base import Base, InstrumentId, RowId, Vocabulary, one_of
from models.enums import Frequency


class MarketData(Base):
    """One bar of an instrument; prices in its currency, NULL where the source gave none."""

    __tablename__ = "market_data"
    __table_args__ = (
        UniqueConstraint(
            "instrument_id", "timestamp", "frequency", name="uq_market_data_natural_key"
        ),
        one_of("frequency", Frequency),
        Hypertable("timestamp", chunk_interval="1 month"),
        Compression(
            segment_by="instrument_id", order_by="timestamp DESC, frequency, id", after="30 days"
        ),
    )

    id: Mapped[RowId]
    timestamp: Mapped[datetime] = mapped_column(primary_key=True)
    instrument_id: Mapped[InstrumentId]
    frequency: Mapped[Frequency] = mapped_column(Vocabulary(Frequency))
    open: Mapped[float | None]
    high: Mapped[float | None]
    low: Mapped[float | None]
    close: Mapped[float | None]
    volume: Mapped[float | None]
    adjusted_close: Mapped[float | None]
    source: Mapped[str | None]
