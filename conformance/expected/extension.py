"""What the schema needs of TimescaleDB itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, AtLeast, FactKey, Facts, OneOf
from conformance.declarations import (
    aggregate_of,
    compression_of,
    retention_of,
    server_requirement_of,
    views_of,
)

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData) -> Facts:
    """Extension, version, edition; and that the server is not left in restoring mode."""
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
    }
