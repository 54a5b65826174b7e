"""Compile names, types and expressions with SQLAlchemy's PostgreSQL dialect."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.sql.elements import ClauseElement

from conformance.comparing.facts import Expression, TypeName
from conformance.declarations.queries import query_sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Column, Constraint, Index, Select
    from sqlalchemy.sql.base import DialectKWArgs
    from sqlalchemy.sql.compiler import DDLCompiler
    from sqlalchemy.types import TypeEngine

#: SQLAlchemy 2.1 quotes the name only where it must.
_COLLATION = re.compile(r' COLLATE (?:"(?:[^"]|"")+"|[\w$]+)')


@cache
def dialect() -> PGDialect_psycopg2:
    """The dialect for compiling; its paramstyle does not double percent signs."""
    return PGDialect_psycopg2(paramstyle="named")  # type: ignore[no-untyped-call]


def options(item: DialectKWArgs) -> Mapping[str, Any]:
    """The options `postgresql_...` of the item, if it has any; SQLAlchemy would add all others."""
    return item.dialect_options.get("postgresql", {})


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


def query(selected: Select[Any] | str, subject: str = "query") -> str:
    """The SQL of a whole query, with literals.

    Raises:
        DeclarationError: SQLAlchemy cannot write one of the values as a literal.
    """
    return selected if isinstance(selected, str) else query_sql(selected, subject)


def expression(text: str) -> Expression:
    """An expression with the text of SQLAlchemy or of the model."""
    return Expression(text, text)


def default_sql(column: Column[Any]) -> str | None:
    """The DEFAULT clause of CREATE TABLE."""
    text = ddl_compiler().get_column_default_string(column)
    return None if text is None else str(text)
