"""Give instruments a column, without a downgrade.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

`alembic revision` writes an empty downgrade, and the author forgot to fill it.

Verdict: fails: downgrade-missing
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The column."""
    op.execute("ALTER TABLE instruments ADD COLUMN lot_size integer")


def downgrade() -> None:
    """To be done."""
