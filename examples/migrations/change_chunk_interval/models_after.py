"""The models with chunks of market_data a week long."""

from __future__ import annotations

from conformance import Hypertable
from examples.migrations.derived_models import copy_of_models, redeclare

metadata = copy_of_models()
redeclare(
    metadata.tables["market_data"],
    Hypertable("timestamp", chunk_interval="7 days"),
)
