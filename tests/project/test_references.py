"""A foreign key refers to a table and a column of the models."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from conformance.errors import ModelsUnavailable
from conformance.pipeline import scope_of


def _referring_to(target: str) -> MetaData:
    metadata = MetaData()
    Table("desks", metadata, Column("id", Integer, primary_key=True), schema="ref")
    Table("trades", metadata, Column("desk_id", Integer, ForeignKey(target)))
    return metadata


@pytest.mark.parametrize("target", ["desks.id", "ref.desk.id", "ref.desks.number"])
def test_a_reference_to_nothing(target):
    with pytest.raises(ModelsUnavailable) as raised:
        scope_of(_referring_to(target))
    assert (
        raised.value.problem == f"trades.desk_id refers to {target}, which the models do not have."
    )


def test_a_reference_to_another_schema():
    assert scope_of(_referring_to("ref.desks.id")).schemas == ("public", "ref")
