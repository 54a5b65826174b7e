"""Which undeclared objects are seen and not judged: those that change neither rows nor plans.

A declared object of these kinds is judged like any other. An undeclared one is named in the verdict
and does not fail it, because a database holds much that does not concern the models.
"""

from __future__ import annotations

from collections import Counter
from textwrap import shorten
from typing import TYPE_CHECKING

from conformance.comparing.enumerating import first_of
from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import (
    EXISTS,
    OBJECTS,
    Detail,
    FactKey,
    Facts,
    Value,
    in_order,
    show,
)
from conformance.comparing.findings import Seen
from conformance.comparing.messages import verb_of
from conformance.comparing.parameters import CHANGES_ROWS_OR_PLANS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

#: Kinds whose undeclared objects and attributes are seen.
_SEEN = frozenset({"extension", "privilege", "default_privilege", "catalog", *OBJECTS})

#: Kinds of grants: `FactKey.name` is the role that received the privileges.
PRIVILEGES = ("privilege", "default_privilege")
#: How many objects are named where a role has the same privileges on many.
_NAMED = 5
#: How many characters of a comment are named.
_LONGEST = 60

_DETAILS = {"schema": "the models do not use this schema; its objects were not checked"}


def is_seen(key: FactKey, value: Value) -> bool:
    """Whether an undeclared fact is only named in the verdict, and is not a finding."""
    if is_part(value):
        return True
    if isinstance(value, Detail) and value.judged is not None:
        return not value.judged
    if key.kind == "storage":
        return key.attribute not in CHANGES_ROWS_OR_PLANS
    return key.kind in _SEEN


def seen_of(
    keys: Collection[FactKey], observed: Facts, commented: Collection[str] = ()
) -> Iterator[Seen]:
    """The entries of the verdict for these facts: one for each undeclared object.

    Args:
        commented: the relations of which comments are declared. Comments of others are not named.
    """
    undeclared = {key.existence for key in keys if key.attribute == EXISTS}
    objects: dict[FactKey, list[FactKey]] = {}
    for key in sorted(keys, key=FactKey.sort_key):
        if key.kind == "comment" and key.attribute == EXISTS and key.table in commented:
            said = shorten(str(observed[key]), _LONGEST, placeholder="...")
            yield Seen(key.kind, key.object, f"'{said}', which no model declares")
        if key.kind in PRIVILEGES or is_part(observed.get(key.existence)):
            continue
        if key.attribute == EXISTS:
            yield Seen(key.kind, key.object, _reason(key, observed[key]))
        elif key.existence not in undeclared:
            # What has no existence of its own, like a storage parameter, is a thing by itself.
            whole = key.existence if key.existence in observed else key
            objects.setdefault(whole, []).append(key)
    for whole, attributes in objects.items():
        yield Seen(whole.kind, whole.object, _of_declared(attributes, observed))
    yield from _privileges(
        {
            key: str(observed[key])
            for key in keys
            if key.kind in PRIVILEGES and key.attribute == EXISTS and not is_part(observed[key])
        }
    )


def _privileges(granted: Mapping[FactKey, str]) -> Iterator[Seen]:
    """One entry for each role and set of privileges: a role may have them on a thousand tables."""
    objects: dict[tuple[str, str, str], list[str]] = {}
    for key in sorted(granted, key=FactKey.sort_key):
        objects.setdefault((key.kind, key.name, granted[key]), []).append(key.table)
    for (kind, role, privileges), tables in objects.items():
        yield Seen(kind, role, f"{privileges} on {first_of(tables, _NAMED)}")


def _reason(key: FactKey, value: Value) -> str:
    return str(value) if isinstance(value, str) else _DETAILS.get(key.kind, "")


def _of_declared(attributes: list[FactKey], observed: Facts) -> str:
    said = (
        f"{key.attribute.replace('_', ' ')} {verb_of(key.attribute)} {show(observed[key])}"
        for key in attributes
    )
    return f"{', '.join(said)}, which no model declares"


def accounted(observed: Facts) -> dict[str, int]:
    """How many objects of each kind the database has, in the order of `KINDS`."""
    return in_order(
        Counter(
            kind
            for (kind, *_), attributes in FactTable.of(observed).objects.items()
            if EXISTS in attributes and not is_part(attributes[EXISTS])
        )
    )


def is_never_judged(value: Value) -> bool:
    """Whether the privilege is not a finding even where the models name its role."""
    return is_part(value) or (isinstance(value, Detail) and value.judged is False)


def is_part(value: Value) -> bool:
    """Whether the object belongs to another object, and is not counted by itself."""
    return isinstance(value, Detail) and value.part
