"""`instruments`: what is traded."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, MetadataId, UpdatedAt, Vocabulary, one_of
from models.enums import AssetClass


class Instrument(Base):
    """A tradable instrument, known by its ticker."""

    __tablename__ = "instruments"
    __table_args__ = (UniqueConstraint("ticker"), one_of("asset_class", AssetClass))

    id: Mapped[MetadataId]
    ticker: Mapped[str]
    name: Mapped[str]
    asset_class: Mapped[AssetClass] = mapped_column(Vocabulary(AssetClass))
    #: ISO 3166 country and ISO 4217 currency; NULL where the instrument has none.
    country: Mapped[str | None]
    currency: Mapped[str | None]
    exchange: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
