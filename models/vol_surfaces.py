"""`vol_surfaces`: implied volatilities by delta and tenor."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conformance import Compression, Hypertable
from models.base import Base, InstrumentId, RowId, Vocabulary, one_of
from models.enums import CallPut


class VolSurface(Base):
    """One quote of a surface.

    `call_put` is part of the natural key: without it a put's quote would be dropped as a
    duplicate of the call's.
    """

    __tablename__ = "vol_surfaces"
    __table_args__ = (
        UniqueConstraint(
            "instrument_id",
            "surface_date",
            "delta",
            "tenor_days",
            "call_put",
            name="uq_vol_surfaces_natural_key",
        ),
        CheckConstraint("tenor_days >= 0", name="tenor_days"),
        one_of("call_put", CallPut),
        Hypertable("surface_date", chunk_interval="1 year"),
        Compression(
            segment_by="instrument_id",
            order_by="surface_date DESC, delta, tenor_days, call_put, id",
            after="90 days",
        ),
    )

    id: Mapped[RowId]
    surface_date: Mapped[date] = mapped_column(primary_key=True)
    instrument_id: Mapped[InstrumentId]
    delta: Mapped[float]
    tenor_days: Mapped[int]
    call_put: Mapped[CallPut] = mapped_column(Vocabulary(CallPut))
    #: Per cent a year.
    implied_vol: Mapped[float]
    source: Mapped[str | None]
