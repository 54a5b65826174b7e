"""Findings: disagreements as data. Reports are made from these alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.comparing.codes import ERROR

#: Commands that find something, in the words of a project that accepts it.
COMMANDS = ("check", "audit", "gate", "upgrade")


@dataclass(frozen=True)
class Finding:
    """One disagreement between the models and the database.

    Attributes:
        id: stable across runs and machines, `hypertable:market_data:chunk_interval`.
        kind: what sort of object, `hypertable`; `migration` for what a migration does.
        object: which one, `market_data`.
        attribute: which property of the object, `chunk_interval`; `exists` for the object itself.
        disagreement: `missing`, `unexpected` or `different`; `broken` for a rule over
            several facts.
        expected: what the models declare, as JSON data.
        observed: what the database shows, as JSON data.
        message: one sentence with both values.
        hint: where the value was read, the likely cause, what to do.
        severity: `error`, `warning` or `note`; only errors fail a run.
        mendable: whether `conformance fix` has statements that mend it.
        others: ids of the further findings that it stands for, because they have one cause.
    """

    id: str
    kind: str
    object: str
    attribute: str
    disagreement: str
    expected: Any
    observed: Any
    message: str
    hint: str
    severity: str = ERROR
    mendable: bool = False
    others: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether the verdict is `differs` because of it."""
        return self.severity == ERROR

    @property
    def topic(self) -> str:
        """What its page is about: its kind; its id, if a test failed without a finding."""
        return self.id if self.id == f"{self.kind}:{self.object}" else self.kind

    @property
    def names(self) -> tuple[str, ...]:
        """What a project may call it: its id, or its kind."""
        return self.id, self.kind

    @property
    def ids(self) -> tuple[str, ...]:
        """Its id, and those of the findings that it stands for."""
        return self.id, *self.others


def migration_finding(  # noqa: PLR0913 - each is a field
    attribute: str,
    message: str,
    hint: str,
    observed: object = None,
    *,
    expected: object = None,
    disagreement: str = "different",
    severity: str = ERROR,
) -> Finding:
    """A finding about the migrations, `migration:alembic:<attribute>`."""
    return Finding(
        id=f"migration:alembic:{attribute}",
        kind="migration",
        object="alembic",
        attribute=attribute,
        disagreement=disagreement,
        expected=expected,
        observed=observed,
        message=message,
        hint=hint,
        severity=severity,
    )


@dataclass(frozen=True)
class Accepted:
    """A finding that somebody has accepted.

    Attributes:
        reason: why.
        until: the last day on which it is, `2027-03-31`; empty: without end.
    """

    finding: Finding
    reason: str
    until: str = ""


@dataclass(frozen=True)
class Left:
    """What a project leaves to others.

    Attributes:
        pattern: as the project says it, `celery_*`.
        objects: those that the database has, `table celery_taskmeta`.
    """

    pattern: str
    objects: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotChecked:
    """A fact or test that could not be decided; never counted as passed."""

    id: str
    reason: str


#: The kind of a part of the server's catalog that this version of the tool does not know.
CATALOG = "catalog"


@dataclass(frozen=True)
class Seen:
    """An object of the database that the models do not declare and that is not judged.

    Attributes:
        kind: what sort of object, `view`; `catalog` for a part of the server's catalog that this
            version of the tool does not know.
        object: which one, `daily`.
        reason: a description of the object; may be empty.
    """

    kind: str
    object: str
    reason: str = ""
