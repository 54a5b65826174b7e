"""`macro_series`: macroeconomic observations, with every revision as it was published."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from conformance import Compression, Hypertable
from models.base import Base, RowId, SeriesId, SmallInt


class MacroSeries(Base):
    """One published value of a series for one date; revision 0 is the first print."""

    __tablename__ = "macro_series"
    __table_args__ = (
        UniqueConstraint(
            "series_id", "observation_date", "revision_number", name="uq_macro_series_natural_key"
        ),
        CheckConstraint("revision_number >= 0", name="revision_number"),
        Hypertable("observation_date", chunk_interval="1 year"),
        Compression(
            segment_by="series_id",
            order_by="observation_date DESC, revision_number, id",
            after="90 days",
        ),
    )

    id: Mapped[RowId]
    observation_date: Mapped[date] = mapped_column(primary_key=True)
    series_id: Mapped[SeriesId]
    value: Mapped[float]
    #: When the value became known; what an as-of read goes by.
    release_time: Mapped[datetime]
    revision_number: Mapped[SmallInt] = mapped_column(server_default=text("0"))
    source: Mapped[str | None]
