"""Compress curves after 60 days, and ask the database for the job's number in Python.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23

The revision works online. Offline there is no database to ask, so the script lacks the statement.

Verdict (Apache edition): not checked
Verdict: fails: offline-differs
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

JOB = (
    "SELECT job_id FROM timescaledb_information.jobs "
    "WHERE hypertable_name = 'curves' AND proc_name = 'policy_compression'"
)


def upgrade() -> None:
    """60 days."""
    compress_after("60 days")


def downgrade() -> None:
    """90 days, as in 0001."""
    compress_after("90 days")


def compress_after(age: str) -> None:
    """Change the policy's job, one number for each database."""
    job = op.get_bind().exec_driver_sql(JOB).scalar_one()
    op.execute(
        f'SELECT alter_job({job}, config => config || \'{{"compress_after": "{age}"}}\') '
        f"FROM timescaledb_information.jobs WHERE job_id = {job}"
    )
