"""Forbid curves before 1970, in two steps.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

This is right for a plain table and fails on a hypertable with compression. Such a hypertable
refuses VALIDATE CONSTRAINT in every version, and the first step before 2.20. The check would stay
unvalidated.

Verdict (Apache edition): fails: compression-forbids, squawk:ban-drop-constraint
Verdict: fails: compression-forbids
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Promise first, look afterwards."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        op.execute("ALTER TABLE curves DROP CONSTRAINT IF EXISTS ck_curves_curve_date")
        op.execute(
            "ALTER TABLE curves ADD CONSTRAINT ck_curves_curve_date "
            "CHECK (curve_date >= '1970-01-01') NOT VALID"
        )
        op.execute("ALTER TABLE curves VALIDATE CONSTRAINT ck_curves_curve_date")
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    """Drop the check."""
    op.execute("ALTER TABLE curves DROP CONSTRAINT ck_curves_curve_date")
