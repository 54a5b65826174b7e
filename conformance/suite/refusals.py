"""Decide whether a database that refuses the sample rows is wrong, or the rows are."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from conformance.comparing.findings import Finding
from conformance.declarations import Trigger, tables_of
from conformance.declarations.base import all_declared
from conformance.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL, Connection, MetaData

    from conformance.engines.base import Engine

    Fill = Callable[[Connection, MetaData], None]

#: Classes of SQLSTATE that are about a row: data exception, integrity constraint violation, and
#: RAISE of a trigger. The facts report missing tables and columns.
_OF_THE_ROW = ("22", "23", "P0")
#: Characters of a value in the hint.
_LONG = 100


# To mypy `pytest.fail` is a mere function.
class SampleRowsRefused(pytest.fail.Exception):  # type: ignore[misc, name-defined]
    """Fails every check that needs the rows, with one common finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.message}\n{finding.hint}", pytrace=False)
        self.finding = finding


def refusal_of(
    engine: Engine, metadata: MetaData, fill: Fill, error: Exception
) -> SampleRowsRefused | None:
    """The failure if plain tables, created from the models, accept the refused rows.

    The plain tables are in a database of their own. Returns None if they refuse the rows as well or
    cannot be created: then it is unknown whether the migrated database is wrong. Nor is it if a
    trigger refuses them that the models declare.

    Args:
        fill: inserts the rows.
        error: the error of `fill` in the migrated database.
    """
    if not isinstance(error, DBAPIError) or not _says_something_of_the_row(error):
        return None
    if _is_of_a_declared_trigger(error, metadata):
        return None
    try:
        with engine.database() as url:
            _fill_plain_tables(url, metadata, fill)
    except (SQLAlchemyError, ValueError):
        return None
    return SampleRowsRefused(_finding(error))


def _says_something_of_the_row(error: DBAPIError) -> bool:
    return str(getattr(error.orig, "pgcode", None)).startswith(_OF_THE_ROW)


def _is_of_a_declared_trigger(error: DBAPIError, metadata: MetaData) -> bool:
    """Whether a trigger refuses the row that the models declare, and plain tables do not have."""
    context = getattr(getattr(error.orig, "diag", None), "context", None) or ""
    triggers = (item for table in tables_of(metadata) for item in all_declared(table, Trigger))
    functions = (item.function.partition("(")[0].rpartition(".")[2] for item in triggers)
    # The server does not name the schemas of its search_path, and the function has no arguments.
    return any(f"{function}()" in context for function in functions)


def _fill_plain_tables(url: URL, metadata: MetaData, fill: Fill) -> None:
    with create_engine(url, poolclass=pool.NullPool).begin() as connection:
        for schema in sorted({table.schema for table in tables_of(metadata) if table.schema}):
            connection.execute(CreateSchema(schema, if_not_exists=True))
        metadata.create_all(connection, tables=tables_of(metadata))
        fill(connection, metadata)


def _finding(error: DBAPIError) -> Finding:
    statement = shorten(str(error.statement).partition(" VALUES")[0], 300)
    said = shorten(one_line(error), 500)
    return Finding(
        id="rows:every table:sample_rows",
        kind="rows",
        object="every table",
        attribute="sample_rows",
        disagreement="different",
        expected=None,
        observed=[repr(error.params)],
        message=f"rows of every table: the database refuses a row that the models allow: {said}",
        hint="Tables created from the models, without the migrations, accept this row. No other "
        f"check of rows can run. The statement is: {statement} VALUES {_brief(error.params)}",
    )


def _brief(params: Any) -> str:
    """The values of a row without the ends of long texts; the observed value has them all."""
    if not isinstance(params, Mapping):
        return shorten(repr(params), 2_000)
    return "{" + ", ".join(f"{name!r}: {_cut(repr(of))}" for name, of in params.items()) + "}"


def _cut(value: str) -> str:
    return value if len(value) <= _LONG else f"{value[:_LONG]}…"
