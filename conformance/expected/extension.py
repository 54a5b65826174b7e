"""The TimescaleDB and the other extensions that the schema needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, EXISTS, AtLeast, Objects, OneOf, Value
from conformance.declarations import (
    aggregate_of,
    compression_of,
    retention_of,
    server_requirement_of,
    views_of,
)
from conformance.declarations.base import required
from conformance.declarations.extensions import Extension

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData) -> Objects:
    """The required TimescaleDB, and the declared extensions."""
    yield "extension", "timescaledb", "", _timescaledb(metadata)
    for item in required(metadata, Extension):
        attributes: dict[str, Value] = {
            EXISTS: True,
            "version": ANYTHING if item.minimum is None else AtLeast(item.minimum),
            "schema": item.schema or ANYTHING,
        }
        yield "extension", item.name, "", attributes


def _timescaledb(metadata: MetaData) -> dict[str, Value]:
    """The extension, its version and edition; the server is not in restoring mode."""
    requirement = server_requirement_of(metadata)
    community = requirement.community
    if community is None:
        community = any(
            compression_of(table) or retention_of(table) or aggregate_of(table)
            for table in (*metadata.tables.values(), *views_of(metadata))
        )
    return {
        EXISTS: True,
        "version": AtLeast(requirement.minimum),
        "edition": "community" if community else OneOf(("community", "apache")),
        "restoring": False,
        "disabled_event_triggers": (),
        "sequences_behind": (),
    }
