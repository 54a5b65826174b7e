"""Chunks: each has the settings and objects of its hypertable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations import aggregate_of, hypertable_of

if TYPE_CHECKING:
    from sqlalchemy import Table

    from conformance.comparing.facts import Objects


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """No chunk has other compression settings, and none was altered by itself."""
    if hypertable_of(table) is not None:
        yield "chunk", name, "", {"other_compression_settings": (), "alterations": ()}
    elif aggregate_of(table) is not None:
        yield "chunk", name, "", {"alterations": ()}
