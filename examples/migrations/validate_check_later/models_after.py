"""The models with a check of series_metadata.created_at."""

from __future__ import annotations

from sqlalchemy import CheckConstraint

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
metadata.tables["series_metadata"].append_constraint(
    CheckConstraint("created_at >= '2000-01-01 00:00+00'", name="created_at")
)
