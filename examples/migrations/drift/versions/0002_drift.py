"""Give market_data a column of another type than the model's.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The model says double precision and the migration says real: every write loses half of the digits.

Verdict: fails: drift
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Not what the model says."""
    op.execute("ALTER TABLE market_data ADD COLUMN vwap real")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE market_data DROP COLUMN vwap")
