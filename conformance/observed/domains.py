"""Domains: types with conditions of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Expression, Objects, Owner, TypeName, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every domain in scope."""
    for row in rows(connection, "domains", scope):
        default = row.default_sql
        attributes: dict[str, Value] = {
            EXISTS: True,
            "type": TypeName(row.type, row.type),
            "nullable": not row.not_null,
            "default": None if default is None else Expression(default, default),
            "collation": row.collation,
            # SQLAlchemy declares one check; several mean the same as their conjunction.
            "checks": tuple(Expression(check, check) for check in _conjunction(row.checks)),
            "validated": not row.not_valid,
            "owner": Owner(row.owner, row.usual_owner or row.owner),
        }
        name = scope.name(row.schema_name, row.domain_name)
        yield "domain", name, "", attributes


def _conjunction(checks: list[str]) -> list[str]:
    return [" AND ".join(checks)] if checks else []
