"""Functions and procedures: return type, properties, and a digest of the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.bodies import digest_of
from conformance.comparing.facts import EXISTS, Detail, Objects, TypeName, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KINDS = {"f": "function", "p": "procedure"}
_VOLATILITY = {"i": "immutable", "s": "stable", "v": "volatile"}


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every function and procedure in scope."""
    for row in rows(connection, "functions", scope):
        signature = f"{row.function_name}({', '.join(row.arguments)})"
        name = scope.name(row.schema_name, signature)
        yield _KINDS[row.kind], name, "", _attributes(row)


def _attributes(row: Any) -> dict[str, Value]:
    named = {
        "defaults": row.defaults,
        "owner": row.other_owner,
        "executable_by_public": row.executable_by_public,
        "planner": row.planner,
    }
    of_function = {
        "returns": _returns(row.returns),
        "volatility": _VOLATILITY[row.volatility],
        "strict": row.strict,
    }
    return {
        EXISTS: Detail(_in_short(row)),
        "language": row.language,
        **(of_function if _KINDS[row.kind] == "function" else {}),
        "security": "definer" if row.security_definer else "invoker",
        "settings": tuple(sorted(row.settings)),
        "body": digest_of(row.body),
        **{name: value for name, value in named.items() if value},
    }


def _returns(result: str | None) -> Value:
    if result is None or result.startswith(("TABLE", "SETOF")):
        return result
    return TypeName(result, result)


def _in_short(row: Any) -> str:
    used = f", used by {', '.join(row.used_by)}" if row.used_by else ""
    definer = ", security definer" if row.security_definer else ""
    return f"{row.language}{definer}, body {digest_of(row.body)}{used}"
