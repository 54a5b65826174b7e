"""Primary keys, unique constraints, foreign keys, checks and exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Expression, Objects, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ACTIONS = {
    "a": "NO ACTION",
    "r": "RESTRICT",
    "c": "CASCADE",
    "n": "SET NULL",
    "d": "SET DEFAULT",
}
_MATCHES = {"f": "FULL", "p": "PARTIAL", "s": "SIMPLE"}


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every constraint of every table in scope."""
    for row in rows(connection, "constraints", scope):
        table = scope.name(row.schema_name, row.table_name)
        kind, name, attributes = _constraint(row, scope)
        yield kind, table, name, attributes


def _constraint(row: Any, scope: Scope) -> tuple[str, str, dict[str, Value]]:
    if row.type == "p":
        return "primary_key", "", _primary_key(row)
    if row.type == "u":
        return "unique", row.constraint_name, _unique(row)
    if row.type == "f":
        return "foreign_key", row.constraint_name, _foreign_key(row, scope)
    if row.type == "c":
        return "check", row.constraint_name, _check(row)
    return "exclusion", row.constraint_name, _exclusion(row)


def _deferrable(row: Any) -> str:
    if not row.deferrable:
        return "no"
    return "initially deferred" if row.deferred else "initially immediate"


def _primary_key(row: Any) -> dict[str, Value]:
    return {
        EXISTS: True,
        "name": row.constraint_name,
        "columns": tuple(row.columns),
        "include": tuple(row.include),
        "deferrable": _deferrable(row),
        "over_periods": row.over_periods,
        "valid": row.valid,
    }


def _unique(row: Any) -> dict[str, Value]:
    return {
        EXISTS: True,
        "columns": tuple(row.columns),
        "nulls": "not distinct" if row.nulls_not_distinct else "distinct",
        "include": tuple(row.include),
        "deferrable": _deferrable(row),
        "over_periods": row.over_periods,
        "valid": row.valid,
    }


def _foreign_key(row: Any, scope: Scope) -> dict[str, Value]:
    referred = scope.name(row.referred_schema, row.referred_table)
    return {
        EXISTS: True,
        "columns": tuple(row.columns),
        "references": f"{referred} ({', '.join(row.referred_columns)})",
        "on_delete": _on_delete(row),
        "on_update": _ACTIONS[row.on_update],
        "match": _MATCHES[row.match],
        "deferrable": _deferrable(row),
        "over_periods": row.over_periods,
        "validated": row.validated,
        "enforced": row.enforced,
    }


def _on_delete(row: Any) -> str:
    """`CASCADE`; `SET NULL (broker_id)` where it sets some of the key's columns only."""
    action = _ACTIONS[row.on_delete]
    return f"{action} ({', '.join(sorted(row.set_columns))})" if row.sets_some else action


def _check(row: Any) -> dict[str, Value]:
    return {
        EXISTS: True,
        "expression": Expression(row.expression, row.expression),
        "validated": row.validated,
        "enforced": row.enforced,
    }


def _exclusion(row: Any) -> dict[str, Value]:
    predicate = row.predicate
    return {
        EXISTS: True,
        "columns": tuple(Expression(text, text) for text in row.excluded),
        "operators": tuple(row.operators),
        "method": row.method,
        "predicate": None if predicate is None else Expression(predicate, predicate),
        "deferrable": _deferrable(row),
    }
