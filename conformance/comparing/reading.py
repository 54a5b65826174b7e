"""What a query reads, by its plan, and the query after a column was renamed. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from conformance.comparing.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.comparing.facts import Query

#: The alias of the query itself in its plan.
_OUTPUT = "r0"


class _Column(Protocol):
    """A fact's key, or an object."""

    @property
    def table(self) -> str:
        """The table of the column."""

    @property
    def name(self) -> str:
        """The name of the column."""


def read_relations(query: Query) -> set[str]:
    """The relations that the plan reads, with their schemas; none if there is no plan."""
    return {relation for _, relation in _scans(_plan(query))}


def with_column_read(query: Query, column: _Column, new: str, *, output: bool) -> Query:
    """The query as the server prints it after the column was renamed; others stay as they are.

    Args:
        column: the column under its old name.
        output: whether the query's own column of that name gets the new name, too.
    """
    word = rf"(?<![\w$]){re.escape(column.name)}(?![\w$])"
    alias = "" if output else r"(?<!\bAS )"
    text = re.sub(alias + word, lambda _: new, query.text)
    plan = _plan(query)
    if plan is None:
        return replace(query, canonical=re.sub(word, lambda _: new, query.canonical), text=text)
    own: set[str] = set()
    others = set() if output else {_OUTPUT}
    for name, relation in _scans(plan):
        is_own = column.table in (relation, relation.partition(".")[2])
        (own if is_own else others).add(name)
    if not own:
        return query
    elsewhere = "".join(rf"(?<!\b{name}\.)" for name in sorted(others))
    both = [{f"{name}.{identifier(item)}" for item in (column.name, new)} for name in own]
    word = rf"(?<![\w$]){elsewhere}{re.escape(identifier(column.name))}(?![\w$])"
    renamed = _mapped(plan, lambda said: re.sub(word, lambda _: identifier(new), said), both)
    return replace(query, canonical=json.dumps(renamed, sort_keys=True), text=text)


def _plan(query: Query) -> Any:
    return json.loads(query.canonical) if query.canonical.startswith("[") else None


def _scans(plan: Any) -> Iterator[tuple[str, str]]:
    """Alias and relation of each scan; a query in WITH has no schema."""
    if isinstance(plan, dict):
        if "Alias" in plan and "." in plan.get("CTE Name", ""):
            yield plan["Alias"], plan["CTE Name"]
        plan = plan.get("Plans", [])
    for part in plan if isinstance(plan, list) else ():
        yield from _scans(part)


def _mapped(plan: Any, change: Callable[[str], str], both: list[set[str]]) -> Any:
    """The plan with changed texts.

    Args:
        both: the old and the new name. A scan that lists both lists all columns of either side,
            whatever the query reads.
    """
    if isinstance(plan, str):
        return change(plan)
    if isinstance(plan, list):
        texts = {item for item in plan if isinstance(item, str)}
        if any(names <= texts for names in both):
            return plan
        return [_mapped(item, change, both) for item in plan]
    if isinstance(plan, dict):
        return {
            key: value if key == "CTE Name" else _mapped(value, change, both)
            for key, value in plan.items()
        }
    return plan
