"""The models with instruments.number."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Sequence, Table

from examples.migrations.derived_models import copy_of_models

metadata = copy_of_models()
Table(
    "instruments",
    metadata,
    Column("number", BigInteger, server_default=Sequence("instrument_numbers").next_value()),
    extend_existing=True,
)
