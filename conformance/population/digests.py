"""What a table holds, as a few numbers: equal before and after exactly if no value changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

#: Values are digested as PostgreSQL prints them; these settings decide how it does.
_PRINTING = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "xmloption": "content",
}

_COLUMNS = """
SELECT attname AS name, coalesce(attnum = ANY (conkey), false) AS in_key
FROM pg_catalog.pg_attribute
LEFT JOIN pg_catalog.pg_constraint ON conrelid = attrelid AND contype = 'p'
WHERE attrelid = pg_catalog.to_regclass(:table) AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""


@dataclass(frozen=True)
class Digest:
    """A table's contents.

    Attributes:
        rows: how many there are.
        columns: for each column a sum over all rows; it changes with every value of the column,
            and with the row, known by its primary key, that a value is in. The order of rows
            and columns does not matter. What a column is called does not go into it.
    """

    rows: int
    columns: dict[str, int]


def digest(connection: Connection, table: str, *, key: Sequence[str] = ()) -> Digest:
    """The digest of a table, chunks and compressed chunks included.

    Args:
        connection: its transaction's settings are changed until it ends; nothing is written.
        table: the name to put into SQL: quoted where needed, with or without its schema.
        key: the columns that a row is known by, where it is not to be the primary key: two
            digests of a table whose primary key changed in between are comparable by them.

    Raises:
        LookupError: there is no such table.
        sqlalchemy.exc.DBAPIError: it cannot be read.
    """
    for name, value in _PRINTING.items():
        connection.execute(
            text("SELECT pg_catalog.set_config(:name, :value, true)"),
            {"name": name, "value": value},
        )
    columns = connection.execute(text(_COLUMNS), {"table": table}).all()
    if not columns:
        raise LookupError(table)
    quote = connection.dialect.identifier_preparer.quote
    # Without a primary key a value is known by its row's other values.
    known_by = [quote(name) for name in key or [c.name for c in columns if c.in_key]]
    known_by = known_by or [quote(c.name) for c in columns]
    sums = [_sum(known_by, quote(column.name)) for column in columns]
    row = connection.exec_driver_sql(f"SELECT count(*), {', '.join(sums)} FROM {table}").one()
    return Digest(row[0], {c.name: int(total) for c, total in zip(columns, row[1:], strict=True)})


def digests(connection: Connection, tables: Iterable[str]) -> dict[str, Digest]:
    """The digest of each table, by its name as given."""
    return {table: digest(connection, table) for table in tables}


def _sum(key: list[str], column: str) -> str:
    # Cast to text, a row tells NULL from an empty text.
    row = f"CAST(ROW({', '.join([*key, column])}) AS text)"
    return f"coalesce(sum(pg_catalog.hashtextextended({row}, 0)), 0)"
