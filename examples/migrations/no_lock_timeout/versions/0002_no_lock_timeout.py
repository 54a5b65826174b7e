"""Give market_data a column, in an autocommit block.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The block ends env.py's transaction and its lock timeout. The statement then waits for a long
query, and every other query waits for the statement.

Verdict: fails: no-lock-timeout
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Wait for ever, and let everybody wait."""
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE market_data ADD COLUMN IF NOT EXISTS vwap double precision")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE market_data DROP COLUMN vwap")
