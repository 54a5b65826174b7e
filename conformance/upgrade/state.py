"""The state of a database, which is compared before and after an upgrade: values by subject."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from conformance.comparing.capabilities import Server

#: Kinds of subjects in addition to the kinds of facts.
ROWS, VALUES, CHUNKS, POLICY_NAME, OWN_JOB = "rows", "values", "chunks", "policy-name", "own-job"


class Subject(NamedTuple):
    """What a value is about.

    Attributes:
        kind: one of the kinds above, or a kind of facts.
        object: the table or other object.
        attribute: the attribute of the object; may be empty.
    """

    kind: str
    object: str
    attribute: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in self if part)


@dataclass(frozen=True)
class State:
    """A snapshot of a database.

    Attributes:
        server: versions and edition.
        values: values by subject: facts, numbers and texts, all comparable with `==`.
        disagreements: subjects of facts that differ from the models, with the finding's message.
    """

    server: Server
    values: dict[Subject, Any] = field(repr=False)
    disagreements: dict[Subject, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unreadable:
    """Stands for a value that the server cannot read, with the reason."""

    reason: str

    def __str__(self) -> str:
        return f"cannot be read: {self.reason}"
