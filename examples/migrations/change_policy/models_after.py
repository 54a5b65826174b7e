"""The models with curves compressed after 60 days."""

from __future__ import annotations

from conformance import Compression
from examples.migrations.derived_models import copy_of_models, redeclare

metadata = copy_of_models()
redeclare(
    metadata.tables["curves"],
    Compression(segment_by="curve_id", order_by="curve_date DESC, tenor_days, id", after="60 days"),
)
