"""What CREATE DATABASE ... TEMPLATE does not copy: a database's settings and privileges.

Settings that would let statements of a run fail, or mean other tables, are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

#: Their values are lists of names, which the catalog has with their quotes.
_LISTS = ("temp_tablespaces", "local_preload_libraries", "session_preload_libraries")
_LEFT_OUT = re.compile(
    r".*timeout|search_path|default_transaction_.*|session_replication_role|row_security|role",
    re.IGNORECASE,
)
_SETTINGS = text("""
SELECT nullif(s.setrole, 0::oid)::pg_catalog.regrole::text AS role,
       pg_catalog.unnest(s.setconfig) AS setting
  FROM pg_catalog.pg_db_role_setting s
  JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
 WHERE d.datname = :name
""")
_PRIVILEGES = text("""
SELECT CASE a.grantee WHEN 0::oid THEN 'PUBLIC'
                      ELSE a.grantee::pg_catalog.regrole::text END AS role,
       a.privilege_type AS privilege, a.is_grantable AS grantable
  FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
 WHERE d.datname = :name AND a.grantee <> d.datdba
""")


def properties_of(connection: Connection, name: str) -> list[tuple[str, str]]:
    """Statements that give another database the same: what is before and after its name."""
    values = {"name": name}
    return [*_settings(connection, values), *_privileges(connection, values)]


def _settings(connection: Connection, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    for role, setting in connection.execute(_SETTINGS, values):
        key, _, value = setting.partition("=")
        if _LEFT_OUT.fullmatch(key):
            continue
        said = value if key.lower() in _LISTS else "'{}'".format(value.replace("'", "''"))
        whose = "" if role is None else f"ROLE {role} IN "
        yield f"ALTER {whose}DATABASE", f"SET {key} TO {said}"


def _privileges(connection: Connection, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    known = "SELECT datacl IS NOT NULL FROM pg_catalog.pg_database WHERE datname = :name"
    if not connection.execute(text(known), values).scalar():
        return
    yield "REVOKE ALL ON DATABASE", "FROM PUBLIC"
    for role, privilege, grantable in connection.execute(_PRIVILEGES, values):
        option = " WITH GRANT OPTION" if grantable else ""
        yield f"GRANT {privilege} ON DATABASE", f"TO {role}{option}"
