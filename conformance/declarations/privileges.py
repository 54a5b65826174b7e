"""The owners of tables, and the privileges of other roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.base import DeclarationError, Requirement
from conformance.declarations.signatures import Signature

if TYPE_CHECKING:
    from collections.abc import Sequence

_OF_A_TABLE = ("select", "insert", "update", "delete", "truncate", "references", "trigger")
#: Kind of object -> what can be granted on it. Source: PostgreSQL documentation, "Privileges".
PRIVILEGES = {
    "table": (*_OF_A_TABLE, "maintain"),
    "column": ("select", "insert", "update", "references"),
    "sequence": ("usage", "select", "update"),
    "schema": ("usage", "create"),
    "function": ("execute",),
    "foreign server": ("usage",),
    "foreign data wrapper": ("usage",),
    "database": ("create", "connect", "temporary"),
}
#: Kinds whose privileges are facts of `<kind> <name>`, of other objects of `<name>` alone.
NAMED_BY_KIND = ("schema", "function", "foreign server", "foreign data wrapper")
#: A privilege of `all` that servers before PostgreSQL 17 do not have.
MAINTAIN = "maintain?"
#: Kind of object -> the privileges of `all`, where they depend on the version.
_ALL = {"table": (*_OF_A_TABLE, MAINTAIN)}
#: Kind of future objects -> what can be granted on them.
FUTURE = {
    "tables": PRIVILEGES["table"],
    "sequences": PRIVILEGES["sequence"],
    "functions": PRIVILEGES["function"],
    "schemas": PRIVILEGES["schema"],
    "types": ("usage",),
}


class Owner(Requirement):
    """The role that owns tables, views and types. Without this declaration all must have one owner.

    Args:
        role: the name of the role.
        tables: the tables, views and types that the role owns, qualified by their schema unless
            that is the default one; None: all that no other `Owner` names.
    """

    def __init__(self, role: str, *, tables: Sequence[str] | None = None) -> None:
        self.role = role
        self.tables = None if tables is None else tuple(tables)
        if not role.strip():
            raise DeclarationError("Owner", "the name of the role is empty")


class Grant(Requirement):
    """A role has these privileges. Undeclared privileges of this role are then findings.

    Args:
        privileges: `"select, insert"`, a sequence, or `"all"`.
        to: the role, or `"PUBLIC"`.
        on: the names of tables, views, sequences, schemas, functions or foreign servers, qualified
            by their schema unless that is the default one; None: every table of the metadata, or
            the database.
        columns: the columns that the privileges are limited to; empty: the tables as a whole.
        kind: `"table"` (views, too), `"sequence"`, `"schema"`, `"function"`, `"foreign server"`,
            `"foreign data wrapper"` or `"database"`.
        grant_option: whether the role may grant them to others.
    """

    def __init__(  # noqa: PLR0913 - each is a part of GRANT
        self,
        privileges: str | Sequence[str],
        *,
        to: str,
        on: str | Sequence[str] | None = None,
        columns: Sequence[str] = (),
        kind: str = "table",
        grant_option: bool = False,
    ) -> None:
        self.to = _role("Grant", to)
        self.kind = kind
        self.columns = tuple(columns)
        self.grant_option = grant_option
        self.on = None if on is None else _names(kind, [on] if isinstance(on, str) else on)
        if kind not in PRIVILEGES or kind == "column":
            known = ", ".join(name for name in PRIVILEGES if name != "column")
            raise DeclarationError(f"Grant to {to}", f"kind {kind!r} is not one of {known}")
        if self.columns and kind != "table":
            raise DeclarationError(
                f"Grant to {to}", f"has columns, which a {kind} does not; remove them"
            )
        if on is None and kind not in ("table", "database"):
            raise DeclarationError(f"Grant to {to}", f"does not name a {kind}; name one in on=")
        granted = "column" if self.columns else kind
        self.privileges = _privileges(f"Grant to {to}", granted, privileges, PRIVILEGES[granted])


class DefaultGrant(Requirement):
    """Default privileges: objects that one role will create grant these to another role.

    Args:
        privileges: `"select"`, a sequence, or `"all"`.
        to: the role, or `"PUBLIC"`.
        by: the role that creates the objects.
        on: `"tables"`, `"sequences"`, `"functions"`, `"types"` or `"schemas"`.
        schema: the schema of the objects; None: any schema.
        grant_option: whether the role may grant them to others.

    Source: PostgreSQL documentation, "ALTER DEFAULT PRIVILEGES".
    """

    def __init__(  # noqa: PLR0913 - each is a part of ALTER DEFAULT PRIVILEGES
        self,
        privileges: str | Sequence[str],
        *,
        to: str,
        by: str,
        on: str = "tables",
        schema: str | None = None,
        grant_option: bool = False,
    ) -> None:
        self.to = _role("DefaultGrant", to)
        self.by = by
        self.on = on
        self.schema = schema
        self.grant_option = grant_option
        if on not in FUTURE:
            raise DeclarationError(
                f"DefaultGrant to {to}", f"{on!r} is not one of {', '.join(FUTURE)}"
            )
        kind = on.removesuffix("s")
        self.privileges = _privileges(f"DefaultGrant to {to}", kind, privileges, FUTURE[on])


def _role(declaration: str, name: str) -> str:
    if not name.strip():
        raise DeclarationError(declaration, "the name of the role is empty")
    return "PUBLIC" if name.lower() == "public" else name


def _names(kind: str, names: Sequence[str]) -> tuple[str, ...]:
    if kind != "function":
        return tuple(names)
    try:
        return tuple(str(Signature.parse(name)) for name in names)
    except ValueError as error:
        raise DeclarationError("Grant", str(error)) from None


def _privileges(
    subject: str, kind: str, given: str | Sequence[str], known: Sequence[str]
) -> tuple[str, ...]:
    words = given.split(",") if isinstance(given, str) else given
    found = [" ".join(word.lower().split()) for word in words]
    if found in (["all"], ["all privileges"]):
        return tuple(_ALL.get(kind, known))
    for word in found:
        if word not in known:
            raise DeclarationError(
                subject, f"privilege {word!r} on a {kind} is not one of {', '.join(known)}"
            )
    return tuple(found)
