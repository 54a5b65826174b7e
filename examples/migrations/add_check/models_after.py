"""The models with a check of curves.curve_date."""

from __future__ import annotations

from sqlalchemy import CheckConstraint

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
metadata.tables["curves"].append_constraint(
    CheckConstraint("curve_date >= '1970-01-01'", name="curve_date")
)
