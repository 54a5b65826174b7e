"""Settings that the metadata requires of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects, Value
from conformance.comparing.settings import normal
from conformance.declarations.base import required
from conformance.declarations.settings import Setting

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Objects:
    """Every declared setting."""
    for item in required(metadata, Setting):
        attributes: dict[str, Value] = {EXISTS: True, "value": normal(item.value)}
        yield "setting", item.name.lower(), item.role or "", attributes
