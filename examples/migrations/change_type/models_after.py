"""The models with market_data.volume as numeric."""

from __future__ import annotations

from sqlalchemy import Column, Numeric, Table

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table("market_data", metadata, Column("volume", Numeric), extend_existing=True)
