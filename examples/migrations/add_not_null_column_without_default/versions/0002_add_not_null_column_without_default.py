"""Give market_data a column that is never NULL, without a default.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

A hypertable with compression refuses the statement in every version, even if no chunk is
compressed. Without compression the statement fails if the table has a row. It succeeds only on an
empty database, such as a developer's.

Verdict (Apache edition): fails: upgrade-failed
Verdict: fails: compression-forbids
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """What works on an empty table only."""
    op.execute("ALTER TABLE market_data ADD COLUMN venue text NOT NULL")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE market_data DROP COLUMN venue")
