"""The SQL of the queries that declarations have, with all values in the text."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Interval as AnyInterval
from sqlalchemy import String
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import CompileError

from conformance.declarations.base import DeclarationError
from conformance.intervals import Interval

if TYPE_CHECKING:
    from sqlalchemy import ClauseElement
    from sqlalchemy.types import TypeEngine


def query_sql(clause: ClauseElement, subject: str) -> str:
    """The SQL of a query or of a part of one, with literals.

    Args:
        subject: the relation that is declared, for the error.

    Raises:
        DeclarationError: SQLAlchemy cannot write one of the values as a literal.
    """
    try:
        return str(clause.compile(dialect=_dialect(), compile_kwargs={"literal_binds": True}))
    except CompileError as error:
        # The rest is a memory address, or refers to a traceback.
        why = re.sub(r" ?<[^<>]+ at 0x\w+>", "", str(error.args[0]).partition(";")[0])
        raise DeclarationError(
            subject,
            f"the query cannot be written with its values: {why}. Write the value as text(), or "
            "pass the whole query as a text",
        ) from None


class _QueryCompiler(PGCompiler):
    """Writes lengths of time as people do: `1 day` differs from 86400 seconds."""

    def render_literal_value(self, value: Any, type_: TypeEngine[Any]) -> str:
        if isinstance(value, timedelta):
            return f"INTERVAL '{Interval.parse(value).plain()}'"
        if isinstance(value, str) and isinstance(type_, AnyInterval | INTERVAL):
            # cast("1 day", Interval): SQLAlchemy writes a timedelta only.
            type_ = String()
        return str(super().render_literal_value(value, type_))  # type: ignore[no-untyped-call]


@cache
def _dialect() -> PGDialect_psycopg2:
    # This paramstyle does not double percent signs.
    dialect = PGDialect_psycopg2(paramstyle="named")  # type: ignore[no-untyped-call]
    dialect.statement_compiler = _QueryCompiler
    return dialect
