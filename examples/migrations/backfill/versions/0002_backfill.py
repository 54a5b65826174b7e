"""Fill market_data.adjusted_close where it is NULL.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

Compressed chunks are decompressed row by row and stay so until the policy comes by. The way back
is unknown: a NULL that was filled looks like any other value.

Verdict: passes: data-changed, irreversible
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """All rows in one statement."""
    op.execute("UPDATE market_data SET adjusted_close = close WHERE adjusted_close IS NULL")


def downgrade() -> None:
    """Which rows were NULL is not known any more."""
    raise NotImplementedError("which rows were NULL is not known any more")
