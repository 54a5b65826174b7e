"""Compress curves after 60 days, without removing the old policy.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

`if_not_exists` keeps the old policy with its old age. A WARNING says so, and nobody reads it.

Verdict (Apache edition): not checked
Verdict: fails: drift, warning
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Do nothing, successfully."""
    op.execute(
        "SELECT add_compression_policy('curves', compress_after => INTERVAL '60 days', "
        "if_not_exists => true)"
    )


def downgrade() -> None:
    """Do nothing either."""
    op.execute(
        "SELECT add_compression_policy('curves', compress_after => INTERVAL '90 days', "
        "if_not_exists => true)"
    )
