"""Edits of the migration that break a natural key, and the table that each is about."""

from __future__ import annotations

from .projects import REVISION, Edit

BROKEN_KEYS = {
    "no natural key": (
        Edit(
            REVISION,
            '        sa.UniqueConstraint("curve_id", "curve_date", "tenor_days", '
            'name="uq_curves_natural_key"),\n',
            "",
        ),
        "curves",
    ),
    "NULLs are distinct": (
        Edit(REVISION, "            postgresql_nulls_not_distinct=True,\n", ""),
        "signals",
    ),
    "call_put is no part of the key": (
        Edit(
            REVISION,
            '            "tenor_days",\n            "call_put",\n            name=',
            '            "tenor_days",\n            name=',
        ),
        "vol_surfaces",
    ),
}


def with_trigger(statements: str) -> Edit:
    """The hypertables, and then what these lines of Python do."""
    created = "    create_hypertables()\n"
    return Edit(REVISION, created, f"{created}{statements}")
