"""What a database is compared with, and the words for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.facts import (
    EXISTS,
    Detail,
    FactKey,
    Facts,
    OwnedBy,
    Owner,
    Value,
)
from conformance.comparing.messages import hint_for, message_for, named, noun_of, shown, source_of
from conformance.comparing.seen import is_never_judged

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Reference:
    """What a database is compared with.

    Attributes:
        message: gives the sentence of a finding, as `messages.message_for`.
        hint: gives its hint, as `messages.hint_for`.
        whole: whether the reference has everything, so that whatever it lacks is a finding. Models
            declare a part of a database, and leave other objects unjudged.
    """

    message: Callable[[FactKey, str, Value, Value, str | None], str]
    hint: Callable[[FactKey, str, str | None], str]
    whole: bool = False


def expected_of(facts: Facts) -> Facts:
    """The facts that were read from a database, as what another database is expected to have.

    Objects that belong to another object are left out: a difference is one of that object.
    """
    return {
        key: _expected(value)
        for key, value in facts.items()
        if key.kind != "catalog" and not is_never_judged(facts.get(key.existence))
    }


def _expected(value: Value) -> Value:
    if isinstance(value, Detail):
        return True
    if isinstance(value, Owner):
        # Each server may have a role of its own that owns most tables.
        return OwnedBy(None if value.role == value.usual else value.role)
    return value


def _message(
    key: FactKey, disagreement: str, expected: Value, observed: Value, instead: str | None
) -> str:
    """`hypertable curves: chunk interval is 7 days, the other database has 30 days`."""
    subject = f"{noun_of(key.kind)} {key.object}"
    if instead is not None:
        here, there = (instead, key.kind) if disagreement == "missing" else (key.kind, instead)
        return f"{subject}: is a {noun_of(here)}, the other database has a {noun_of(there)}"
    if key.attribute == EXISTS:
        if disagreement == "missing":
            return f"{subject}: is missing, the other database has it"
        detail = f" ({observed})" if isinstance(observed, str) else ""
        return f"{subject}: is in this database, the other database does not have it{detail}"
    here = "not set" if disagreement == "missing" else shown(key.attribute, observed)
    there = shown(key.attribute, expected)
    return f"{subject}: {named(key.attribute)} {here}, the other database has {there}"


def _hint(key: FactKey, disagreement: str, _instead: str | None) -> str:
    read = f"Read from {source_of(key)} in both databases."
    if disagreement == "missing":
        return f"{read} Run the migrations in this database, or drop it in the other one."
    if disagreement == "unexpected":
        return f"{read} Run the migrations in the other database, or drop it in this one."
    return f"{read} Find out which database is right, and change the other one in a migration."


MODELS = Reference(message_for, hint_for)
OTHER_DATABASE = Reference(_message, _hint, whole=True)
