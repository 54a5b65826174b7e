"""The facts of a database, by object."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import DERIVED, EXISTS, FactKey, Facts, Value
from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.inspecting.code import Call

    Attributes = dict[str, Value]

#: As PostgreSQL prints them.
_MONTHS = re.compile(r"\bmon(s?)\b")
_PLAIN = re.compile(r"[A-Za-z_]\w*\Z")


@dataclass(frozen=True)
class Entry:
    """One declaration to print.

    Attributes:
        owner: the table or view whose `__table_args__` it belongs to; empty: the metadata.
        call: the code.
        covers: the facts that it promises.
    """

    owner: str
    call: Call
    covers: frozenset[FactKey]


class Observed:
    """The facts of a database, by kind, table and name.

    Args:
        schemas: the schemas that were read, whose names stand before those of objects.
        default_schema: the schema that is left out of names.
    """

    def __init__(
        self, facts: Facts, schemas: Sequence[str] = ("public",), default_schema: str = "public"
    ) -> None:
        self.facts = facts
        self.default_schema = default_schema
        self._schemas = sorted({*schemas} - {default_schema}, key=len, reverse=True)
        self._objects: dict[str, dict[str, dict[str, Attributes]]] = defaultdict(dict)
        for key in sorted(facts, key=FactKey.sort_key):
            of_table = self._objects[key.kind].setdefault(key.table, {})
            of_table.setdefault(key.name, {})[key.attribute] = facts[key]

    def of(self, kind: str, table: str) -> dict[str, Attributes]:
        """The objects of a kind that a table has, by name; a table itself has an empty name."""
        return self._objects[kind].get(table, {})

    def one(self, kind: str, table: str, name: str = "") -> Attributes | None:
        """The attributes of one object; None: there is none."""
        return self.of(kind, table).get(name)

    def all(self, *kinds: str) -> Iterator[tuple[str, str, str, Attributes]]:
        """Kind, table, name and attributes of all objects of these kinds."""
        for kind in kinds:
            for table, names in self._objects[kind].items():
                for name, attributes in names.items():
                    yield kind, table, name, attributes

    @property
    def derived(self) -> dict[str, str]:
        """View -> its kind."""
        return {table: kind for kind, table, _, _ in self.all(*DERIVED)}

    def split(self, name: str) -> tuple[str | None, str]:
        """The schema, None for the default one, and the name without it."""
        for schema in self._schemas:
            if name.startswith(f"{schema}."):
                return schema, name[len(schema) + 1 :]
        return None, name

    def entry(
        self,
        owner: str,
        call: Call,
        objects: Iterable[tuple[str, str, str]],
        attributes: Iterable[str],
    ) -> Entry:
        """An entry that promises these attributes of these objects."""
        promised = {EXISTS, *attributes}
        return Entry(
            owner,
            call,
            frozenset(
                FactKey(kind, table, name, attribute)
                for kind, table, name in objects
                for attribute in self.one(kind, table, name) or ()
                if attribute in promised
            ),
        )


def is_plain(name: str) -> bool:
    """Whether a name needs no quotes in SQL-like texts."""
    return _PLAIN.match(name) is not None


def sql_name(name: str) -> str:
    """A name as in SQL, quoted unless it is plain; case counts."""
    return name if is_plain(name) else '"{}"'.format(name.replace('"', '""'))


def length(value: Any) -> Any:
    """A length as declarations take it: `"30 days"`, `"1 year"`, or a number."""
    if not isinstance(value, Interval):
        return value  # a number, or None
    if value.spelled is None or ":" in value.spelled or "-" in value.spelled:
        return value.plain()
    return _MONTHS.sub(r"month\1", value.spelled)


def text_of(value: Any) -> str | None:
    """The text of an expression, a type or a query; None where there is none."""
    return None if value is None else str(getattr(value, "text", value))
