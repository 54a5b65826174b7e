"""Exclusion constraints: columns, operators, predicate, and deferrability."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, text
from sqlalchemy.dialects.postgresql import INT4RANGE, TSTZRANGE, ExcludeConstraint

OURS = "exclusion:stays.one_at_a_time"
PLAIN = "EXCLUDE USING gist (during WITH &&) WHERE (price > 0)"


def _stays() -> MetaData:
    """A table with one exclusion by name, and one without."""
    metadata = MetaData()
    Table(
        "stays",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("price", Integer),
        Column("during", TSTZRANGE),
        Column("rooms", INT4RANGE),
        ExcludeConstraint(("during", "&&"), name="one_at_a_time", where=text("price > 0")),
        ExcludeConstraint(("rooms", "&&"), (func.int4range(0, text("price")), "&&")),
    )
    return metadata


def _instead(definition: str) -> str:
    return (
        "ALTER TABLE stays DROP CONSTRAINT one_at_a_time,"
        f" ADD CONSTRAINT one_at_a_time {definition}"
    )


@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        pytest.param("", set(), id="nothing"),
        pytest.param(_instead(PLAIN), set(), id="made anew"),
        pytest.param(_instead(PLAIN.replace("price", "(price)::int")), set(), id="in other words"),
        pytest.param(
            "ALTER TABLE stays DROP CONSTRAINT one_at_a_time", {f"{OURS}:exists"}, id="dropped"
        ),
        pytest.param(
            _instead(PLAIN.replace("during", "rooms")), {f"{OURS}:columns"}, id="another column"
        ),
        pytest.param(
            _instead(PLAIN.replace("&&)", "&&, rooms WITH &&)")),
            {f"{OURS}:columns", f"{OURS}:operators"},
            id="a column more",
        ),
        pytest.param(
            _instead(PLAIN.replace("during", "tstzrange(lower(during), NULL)")),
            {f"{OURS}:columns"},
            id="an expression",
        ),
        pytest.param(
            _instead(PLAIN.replace("&&", "=")), {f"{OURS}:operators"}, id="another operator"
        ),
        pytest.param(
            _instead(PLAIN.replace("gist", "spgist")), {f"{OURS}:method"}, id="another method"
        ),
        pytest.param(
            _instead(PLAIN.split(" WHERE", maxsplit=1)[0]), {f"{OURS}:predicate"}, id="of all rows"
        ),
        pytest.param(
            _instead(PLAIN.replace("> 0", "> 1")), {f"{OURS}:predicate"}, id="of other rows"
        ),
        pytest.param(
            _instead(f"{PLAIN} DEFERRABLE INITIALLY DEFERRED"),
            {f"{OURS}:deferrable"},
            id="deferred",
        ),
        pytest.param(
            "ALTER TABLE stays RENAME CONSTRAINT stays_rooms_int4range_excl TO other",
            set(),
            id="the one without a name renamed",
        ),
        pytest.param(
            "ALTER TABLE stays DROP CONSTRAINT stays_rooms_int4range_excl",
            {"exclusion:stays.stays_rooms_int4range_excl:exists"},
            id="the one without a name dropped",
        ),
        pytest.param(
            "ALTER TABLE stays ADD CONSTRAINT rooms EXCLUDE (id WITH =)",
            {"exclusion:stays.rooms:exists"},
            id="undeclared",
        ),
    ],
)
def test_exclusion(bare_database, sql, findings):
    metadata = _stays()
    metadata.create_all(bare_database.connection)
    bare_database.execute(sql or "SELECT 1")
    bare_database.expect(findings, metadata)
