"""Rules and row security policies that the models declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects, Value
from conformance.declarations.base import all_declared
from conformance.declarations.triggers import RowSecurityPolicy, Rule
from conformance.expected import spelling

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """Every declared rule and row security policy of the table."""
    for rule in all_declared(table, Rule):
        yield "rule", name, rule.name, _rule(rule)
    for policy in all_declared(table, RowSecurityPolicy):
        yield "row_security_policy", name, policy.name, _policy(policy)


def _rule(rule: Rule) -> dict[str, Value]:
    definition = " ".join(rule.definition.split()).rstrip("; ")
    return {EXISTS: True, "definition": definition, "enabled": "enabled"}


def _policy(policy: RowSecurityPolicy) -> dict[str, Value]:
    return {
        EXISTS: True,
        "command": policy.command,
        "combined": "permissive" if policy.permissive else "restrictive",
        "roles": policy.roles,
        "using": None if policy.using is None else spelling.expression(policy.using),
        "check": None if policy.check is None else spelling.expression(policy.check),
    }
