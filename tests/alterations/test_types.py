"""Enum types: their labels, in the order that comparisons go by."""

from __future__ import annotations

import pytest
from sqlalchemy import ARRAY, Column, Enum, Integer, MetaData, Table

from .cases import Alteration, parametrize

LABELS = "type:side:labels"


def _orders(*labels: str) -> MetaData:
    """A table that uses an enum type, once in an array."""
    metadata = MetaData()
    side = Enum(*labels, name="side")
    Table(
        "orders",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("side", side),
        Column("sides", ARRAY(side)),
    )
    return metadata


CASES = (
    Alteration("nothing", "SELECT 1"),
    Alteration("label added", "ALTER TYPE side ADD VALUE 'short'", {LABELS}),
    Alteration("label added in front", "ALTER TYPE side ADD VALUE 'a' BEFORE 'buy'", {LABELS}),
    Alteration("label renamed", "ALTER TYPE side RENAME VALUE 'buy' TO 'BUY'", {LABELS}),
    Alteration(
        "label missing",
        "ALTER TYPE side RENAME TO old; CREATE TYPE side AS ENUM ('buy');"
        "ALTER TABLE orders DROP side, DROP sides;"
        "ALTER TABLE orders ADD side side, ADD sides side[]",
        {LABELS},
    ),
    Alteration(
        "labels in another order",
        "ALTER TYPE side RENAME TO old; CREATE TYPE side AS ENUM ('sell', 'buy');"
        "ALTER TABLE orders DROP side, DROP sides;"
        "ALTER TABLE orders ADD side side, ADD sides side[]",
        {LABELS},
    ),
    Alteration(
        "renamed",
        "ALTER TYPE side RENAME TO direction",
        {
            "type:side:exists",
            "type:direction:exists",
            "column:orders.side:type",
            "column:orders.sides:type",
        },
    ),
    Alteration(
        "text in its place",
        "ALTER TABLE orders ALTER side TYPE text, ALTER sides TYPE text[]; DROP TYPE side",
        {"type:side:exists", "column:orders.side:type", "column:orders.sides:type"},
    ),
    Alteration(
        "undeclared",
        "CREATE TYPE colour AS ENUM ('red'); ALTER TABLE orders ADD colour colour",
        {"type:colour:exists", "column:orders.colour:exists"},
    ),
    Alteration("unused", "CREATE TYPE colour AS ENUM ('red')"),
)


@parametrize(CASES)
def test_alteration(bare_database, case):
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    bare_database.alter(case)
    bare_database.expect(case.findings, metadata)


@pytest.mark.parametrize(
    "labels", [("buy",), ("sell", "buy"), ("buy", "sell", "short"), ("BUY", "SELL")]
)
def test_model_edit(bare_database, labels):
    _orders("buy", "sell").create_all(bare_database.connection)
    bare_database.expect({LABELS}, _orders(*labels))


def test_a_used_type_is_listed_once(bare_database):
    """And not as unused, too."""
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    comparison = bare_database.compare(metadata)
    assert comparison.accounted["type"] == 1
    assert "unused_type" not in comparison.accounted
    assert not comparison.seen
