"""Chunks: each has the settings and objects of its hypertable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import FactKey, Facts
from conformance.declarations import aggregate_of, hypertable_of

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Facts:
    """No chunk has other compression settings, and none was altered by itself."""
    facts: Facts = {}
    if hypertable_of(table) is not None:
        facts[FactKey("chunk", name, "", "other_compression_settings")] = ()
    if facts or aggregate_of(table) is not None:
        facts[FactKey("chunk", name, "", "alterations")] = ()
    return facts
