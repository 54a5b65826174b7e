"""Statements that several reproductions share.

In a statement `{t}` stands for the table of the reproduction and `{moment}` for a time.
"""

from __future__ import annotations

_MOMENT = "timestamptz '2025-01-01 00:00+00'"
NO_CASE = "(provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
COMPRESS = "SELECT compress_chunk(c) FROM show_chunks('{t}') AS c"


def written(statement: str, code: str) -> str:
    """The statement with the table of the gap with this code."""
    return statement.format(t=code.replace("-", "_"), moment=_MOMENT)


def hypertable(
    columns: str,
    *,
    table: str = "{t}",
    chunk: str = "",
    segment: str | None = None,
    order: str = "moment",
) -> tuple[str, ...]:
    """Statements that create a hypertable.

    Args:
        chunk: the chunk interval; empty: the usual one.
        segment: the segment-by columns; None: compression is not enabled.
        order: the order-by columns.
    """
    interval = f", chunk_time_interval => interval '{chunk}'" if chunk else ""
    return (
        f"CREATE TABLE {table} ({columns})",
        f"SELECT create_hypertable('{table}', 'moment'{interval})",
        *(() if segment is None else (compress_by(segment, order, table=table),)),
    )


def compress_by(segment: str, order: str = "moment", *, table: str = "{t}") -> str:
    """A statement that enables compression, or changes its settings."""
    return (
        f"ALTER TABLE {table} SET (timescaledb.compress,"
        f" timescaledb.compress_segmentby = '{segment}', timescaledb.compress_orderby = '{order}')"
    )


def compressed(
    columns: str, rows: str, *, segment: str = "", order: str = "moment"
) -> tuple[str, ...]:
    """Statements that create a hypertable with these rows in a compressed chunk.

    The rows are a list of values, `(...), (...)`, or a SELECT.
    """
    values = "" if rows.startswith("SELECT") else "VALUES "
    return (
        *hypertable(columns, segment=segment, order=order),
        f"INSERT INTO {{t}} {values}{rows}",
        COMPRESS,
    )
