"""`flow_data`: flows of money and positions."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conformance import Compression, Hypertable
from models.base import Base, RowId, SeriesId


class FlowData(Base):
    """One flow of a series on one date."""

    __tablename__ = "flow_data"
    __table_args__ = (
        UniqueConstraint(
            "series_id", "observation_date", "flow_type", name="uq_flow_data_natural_key"
        ),
        Hypertable("observation_date", chunk_interval="1 year"),
        Compression(
            segment_by="series_id", order_by="observation_date DESC, flow_type, id", after="90 days"
        ),
    )

    id: Mapped[RowId]
    observation_date: Mapped[date] = mapped_column(primary_key=True)
    series_id: Mapped[SeriesId]
    flow_type: Mapped[str]
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(server_default="USD_MM")
    #: When the value became known; NULL where the source does not say.
    release_time: Mapped[datetime | None]
