"""The models with signals segmented by instrument."""

from __future__ import annotations

from conformance import Compression
from examples.migrations.derived_models import copy_of_models, redeclare

metadata = copy_of_models()
redeclare(
    metadata.tables["signals"],
    Compression(
        segment_by="instrument_id",
        order_by="signal_date DESC, signal_type, series_id, id",
        after="90 days",
    ),
)
