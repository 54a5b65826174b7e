"""What PostgreSQL lets everybody do before anybody grants it.

Source: PostgreSQL documentation, "Privileges".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import (
    DERIVED,
    EXISTS,
    Detail,
    FactKey,
    OwnedBy,
    Owner,
    Privileges,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from conformance.comparing.facts import Facts

EVERYBODY = "PUBLIC"
#: By the object or its kind. Of all schemas only public comes with a privilege.
_USUAL = {
    "database": ("connect", "temporary"),
    "schema public": ("usage",),
    "function": ("execute",),
}
#: Of objects that a role will create; the catalog lists these only where somebody has revoked them.
_USUAL_OF_FUTURE = {"functions": "execute", "types": "usage"}


def usual(granted_on: str, role: str) -> tuple[str, ...]:
    """What the role usually has on the object; `granted_on` is named as in facts."""
    kind = granted_on if granted_on in _USUAL else granted_on.partition(" ")[0]
    return _USUAL.get(kind, ()) if role == EVERYBODY else ()


def grantors_of_usual(expected: Facts) -> dict[FactKey, tuple[str, ...]]:
    """The declared default privileges that PostgreSQL grants by itself -> names of their role.

    There are two names where ` in ` may be a part of the name, or stand before a schema.
    """
    found: dict[FactKey, tuple[str, ...]] = {}
    for kind, name, role in FactTable.of(expected).objects:
        if kind == "default_privilege" and role == EVERYBODY and _usual_of_future(name):
            _, _, by = name.partition(" of ")
            found[FactKey(kind, name, role, EXISTS)] = (by, by.rpartition(" in ")[0] or by)
    return found


def usual_future(expected: Facts, observed: Facts, roles: Collection[str]) -> Facts:
    """The declared default privileges that PostgreSQL grants by itself, as observed facts.

    Those of one schema add to those of all schemas.

    Args:
        roles: those that exist; others grant nothing.
    """
    known = FactTable.of(observed).objects
    found: Facts = {}
    for key, grantors in grantors_of_usual(expected).items():
        everywhere = key.table.rpartition(" in ")[0]
        listed = any((key.kind, on, key.name) in known for on in (key.table, everywhere))
        if not listed and any(role in roles for role in grantors):
            word = _usual_of_future(key.table)
            found[key] = Detail(word, judged=False, part=True)
            found[key._replace(attribute="privileges")] = (word,)
    return found


def of_owners(expected: Facts, observed: Facts, owners: Mapping[str, str]) -> Facts:
    """The declared privileges of a role on what belongs to the role, as observed facts.

    An owner has them without a GRANT, and a GRANT to an owner leaves no trace. Where the models
    expect another owner they stay missing: the other owner has to grant them.

    Args:
        owners: of schemas, by names as in facts: `schema desk`.
    """
    found: Facts = {}
    for key, wanted in expected.items():
        exists = key._replace(attribute=EXISTS)
        if key.kind != "privilege" or not isinstance(wanted, Privileges) or exists in observed:
            continue
        if owners.get(key.table) == key.name or _owns(key, expected, observed):
            found[exists] = Detail(", ".join(wanted.parts), judged=False, part=True)
            found[key] = wanted.parts
    return found


def _owns(key: FactKey, expected: Facts, observed: Facts) -> bool:
    """Whether the relation belongs to the role, and to the expected owner."""
    for kind in ("table", *DERIVED):
        owner = FactKey(kind, key.table.partition(" (")[0], "", "owner")
        there, wanted = observed.get(owner), expected.get(owner)
        if isinstance(there, Owner):
            return there.role == key.name and isinstance(wanted, OwnedBy) and wanted.accepts(there)
    return False


def _usual_of_future(name: str) -> str:
    return _USUAL_OF_FUTURE.get(name.partition(" ")[0], "")
