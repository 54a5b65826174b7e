"""How SQLAlchemy's PostgreSQL dialect spells names, types and expressions."""

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
    """The dialect that everything is spelled for; a paramstyle without % leaves a % alone."""
    return PGDialect_psycopg2(paramstyle="named")  # type: ignore[no-untyped-call]


def ddl_compiler() -> DDLCompiler:
    """What writes CREATE TABLE; the source of defaults and of constraint rules."""
    return cast("DDLCompiler", dialect().ddl_compiler(dialect(), None))  # type: ignore[arg-type]


def final_name(item: Constraint | Index) -> str | None:
    """The name it gets in the database, by the naming convention; None if it has none."""
    if item.name is None:
        return None
    # The unquoted form is what Alembic asks for too, of indexes as well.
    name = dialect().identifier_preparer.format_constraint(item, _alembic_quote=False)
    return None if name is None else str(name)


def type_name(kind: TypeEngine[Any]) -> TypeName:
    """The type as CREATE TABLE would spell it; the collation is a fact of its own."""
    text = _COLLATION.sub("", kind.compile(dialect=dialect()))
    return TypeName(text, text)


def sql(clause: object) -> str:
    """An expression inside a table's definition: literals in place, no table names."""
    if isinstance(clause, ClauseElement):
        compiler = dialect().statement_compiler(dialect(), None)
        return compiler.process(clause, literal_binds=True, include_table=False)
    return str(clause)


def query(selected: Select[Any] | str) -> str:
    """A whole query, with literals in place."""
    if isinstance(selected, str):
        return selected
    return str(selected.compile(dialect=_queries(), compile_kwargs={"literal_binds": True}))


class _QueryCompiler(PGCompiler):
    """Writes a timedelta as people write an interval: 1 day is no number of seconds."""

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
    """An expression as SQLAlchemy or the model's author wrote it."""
    return Expression(text, text)


def default_sql(column: Column[Any]) -> str | None:
    """The DEFAULT clause that CREATE TABLE would have."""
    text = ddl_compiler().get_column_default_string(column)
    return None if text is None else str(text)
