"""The models with a check of series_metadata.created_at."""

from __future__ import annotations

from sqlalchemy import CheckConstraint

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
metadata.tables["series_metadata"].append_constraint(
    CheckConstraint("isfinite(created_at)", name="created_at")
)
