"""`series_metadata`: what a series is, and when its values become known."""

from __future__ import annotations

from sqlalchemy import ForeignKey, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, MetadataId, UpdatedAt, Vocabulary, one_of
from models.enums import Frequency


class SeriesMetadata(Base):
    """A series of one source, which identifies the series by its code."""

    __tablename__ = "series_metadata"
    __table_args__ = (UniqueConstraint("source_id", "series_code"), one_of("frequency", Frequency))

    id: Mapped[MetadataId]
    source_id: Mapped[int] = mapped_column(ForeignKey("data_sources.id"))
    series_code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    frequency: Mapped[Frequency] = mapped_column(Vocabulary(Frequency))
    country: Mapped[str | None]
    unit: Mapped[str | None]
    #: Whether published values are revised later; each revision is then a row of its own.
    is_revisable: Mapped[bool] = mapped_column(server_default=false())
    #: Days from the end of the observed period to the usual release.
    release_lag_days: Mapped[int | None]
    #: IANA time zone of the release calendar.
    release_timezone: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
