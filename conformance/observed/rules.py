"""Rules, which replace statements, and row security policies, which hide rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Detail, Expression, Objects, Value
from conformance.observed.catalog import Scope, rows
from conformance.observed.triggers import ENABLED

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every rule and row security policy of the tables in scope."""
    for row in rows(connection, "rules", scope):
        table = scope.name(row.schema_name, row.table_name)
        yield row.kind, table, row.name, _rule(row) if row.kind == "rule" else _policy(row)


def _rule(row: Any) -> dict[str, Value]:
    definition = " ".join(row.definition.split()).rstrip("; ")
    return {
        EXISTS: Detail(definition),
        "definition": definition,
        "enabled": ENABLED[row.enabled],
    }


def _policy(row: Any) -> dict[str, Value]:
    permissive = "permissive" if row.permissive else "restrictive"
    return {
        EXISTS: Detail(f"{permissive} for {row.command}"),
        "command": row.command,
        "combined": permissive,
        "roles": tuple(row.roles),
        "using": _expression(row.using_sql),
        "check": _expression(row.check_sql),
    }


def _expression(text: str | None) -> Value:
    return None if text is None else Expression(text, text)
