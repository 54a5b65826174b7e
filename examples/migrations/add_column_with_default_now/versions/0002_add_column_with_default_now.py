"""Give curves a column with the default now().

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

`now()` is not a constant. A plain table accepts the default and stores the time of the migration
in old rows. A hypertable with compression refuses it in every version.

Verdict (Apache edition): passes
Verdict: fails: compression-forbids
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A default that is evaluated."""
    op.execute("ALTER TABLE curves ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now()")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE curves DROP COLUMN recorded_at")
