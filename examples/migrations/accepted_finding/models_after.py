"""The models with series_metadata.release_lag_days as bigint."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table(
    "series_metadata",
    metadata,
    Column("release_lag_days", BigInteger),
    extend_existing=True,
)
