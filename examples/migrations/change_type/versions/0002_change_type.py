"""Make curves.tenor_days a bigint.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

Before 2.28 a hypertable with compression refuses the statement. From 2.28 on the hypertable
refuses it while a chunk is compressed. Without compression all chunks are rewritten under ACCESS
EXCLUSIVE locks.

Verdict (Apache edition): fails: rewrite, compression-forbids
Verdict: fails: compression-forbids
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Every chunk anew."""
    op.execute("ALTER TABLE curves ALTER COLUMN tenor_days TYPE bigint")


def downgrade() -> None:
    """Every chunk anew."""
    op.execute("ALTER TABLE curves ALTER COLUMN tenor_days TYPE integer")
