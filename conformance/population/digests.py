"""Digest a table's contents: two digests are equal if no value changed in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.comparing.tokens import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

#: Values are digested as PostgreSQL prints them, which depends on these settings.
_PRINTING = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "xmloption": "content",
}

_SET_PRINTING = "SELECT " + ", ".join(
    f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in _PRINTING.items()
)

_COLUMNS = """
SELECT attname AS name, coalesce(attnum = ANY (conkey), false) AS in_key
FROM pg_catalog.pg_attribute
LEFT JOIN pg_catalog.pg_constraint ON conrelid = attrelid AND contype = 'p'
WHERE attrelid = pg_catalog.to_regclass(:table) AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""


@dataclass(frozen=True)
class Digest:
    """A digest of a table's contents.

    Attributes:
        rows: the number of rows.
        columns: for each column a sum over all rows. The sum changes if a value changes, or if two
            rows, which are identified by the primary key, exchange their values. The order of rows
            and columns and the names of columns do not affect the sum.
        values: for each column the summands of its values that are not NULL, if requested; those
            of `identified=False` depend on the values alone.
    """

    rows: int
    columns: dict[str, int]
    values: dict[str, frozenset[int]] = field(default_factory=dict)


def digest(
    connection: Connection,
    table: str,
    *,
    key: Sequence[str] = (),
    values: bool = False,
    identified: bool = True,
) -> Digest:
    """Digest a table, including its chunks and compressed chunks.

    Args:
        connection: settings of its transaction are changed until the transaction ends; nothing is
            written.
        table: the name as SQL: quoted if necessary, with or without its schema.
        key: the columns that identify a row; the primary key if empty. With the same key, digests
            from before and after a change of the primary key can be compared.
        values: whether to list the summands too, one for each row.
        identified: whether a summand in the list tells which row has the value. Where all columns
            are the key, a value that changes makes another row, with other summands of each column.

    Raises:
        LookupError: there is no such table.
        sqlalchemy.exc.DBAPIError: the table cannot be read.
    """
    connection.exec_driver_sql(_SET_PRINTING)
    columns = connection.execute(text(_COLUMNS), {"table": table}).all()
    if not columns:
        raise LookupError(table)
    # Without a primary key, all values of a row identify the row.
    identity = [quoted(name) for name in key or [c.name for c in columns if c.in_key]]
    identity = identity or [quoted(c.name) for c in columns]
    names = [column.name for column in columns]
    sums = [_sum(identity, quoted(name)) for name in names]
    listed_by = identity if identified else []
    lists = [_list(listed_by, quoted(name)) for name in names] if values else []
    row = connection.exec_driver_sql(
        f"SELECT count(*), {', '.join([*sums, *lists])} FROM {table}",
        # A % in a name is not a placeholder.
        execution_options={"no_parameters": True},
    ).one()
    totals, listed = row[1 : len(names) + 1], row[len(names) + 1 :]
    return Digest(
        row[0],
        {name: int(total) for name, total in zip(names, totals, strict=True)},
        {name: frozenset(found) for name, found in zip(names, listed, strict=False)},
    )


def _sum(key: list[str], column: str) -> str:
    return f"coalesce(sum({_summand(key, column)}), 0)"


def _list(key: list[str], column: str) -> str:
    # IS NOT NULL would test the fields of a composite value.
    known = f"{column} IS DISTINCT FROM NULL"
    return f"coalesce(array_agg({_summand(key, column)}) FILTER (WHERE {known}), '{{}}')"


def _summand(key: list[str], column: str) -> str:
    # The text of a row distinguishes NULL from an empty text.
    row = f"CAST(ROW({', '.join([*key, column])}) AS text)"
    return f"pg_catalog.hashtextextended({row}, 0)"
