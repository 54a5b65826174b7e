"""Statements that several reproductions share."""

from __future__ import annotations


def compressed(table: str, columns: str, settings: str, *rows: str) -> tuple[str, ...]:
    """Statements that create a hypertable with these rows in a compressed chunk.

    Each of the rows is a list of values, `(...), (...)`, or a SELECT.
    """
    return (
        f"CREATE TABLE {table} ({columns})",
        f"SELECT create_hypertable('{table}', 'moment')",
        f"ALTER TABLE {table} SET (timescaledb.compress, {settings})",
        *(
            f"INSERT INTO {table} {'' if row.startswith('SELECT') else 'VALUES '}{row}"
            for row in rows
        ),
        f"SELECT compress_chunk(c) FROM show_chunks('{table}') AS c",
    )


BY_PROBE = "timescaledb.compress_segmentby = 'probe', timescaledb.compress_orderby = 'moment'"
UNSEGMENTED = "timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'moment'"
MOMENT = "timestamptz '2025-01-01 00:00+00'"
NO_CASE = "(provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
