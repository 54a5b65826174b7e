"""Drop curves.tenor_days, a column of the order of compressed batches.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

In every version a hypertable refuses to drop a column of its compression settings.

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
