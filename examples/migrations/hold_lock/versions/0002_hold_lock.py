"""Give market_data a column and fill it, in one transaction.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The first statement alone is harmless. Its ACCESS EXCLUSIVE lock is held until the second statement
has written every row. Meanwhile nobody can read market_data.

Verdict (Apache edition): fails: lock-held
Verdict: fails: lock-held, decompression
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A short lock made long."""
    op.execute("ALTER TABLE market_data ADD COLUMN vwap double precision")
    op.execute("UPDATE market_data SET vwap = (high + low + close) / 3")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE market_data DROP COLUMN vwap")
