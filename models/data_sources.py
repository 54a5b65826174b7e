"""`data_sources`: where data comes from, and how it may be asked for."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, MetadataId


class DataSource(Base):
    """A provider of data."""

    __tablename__ = "data_sources"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[MetadataId]
    name: Mapped[str]
    base_url: Mapped[str | None]
    auth_type: Mapped[str | None]
    #: Requests per minute that the provider allows; NULL where it states no limit.
    rate_limit_per_minute: Mapped[int | None]
    #: The locale that its numbers and dates are written in, such as `pt_BR`.
    default_locale: Mapped[str | None]
    notes: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[CreatedAt]
