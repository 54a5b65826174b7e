"""Give market_data a column and fill it, in an autocommit block that cannot be repeated.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

If the revision is interrupted after its first statement, the database has the column and Alembic
does not know. The next run then fails, because the column exists already.

Verdict (Apache edition): fails: interrupted
Verdict: fails: decompression, interrupted
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two transactions, and no thought of what lies between."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        op.execute("ALTER TABLE market_data ADD COLUMN vwap double precision")
        op.execute("UPDATE market_data SET vwap = (high + low + close) / 3")
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE market_data DROP COLUMN vwap")
