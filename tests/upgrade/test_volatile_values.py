"""What cannot be the same in a database that is filled afresh."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from conformance.declarations import HashPartition, Hypertable
from conformance.upgrade.preparing import volatile_values

RANDOM = text("gen_random_uuid()")


def volatile(metadata):
    return {str(subject) for subject in volatile_values(metadata)}


def test_defaults_that_are_called():
    metadata = MetaData()
    Table(
        "notes",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("at", DateTime(timezone=True), server_default=func.now()),
        Column("kind", Text, server_default="note"),
        Column("open", Text, server_default=text("true")),
    )
    assert volatile(metadata) == {"values:notes:at"}


@pytest.mark.parametrize("default", [RANDOM, None])
def test_what_is_known_by_them(default):
    metadata = MetaData()
    device = Uuid()
    Table(
        "devices",
        metadata,
        Column("id", device, primary_key=True, server_default=default),
        Column("name", Text),
    )
    Table(
        "readings",
        metadata,
        Column("at", DateTime(timezone=True), primary_key=True),
        Column("device", device, ForeignKey("devices.id"), primary_key=True),
        Column("value", Integer),
        Hypertable("at", chunk_interval="1 day", partitions=[HashPartition("device", 4)]),
    )
    Table(
        "visits",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("device", device, ForeignKey("devices.id")),
    )
    expected = {
        "values:devices:id",
        "values:devices:name",
        "values:readings:at",
        "values:readings:device",
        "values:readings:value",
        "chunks:readings",
        "values:visits:device",
    }
    assert volatile(metadata) == (expected if default is RANDOM else set())
