"""Compile names, types and expressions with SQLAlchemy's PostgreSQL dialect."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.sql.elements import ClauseElement

from conformance.comparing.facts import Expression, TypeName
from conformance.intervals import Interval

if TYPE_CHECKING:
    from sqlalchemy import Column, Constraint, Index, Select
    from sqlalchemy.sql.compiler import DDLCompiler
    from sqlalchemy.types import TypeEngine

_COLLATION = re.compile(r' COLLATE "(?:[^"]|"")+"')


@cache
def dialect() -> PGDialect_psycopg2:
    """The dialect for compiling; its paramstyle does not double percent signs."""
    return PGDialect_psycopg2(paramstyle="named")  # type: ignore[no-untyped-call]


def ddl_compiler() -> DDLCompiler:
    """The compiler of CREATE TABLE, for defaults and constraints."""
    return cast("DDLCompiler", dialect().ddl_compiler(dialect(), None))  # type: ignore[arg-type]


def final_name(item: Constraint | Index) -> str | None:
    """The name in the database, by the naming convention; None if it has none."""
    if item.name is None:
        return None
    # Alembic, too, uses the unquoted form, also for indexes.
    name = dialect().identifier_preparer.format_constraint(item, _alembic_quote=False)
    return None if name is None else str(name)


def type_name(kind: TypeEngine[Any]) -> TypeName:
    """The type as in CREATE TABLE, without its collation, which is a separate fact."""
    text = _COLLATION.sub("", kind.compile(dialect=dialect()))
    return TypeName(text, text)


def sql(clause: object) -> str:
    """The SQL of an expression in a table's definition, with literals, without table names."""
    if isinstance(clause, ClauseElement):
        compiler = dialect().statement_compiler(dialect(), None)
        return compiler.process(clause, literal_binds=True, include_table=False)
    return str(clause)


def query(selected: Select[Any] | str) -> str:
    """The SQL of a whole query, with literals."""
    if isinstance(selected, str):
        return selected
    return str(selected.compile(dialect=_queries(), compile_kwargs={"literal_binds": True}))


class _QueryCompiler(PGCompiler):
    """Compiles a timedelta to an interval in days: `1 day` differs from 86400 seconds."""

    def render_literal_value(self, value: Any, type_: TypeEngine[Any]) -> str:
        if isinstance(value, timedelta):
            return f"INTERVAL '{Interval.parse(value).plain()}'"
        return str(super().render_literal_value(value, type_))  # type: ignore[no-untyped-call]


@cache
def _queries() -> PGDialect_psycopg2:
    dialect = PGDialect_psycopg2(paramstyle="named")  # type: ignore[no-untyped-call]
    dialect.statement_compiler = _QueryCompiler
    return dialect


def expression(text: str) -> Expression:
    """An expression with the text of SQLAlchemy or of the model."""
    return Expression(text, text)


def default_sql(column: Column[Any]) -> str | None:
    """The DEFAULT clause of CREATE TABLE."""
    text = ddl_compiler().get_column_default_string(column)
    return None if text is None else str(text)
