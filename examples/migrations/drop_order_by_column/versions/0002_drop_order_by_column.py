"""Drop curves.tenor_days, by which compressed batches are ordered.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

A hypertable with compression refuses to lose a column of its settings, in every version.

Verdict (Apache edition): not checked
Verdict: fails: compression-forbids
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Its unique constraint and its check go with it."""
    op.execute("ALTER TABLE curves DROP COLUMN tenor_days")


def downgrade() -> None:
    """Not all the way back."""
    op.execute("ALTER TABLE curves ADD COLUMN tenor_days integer NOT NULL DEFAULT 0")
