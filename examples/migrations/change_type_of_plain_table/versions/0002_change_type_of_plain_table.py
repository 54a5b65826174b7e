"""Make series_metadata.release_lag_days a bigint.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The table and its indexes are rewritten under an ACCESS EXCLUSIVE lock. This is harmless for a
small table. The gate cannot know the size of the real table.

Verdict: fails: rewrite
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The table anew."""
    op.execute("ALTER TABLE series_metadata ALTER COLUMN release_lag_days TYPE bigint")


def downgrade() -> None:
    """The table anew."""
    op.execute("ALTER TABLE series_metadata ALTER COLUMN release_lag_days TYPE integer")
