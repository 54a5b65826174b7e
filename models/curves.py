"""`curves`: points of interest-rate and related curves."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conformance import Compression, Hypertable
from models.base import Base, RowId, Vocabulary, one_of
from models.enums import CurveType


class CurveData(Base):
    """The rate of one tenor of a curve on one date."""

    __tablename__ = "curves"
    __table_args__ = (
        UniqueConstraint("curve_id", "curve_date", "tenor_days", name="uq_curves_natural_key"),
        CheckConstraint("tenor_days >= 0", name="tenor_days"),
        one_of("curve_type", CurveType),
        Hypertable("curve_date", chunk_interval="3 months"),
        Compression(
            segment_by="curve_id", order_by="curve_date DESC, tenor_days, id", after="90 days"
        ),
    )

    id: Mapped[RowId]
    curve_date: Mapped[date] = mapped_column(primary_key=True)
    #: The desk's name of the curve, such as `DI_PRE` or `UST_NOMINAL`.
    curve_id: Mapped[str]
    tenor_days: Mapped[int]
    tenor_label: Mapped[str | None]
    #: Per cent a year.
    rate: Mapped[float]
    curve_type: Mapped[CurveType | None] = mapped_column(Vocabulary(CurveType))
    source: Mapped[str | None]
