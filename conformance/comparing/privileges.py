"""What PostgreSQL lets everybody do before anybody grants it.

Source: PostgreSQL documentation, "Privileges".
"""

from __future__ import annotations

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import EXISTS, Detail, FactKey, Value

EVERYBODY = "PUBLIC"
#: Of all schemas only public comes with a privilege.
_USUAL = {"database": ("connect", "temporary"), "schema": ("usage",), "function": ("execute",)}
#: Of objects that a role will create; the catalog lists these only where somebody has revoked them.
_USUAL_OF_FUTURE = {"functions": "execute", "types": "usage"}


def usual(granted_on: str, role: str) -> tuple[str, ...]:
    """What the role usually has on the object; `granted_on` is named as in facts."""
    return _USUAL.get(granted_on.partition(" ")[0], ()) if role == EVERYBODY else ()


def with_usual_future(expected: FactTable, observed: FactTable) -> FactTable:
    """The observed facts, with the declared default privileges that PostgreSQL grants by itself.

    Those of one schema add to those of all schemas.
    """
    found: dict[FactKey, Value] = {}
    for kind, name, role in expected.objects:
        if kind != "default_privilege" or role != EVERYBODY:
            continue
        word = _USUAL_OF_FUTURE.get(name.partition(" ")[0])
        everywhere = name.rpartition(" in ")[0]
        if word and not any((kind, on, role) in observed.objects for on in (name, everywhere)):
            key = FactKey(kind, name, role, EXISTS)
            found[key] = Detail(word, judged=False, part=True)
            found[key._replace(attribute="privileges")] = (word,)
    if not found:
        return observed
    completed = FactTable(observed)
    completed.merge(found)
    return completed
