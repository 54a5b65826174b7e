"""The models with an index on market_data.source."""

from __future__ import annotations

from sqlalchemy import Index

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Index("ix_market_data_source", metadata.tables["market_data"].columns["source"])
