"""Make series_metadata.release_lag_days a bigint, and accept the rewrite with a reason.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The gate finds the rewrite, prints it with the reason, and passes.

Verdict: passes: rewrite (accepted)
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None
accepted: dict[str, str] = {"rewrite:series_metadata": "some thousand rows, in milliseconds"}


def upgrade() -> None:
    """The table anew."""
    op.execute("ALTER TABLE series_metadata ALTER COLUMN release_lag_days TYPE bigint")


def downgrade() -> None:
    """The table anew."""
    op.execute("ALTER TABLE series_metadata ALTER COLUMN release_lag_days TYPE integer")
