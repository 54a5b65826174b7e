"""Number instruments from a sequence, and leave the sequence behind.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The downgrade drops the column and forgets the sequence that the upgrade created.

Verdict: fails: downgrade
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A sequence, and a column that takes its default from it."""
    op.execute("CREATE SEQUENCE instrument_numbers")
    op.execute("ALTER TABLE instruments ADD COLUMN number bigint")
    op.execute(
        "ALTER TABLE instruments ALTER COLUMN number SET DEFAULT nextval('instrument_numbers')"
    )


def downgrade() -> None:
    """Drop the column; a sequence that no column owns stays."""
    op.execute("ALTER TABLE instruments DROP COLUMN number")
