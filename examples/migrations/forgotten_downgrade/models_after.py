"""The models with instruments.lot_size."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table("instruments", metadata, Column("lot_size", Integer), extend_existing=True)
