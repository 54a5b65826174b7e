"""Segment signals by instrument, while chunks are compressed.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The statement succeeds at once and leaves compressed chunks as they are. An old chunk keeps its old
segments until it is compressed again. A query by the new segments has to decompress the old
chunks.

Verdict (Apache edition): not checked
Verdict: fails: drift
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def set_compression(segment_by: str, order_by: str) -> None:
    """The settings for chunks to come."""
    op.execute(
        "ALTER TABLE signals SET (timescaledb.compress, "
        f"timescaledb.compress_segmentby = '{segment_by}', "
        f"timescaledb.compress_orderby = '{order_by}')"
    )


def upgrade() -> None:
    """New settings, and nothing for what is compressed."""
    set_compression("instrument_id", "signal_date DESC, signal_type, series_id, id")


def downgrade() -> None:
    """The settings of 0001."""
    set_compression("signal_type", "signal_date DESC, instrument_id, series_id, id")
