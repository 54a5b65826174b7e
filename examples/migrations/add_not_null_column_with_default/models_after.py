"""The models with curves.quality."""

from __future__ import annotations

from sqlalchemy import Column, SmallInteger, Table, text

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table(
    "curves",
    metadata,
    Column("quality", SmallInteger, nullable=False, server_default=text("0")),
    extend_existing=True,
)
