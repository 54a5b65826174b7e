"""Run the catalog queries: one .sql file is one statement, whatever the number of tables."""

from __future__ import annotations

from collections import namedtuple
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from sys import intern
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from conformance.intervals import Interval
from conformance.observed.asked_once import once
from conformance.observed.successors import for_this_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.resources.abc import Traversable

    from sqlalchemy import Connection, CursorResult, Row


#: The interval with this text: a thousand policies have a few.
parsed_interval = lru_cache(maxsize=1_000)(Interval.printed)


@dataclass(frozen=True)
class Scope:
    """Which part of a database is checked.

    Attributes:
        schemas: the schemas whose objects are read.
        default_schema: the schema that is left out of names.
        version_table: the name of Alembic's version table, which the models do not declare.
        left: patterns of objects that the project leaves to others.
    """

    schemas: tuple[str, ...] = ("public",)
    default_schema: str = "public"
    version_table: str = "alembic_version"
    left: tuple[str, ...] = ()

    def name(self, schema: str, relation: str) -> str:
        """The name of a relation in facts: qualified, unless it is in the default schema."""
        name = relation if schema == self.default_schema else f"{schema}.{relation}"
        # One string for all facts of a relation. SQLAlchemy's names have a class of their own.
        return intern(name) if type(name) is str else name


def disable_jit_and_workers(connection: Connection) -> None:
    """Disable JIT and parallel workers until the transaction ends.

    TimescaleDB's views unnest arrays, for which the planner expects a million rows instead of a
    thousand. Compiling such a query took twenty times as long as running it.
    """
    connection.exec_driver_sql(
        "SELECT pg_catalog.set_config('jit', 'off', true),"
        " pg_catalog.set_config('max_parallel_workers_per_gather', '0', true)"
    )


_PATH = text(
    "SELECT pg_catalog.current_setting('search_path'),"
    " pg_catalog.set_config('search_path', coalesce(CAST(:path AS text),"
    " pg_catalog.concat(pg_catalog.quote_ident(:schema), ', public, pg_temp')), true)"
)


@contextmanager
def names_as_printed(connection: Connection, scope: Scope) -> Iterator[None]:
    """Have the catalog print names by the models' schema, not by the session's search_path.

    The server prints a name without its schema where the search_path leads to it, and each role and
    database may have another one. Temporary tables come last: they hide nothing.
    """
    before = _set_path(connection, scope, None)
    yield
    _set_path(connection, scope, before)


def _set_path(connection: Connection, scope: Scope, path: str | None) -> str:
    """Set the search_path until the transaction ends; return the one before."""
    values = {"path": path, "schema": scope.default_schema}
    before: str = connection.execute(_PATH, values).one()[0]
    return before


#: Files in `sql/` that several statements join. `conformance_usual_owner` stands for the first one.
_JOINED = ("usual_owner", "aggregate_names", "all_jobs", "insert_blocker", "interval_pattern")


@cache
def _folder() -> Traversable:
    # Python looks for the package's files again at each question.
    return files("conformance.observed") / "sql"


@cache
def statement(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    sql = (_folder() / f"{name}.sql").read_text(encoding="utf-8")
    for joined in _JOINED:
        if f"conformance_{joined}" in sql:
            sql = sql.replace(f"conformance_{joined}", f"({statement(joined)})")
    return sql


#: Where one of these finds nothing, the statement of that name has no rows. Planning it would take
#: ten times as long as asking.
_SUBJECTS = {
    "aggregates": "EXISTS (SELECT FROM _timescaledb_catalog.continuous_agg)",
    # A chunk or partition, or a table that was one and has lost its parent.
    "chunks": "EXISTS (SELECT FROM pg_catalog.pg_inherits)"
    " OR EXISTS (SELECT FROM pg_catalog.pg_class c"
    " WHERE c.relkind = 'r' AND pg_catalog.right(c.relname::text, 6) = '_chunk')",
}
_HAS_SUBJECTS = text(
    f"SELECT {', '.join(f'{exists} AS {name}' for name, exists in _SUBJECTS.items())}"
)


def rows(connection: Connection, name: str, scope: Scope) -> Sequence[Row[tuple[object, ...]]]:
    """The rows of `sql/<name>.sql` for the scope."""
    if name in _SUBJECTS:
        there = once(connection, "subjects", lambda: connection.execute(_HAS_SUBJECTS).one())
        if not getattr(there, name):
            return []
    sql = for_this_server(connection, statement(name))
    parameters = {
        "schemas": list(scope.schemas),
        "default_schema": scope.default_schema,
        "version_table": scope.version_table,
    }
    used = {key: value for key, value in parameters.items() if f":{key}" in sql}
    found = connection.execute(text(sql), used)
    return _decoded(found) if connection.dialect.driver == "asyncpg" else found.all()


def _decoded(found: CursorResult[Any]) -> Any:
    """The rows with text where asyncpg gives a byte: for PostgreSQL's type "char"."""
    row = namedtuple("row", tuple(found.keys()))  # type: ignore[misc]
    return [row(*(_text(value) for value in values)) for values in found]


def _text(value: Any) -> Any:
    # An empty "char" is a zero byte.
    return value.decode().rstrip("\0") if isinstance(value, bytes) else value
