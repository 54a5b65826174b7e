"""Which undeclared objects are seen and not judged: those that change neither rows nor plans.

A declared object of these kinds is judged as any other. What no model declares is named in the
verdict instead of failing it, because databases hold much that is no concern of their models.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Kinds whose undeclared objects and attributes are seen.
_SEEN = frozenset({"extension", "chunk_skipping", "catalog", *OBJECTS})

_DETAILS = {"schema": "outside of the models' schemas; nothing in it is looked at"}


def is_seen(key: FactKey, value: Value) -> bool:
    """Whether a fact that no model promises is named in the verdict, and no finding."""
    if isinstance(value, Detail) and value.judged is not None:
        return not value.judged
    return key.kind in _SEEN


def seen_of(keys: Iterable[FactKey], observed: Facts) -> Iterator[Seen]:
    """What the verdict says of these facts: one sentence for an object, whatever is known of it."""
    undeclared = {key.existence for key in keys if key.attribute == EXISTS}
    for key in sorted(keys, key=FactKey.sort_key):
        if _is_part(observed.get(key.existence)):
            continue
        if key.attribute == EXISTS or key.existence not in undeclared:
            yield Seen(key.kind, key.object, _reason(key, observed[key]))


def _reason(key: FactKey, value: Value) -> str:
    if key.attribute != EXISTS:
        return f"{key.attribute.replace('_', ' ')} is {show(value)}, which no model declares"
    return str(value) if isinstance(value, str) else _DETAILS.get(key.kind, "")


def accounted(observed: Facts) -> dict[str, int]:
    """How many objects of each kind the database has, in the order of `KINDS`."""
    return in_order(
        Counter(
            key.kind
            for key, value in observed.items()
            if key.attribute == EXISTS and not _is_part(value)
        )
    )


def _is_part(value: Value) -> bool:
    return isinstance(value, Detail) and value.part
