"""The models with market_data.vwap."""

from __future__ import annotations

from sqlalchemy import Column, Double, Table

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table("market_data", metadata, Column("vwap", Double), extend_existing=True)
