"""Settings that the metadata requires of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts
from conformance.comparing.settings import normal
from conformance.declarations.base import required
from conformance.declarations.settings import Setting

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Facts:
    """Every declared setting."""
    facts: Facts = {}
    for item in required(metadata, Setting):
        key = FactKey("setting", item.name.lower(), item.role or "", EXISTS)
        facts[key] = True
        facts[key._replace(attribute="value")] = normal(item.value)
    return facts
