"""Settings of the database and of roles, which every new session starts with; and who owns it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.enumerating import first_of
from conformance.comparing.facts import EXISTS, Detail, Objects, Value
from conformance.comparing.settings import RESTORING, changes_meaning, normal
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: How many of the tables that a search_path hides are named.
_NAMED = 5


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every setting of the database or of a role, and what else is unusual of it."""
    for row in rows(connection, "settings", scope):
        if row.object is not None:
            yield row.kind, row.object, "", {row.name: Detail(row.value, judged=False)}
            continue
        if row.name.lower() == RESTORING and row.role_name is None:
            continue
        hidden = tuple(row.hidden)
        judged = changes_meaning(
            row.name,
            row.value,
            of_role=row.role_name is not None,
            hidden=hidden,
            initial=row.initial,
        )
        said = Detail(row.value + _hides(hidden), judged=judged)
        attributes: dict[str, Value] = {EXISTS: said, "value": normal(row.value)}
        yield "setting", row.name.lower(), row.role_name or "", attributes


def _hides(hidden: tuple[str, ...]) -> str:
    if not hidden:
        return ""
    return f"; the search_path hides {first_of(hidden, _NAMED)}"
