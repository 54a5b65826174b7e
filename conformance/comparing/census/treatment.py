"""How the census treats each relation of a catalog, and which relations it does not know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Treatment:
    """How the census treats one relation of a catalog.

    Attributes:
        kinds: the kinds of facts and of seen objects that its rows become.
        judged: columns that facts are made of, or that identify objects.
        seen: columns that the verdict names if they have an unusual value.
        irrelevant: reason -> columns that say nothing about the schema.
        reason: why the census ignores the relation; empty if it reads the rows.
    """

    kinds: tuple[str, ...] = ()
    judged: str = ""
    seen: str = ""
    irrelevant: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def columns(self) -> Mapping[str, str]:
        """Column -> how it is treated; empty if the whole relation is ignored."""
        found = dict.fromkeys(self.judged.split(), "judged")
        found |= dict.fromkeys(self.seen.split(), "seen")
        for reason, names in self.irrelevant.items():
            found |= dict.fromkeys(names.split(), f"irrelevant: {reason}")
        return found


Table = dict[str, Treatment]


def untreated(table: Mapping[str, Treatment], found: Mapping[str, list[str]]) -> Iterator[str]:
    """Relations and columns without a treatment: `pg_propgraph_element`, `pg_class.relsomething`.

    Args:
        table: relation -> its treatment.
        found: relation of the server's catalog -> its columns.
    """
    for relation, columns in sorted(found.items()):
        if relation not in table:
            yield relation
            continue
        treatment = table[relation]
        if not treatment.reason:
            known = treatment.columns
            yield from (f"{relation}.{column}" for column in columns if column not in known)
