"""Privileges of roles other than the owner, on existing and on future objects."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from conformance.comparing.facts import EXISTS, Detail, FactKey, Facts, Objects
from conformance.comparing.privileges import (
    EVERYBODY,
    grantors_of_usual,
    of_owners,
    usual,
    usual_future,
)
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.comparing.fact_table import FactTable


#: Stands before what PostgreSQL grants and somebody has revoked.
_WITHOUT = "without "
_OWNERS = text("""
SELECT 'schema '::text || nspname::text, pg_catalog.pg_get_userbyid(nspowner)::text
  FROM pg_catalog.pg_namespace
""")
_ROLES = text("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY(:names)")


def observed(connection: Connection, scope: Scope) -> Objects:
    """The privileges of each role on each object in scope."""
    granted: dict[FactKey, list[str]] = defaultdict(list)
    for row in rows(connection, "privileges", scope):
        kind = "default_privilege" if row.kind == "default" else "privilege"
        option = " with grant option" if row.grantable else ""
        key = FactKey(kind, _object(row, scope), row.grantee, EXISTS)
        granted[key].append(row.privilege + option)
    for key, privileges in granted.items():
        privileges.sort()
        unusual = [word for word in privileges if word not in usual(key.table, key.name)]
        had = tuple(word for word in privileges if not word.startswith(_WITHOUT))
        said = Detail(
            ", ".join(unusual or privileges),
            judged=_is_judged(key, unusual, scope),
            part=not unusual,
        )
        yield *key[:3], {EXISTS: said, "privileges": had}


def add_unlisted(connection: Connection, expected: Facts, observed: FactTable) -> None:
    """Add the declared privileges that a role has without being listed for them."""
    add_usual_future(connection, expected, observed)
    on_schemas = any(
        key.kind == "privilege" and key.table.startswith("schema ") for key in expected
    )
    found = connection.execute(_OWNERS) if on_schemas else ()
    owners = {str(schema): str(role) for schema, role in found}
    observed.merge(of_owners(expected, observed, owners))


def add_usual_future(connection: Connection, expected: Facts, observed: FactTable) -> None:
    """Add the declared default privileges that PostgreSQL grants by itself."""
    names = {name for grantors in grantors_of_usual(expected).values() for name in grantors}
    if names:
        roles = set(connection.scalars(_ROLES, {"names": sorted(names)}))
        observed.merge(usual_future(expected, observed, roles))


def _object(row: Any, scope: Scope) -> str:
    """`curves`, `curves (close)`, `schema public`, `function f(integer)`, `database`."""
    name = row.object if row.schema_name is None else scope.name(row.schema_name, row.object)
    if row.column_name is not None:
        return f"{name} ({row.column_name})"
    return name if row.kind == "default" else f"{row.kind} {name}".strip()


def _is_judged(key: FactKey, unusual: list[str], scope: Scope) -> bool | None:
    if key.name == EVERYBODY:
        # What PostgreSQL grants to PUBLIC is often revoked on purpose.
        return not all(privilege.startswith(_WITHOUT) for privilege in unusual)
    # GRANT ... ON ALL TABLES includes Alembic's version table, which models cannot name.
    return False if is_on_version_table(key, scope) else None


def is_on_version_table(key: FactKey, scope: Scope) -> bool:
    """Whether the privilege is one on Alembic's version table, in whichever schema it is."""
    relation = key.table.partition(" (")[0]
    return key.kind == "privilege" and relation.rpartition(".")[2] == scope.version_table
