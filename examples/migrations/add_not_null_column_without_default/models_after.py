"""The models with market_data.venue."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table("market_data", metadata, Column("venue", Text, nullable=False), extend_existing=True)
