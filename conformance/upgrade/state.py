"""All that is compared of a database before and after an upgrade: plain values by subject."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from conformance.comparing.capabilities import Server

#: Kinds of subjects beside the kinds of facts.
ROWS, VALUES, CHUNKS, POLICY_NAME, OWN_JOB = "rows", "values", "chunks", "policy-name", "own-job"


class Subject(NamedTuple):
    """What a value is about.

    Attributes:
        kind: one of the kinds above, or a kind of facts.
        object: the table, or what the fact is about.
        attribute: which truth about it; may be empty.
    """

    kind: str
    object: str
    attribute: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in self if part)


@dataclass(frozen=True)
class State:
    """A database at one moment.

    Attributes:
        server: versions and edition.
        values: by subject; values of facts, numbers and texts, all comparable with `==`.
        disagreements: subjects of facts on which the models do not agree with the database, with
            the sentence that says so.
    """

    server: Server
    values: dict[Subject, Any] = field(repr=False)
    disagreements: dict[Subject, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unreadable:
    """Instead of a value: why the server does not give it."""

    reason: str

    def __str__(self) -> str:
        return f"cannot be read: {self.reason}"
