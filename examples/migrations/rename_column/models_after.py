"""The models with vol_surfaces.implied_volatility."""

from __future__ import annotations

from sqlalchemy import Column, Double

from examples.migrations.derived_models import copy_of_models, drop_column

metadata = copy_of_models()
vol_surfaces = metadata.tables["vol_surfaces"]
drop_column(vol_surfaces, "implied_vol")
vol_surfaces.append_column(Column("implied_volatility", Double, nullable=False))
