"""How a relation of a catalog is treated, and which parts of a catalog have no treatment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Treatment:
    """How one relation of a catalog is treated.

    Attributes:
        kinds: kinds of facts and of objects seen that its rows become.
        judged: columns that facts are made of, or that tell objects apart.
        seen: columns that are named in the verdict where they say something unusual.
        irrelevant: reason -> columns that say nothing about the schema.
        reason: why no row of it is looked at; empty where rows are looked at.
        since: the oldest TimescaleDB or PostgreSQL that has it, for the page; may be empty.
    """

    kinds: tuple[str, ...] = ()
    judged: str = ""
    seen: str = ""
    irrelevant: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    since: str = ""

    @property
    def columns(self) -> Mapping[str, str]:
        """Column -> what is done with it; empty where the relation is irrelevant as a whole."""
        found = dict.fromkeys(self.judged.split(), "judged")
        found |= dict.fromkeys(self.seen.split(), "seen")
        for reason, names in self.irrelevant.items():
            found |= dict.fromkeys(names.split(), f"irrelevant: {reason}")
        return found


Table = dict[str, Treatment]


def untreated(table: Mapping[str, Treatment], found: Mapping[str, list[str]]) -> Iterator[str]:
    """`pg_propgraph_element`, `pg_class.relsomething`: what the server has and the table lacks.

    Args:
        found: the columns of every relation of the server's catalog.
    """
    for relation, columns in sorted(found.items()):
        if relation not in table:
            yield relation
            continue
        treatment = table[relation]
        if not treatment.reason:
            known = treatment.columns
            yield from (f"{relation}.{column}" for column in columns if column not in known)
