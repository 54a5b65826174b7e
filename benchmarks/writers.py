"""Ways to write rows of `market_data`: the write path, its alternatives, the floor."""

from __future__ import annotations

import csv
import io
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from psycopg2.extras import execute_values
from sqlalchemy.dialects.postgresql import insert

from models import MarketData
from models.writes import insert_new, natural_key, upsert

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    Rows = list[dict[str, Any]]
    Writer = Callable[[Connection, Rows], Any]

OURS, SQLALCHEMY, EXECUTE_VALUES, FLOOR = "ours", "SQLAlchemy", "execute_values", "COPY"
BASELINES = (SQLALCHEMY, EXECUTE_VALUES)
#: psycopg2 sends SQLAlchemy's ON CONFLICT once for each row, so the first rows give the rate.
ONE_BY_ONE, MOST_ONE_BY_ONE = (SQLALCHEMY,), 1_000
#: The default is 100; a user in a hurry chooses more.
PAGE_SIZE = 1_000

TABLE = MarketData.__table__
KEY = natural_key(TABLE)
COLUMNS = tuple(column.name for column in TABLE.columns if column.identity is None)
REST = tuple(name for name in COLUMNS if name not in KEY)

_INTO = f"INSERT INTO market_data ({', '.join(COLUMNS)})"
_ON_CONFLICT = {
    "insert_new": f"ON CONFLICT ({', '.join(KEY)}) DO NOTHING",
    "upsert": f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in REST),
}
OPERATIONS = tuple(_ON_CONFLICT)


def writers(operation: str, *, copy: bool, alternatives: bool = True) -> dict[str, Writer]:
    """The ways of `insert_new` or `upsert`; the floor only if the server has COPY."""
    found = {OURS: _ours(operation)}
    if alternatives:
        found[SQLALCHEMY] = _sqlalchemy(operation)
        found[EXECUTE_VALUES] = _execute_values(operation)
    return found | ({FLOOR: _floor(operation)} if copy else {})


def _ours(operation: str) -> Writer:
    write = {"insert_new": insert_new, "upsert": upsert}[operation]
    return lambda connection, rows: write(connection, MarketData, rows)


def _sqlalchemy(operation: str) -> Writer:
    statement = insert(MarketData)
    if operation == "insert_new":
        statement = statement.on_conflict_do_nothing(index_elements=KEY)
    else:
        new = {name: statement.excluded[name] for name in REST}
        statement = statement.on_conflict_do_update(index_elements=KEY, set_=new)
    return lambda connection, rows: connection.execute(statement, rows)


def _execute_values(operation: str) -> Writer:
    query = f"{_INTO} VALUES %s {_ON_CONFLICT[operation]}"

    def write(connection: Connection, rows: Rows) -> None:
        with connection.connection.cursor() as cursor:
            values = map(itemgetter(*COLUMNS), rows)
            execute_values(cursor, query, values, page_size=PAGE_SIZE)

    return write


def _floor(operation: str) -> Writer:
    """The work of the server alone: it checks, counts and sorts nothing."""
    names = ", ".join(COLUMNS)

    def write(connection: Connection, rows: Rows) -> None:
        with connection.connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TEMPORARY TABLE given ON COMMIT DROP AS SELECT {names} FROM market_data"
                " WITH NO DATA"
            )
            file = io.StringIO()
            csv.writer(file).writerows(map(itemgetter(*COLUMNS), rows))
            file.seek(0)
            cursor.copy_expert(f"COPY given ({names}) FROM STDIN (FORMAT csv)", file)
            cursor.execute(f"{_INTO} SELECT {names} FROM given {_ON_CONFLICT[operation]}")

    return write
