"""Fill market_data.adjusted_close where it is NULL.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

Every updated row leaves the compressed part of its chunk. The chunk stays partly compressed until
the policy runs. A downgrade is impossible, because a filled value looks like any other value.

Verdict (Apache edition): passes: data-changed, irreversible
Verdict: passes: data-changed, decompression, irreversible
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None
irreversible: str = "which rows were NULL is not known any more"


def upgrade() -> None:
    """All rows in one statement."""
    op.execute("UPDATE market_data SET adjusted_close = close WHERE adjusted_close IS NULL")


def downgrade() -> None:
    """Refuse."""
    raise NotImplementedError(irreversible)
