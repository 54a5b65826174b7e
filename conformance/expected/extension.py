"""The TimescaleDB and the other extensions that the schema needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, EXISTS, AtLeast, FactKey, Facts, OneOf
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


def expected(metadata: MetaData) -> Facts:
    """The required TimescaleDB, and the declared extensions."""
    return {**_timescaledb(metadata), **_others(metadata)}


def _others(metadata: MetaData) -> Facts:
    facts: Facts = {}
    for item in required(metadata, Extension):
        key = FactKey("extension", item.name, "", EXISTS)
        minimum = item.minimum
        facts[key] = True
        facts[key._replace(attribute="version")] = ANYTHING if minimum is None else AtLeast(minimum)
        facts[key._replace(attribute="schema")] = item.schema or ANYTHING
    return facts


def _timescaledb(metadata: MetaData) -> Facts:
    """The extension, its version and edition; the server is not in restoring mode."""
    requirement = server_requirement_of(metadata)
    community = requirement.community
    if community is None:
        community = any(
            compression_of(table) or retention_of(table) or aggregate_of(table)
            for table in (*metadata.tables.values(), *views_of(metadata))
        )

    def key(attribute: str) -> FactKey:
        return FactKey("extension", "timescaledb", "", attribute)

    return {
        key(EXISTS): True,
        key("version"): AtLeast(requirement.minimum),
        key("edition"): "community" if community else OneOf(("community", "apache")),
        key("restoring"): False,
        key("disabled_event_triggers"): (),
    }
