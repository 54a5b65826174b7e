"""The models with curves.tenor_days as bigint."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table(
    "curves",
    metadata,
    Column("tenor_days", BigInteger, nullable=False),
    extend_existing=True,
)
