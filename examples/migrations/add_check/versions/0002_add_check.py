"""Keep curves from having dates before 1970, validated at once.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

Every row of every chunk is read, compressed ones decompressed, while ACCESS EXCLUSIVE keeps all
readers out. Before 2.20 a hypertable with compression refuses it, and the models support 2.17: the
minimum that they require must be raised along with it.

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
