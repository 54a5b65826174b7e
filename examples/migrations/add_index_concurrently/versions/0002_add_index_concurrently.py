"""Index market_data by source, CONCURRENTLY.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

This is the usual advice for a plain table, but every hypertable refuses the statement.

Verdict: fails: upgrade-failed
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Outside the transaction that env.py opened."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        op.execute("CREATE INDEX CONCURRENTLY ix_market_data_source ON market_data (source)")
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    """Drop the index."""
    op.execute("DROP INDEX ix_market_data_source")
