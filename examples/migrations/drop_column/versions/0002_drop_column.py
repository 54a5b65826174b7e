"""Drop flow_data.release_time, which has values.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The statement is quick and final: the downgrade restores the column, but not its values.

Verdict: fails: data-lost
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The values are gone."""
    op.execute("ALTER TABLE flow_data DROP COLUMN release_time")


def downgrade() -> None:
    """The column comes back empty."""
    op.execute("ALTER TABLE flow_data ADD COLUMN release_time timestamptz")
