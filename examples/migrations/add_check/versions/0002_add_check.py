"""Forbid curves before 1970, and validate the check at once.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The statement reads every row of every chunk and decompresses compressed chunks. Meanwhile its
ACCESS EXCLUSIVE lock blocks all readers. Before 2.20 a hypertable with compression refuses the
statement. The models support 2.17, so the revision must also raise their minimum.

Verdict (Apache edition): fails: compression-forbids, lock-scan
Verdict (TimescaleDB before 2.20): fails: compression-forbids
Verdict: fails: compression-forbids, lock-scan
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Reads all rows under the lock."""
    op.execute(
        "ALTER TABLE curves ADD CONSTRAINT ck_curves_curve_date CHECK (curve_date >= '1970-01-01')"
    )


def downgrade() -> None:
    """Drop the check."""
    op.execute("ALTER TABLE curves DROP CONSTRAINT ck_curves_curve_date")
