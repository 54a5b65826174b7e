"""The models with curves.recorded_at."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Table, func

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table(
    "curves",
    metadata,
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    extend_existing=True,
)
