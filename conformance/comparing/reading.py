"""What a query reads, by its plan, and the query after that was renamed. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from conformance.comparing.identifiers import USUAL_SCHEMA, printed
from conformance.comparing.terms import normal
from conformance.comparing.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

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
    nodes = (_plan(query) or [])[1:]
    return {relation for _, relation in _scans(nodes) if in_facts(relation)}


def in_facts(relation: str) -> set[str]:
    """The names that a relation of a plan may have in facts, which leave out the default schema.

    A query in WITH, which has no schema in the plan, has none.
    """
    return {relation, relation.partition(".")[2]} if "." in relation else set()


def with_relation_read(query: Query, old: str, new: str) -> Query:
    """The query as the server prints it after what it reads from was renamed."""
    said = _relation_in_plan if _is_plan(query.canonical) else _relation_in_text
    text = _relation_in_text(query.text, old, new)
    return replace(query, canonical=said(query.canonical, old, new), text=text)


def with_column_read(query: Query, column: _Column, new: str, *, output: bool) -> Query:
    """The query as the server prints it after the column was renamed; others stay as they are.

    Args:
        column: the column under its old name.
        output: whether the query's own column of that name gets the new name, too.
    """
    old = column.name
    plan = _plan(query)
    if plan is None:
        canonical, text = (
            _column_in_text(said, old, new, output=output) for said in (query.canonical, query.text)
        )
        return replace(query, canonical=canonical, text=text)
    # A query in WITH is neither, and may hand the column on.
    scans = {alias: name for alias, name in _scans(plan[1:]) if in_facts(name)}
    own = {alias for alias, name in scans.items() if column.table in in_facts(name)}
    if not own:
        return query
    others = scans.keys() - own
    kept = others if output else others | {_OUTPUT}
    both = [{f"{alias}.{printed(name)}" for name in (old, new)} for alias in own]
    renamed = _mapped(plan, lambda said: _column_in_plan(said, old, new, kept), both)
    qualifiers = {scans[alias].partition(".")[2] for alias in others}
    text = _column_in_text(query.text, old, new, output=output, kept=qualifiers)
    return replace(query, canonical=json.dumps(renamed, sort_keys=True), text=text)


def renamed_outputs(query: Query, other: Query) -> dict[str, str]:
    """Old -> new name of the query's own columns, if the queries differ in nothing else.

    If a new name is also an old one, nothing is said.
    """
    plan, then = _plan(query), _plan(other)
    if not plan or not then or query.hidden != other.hidden:
        return {}
    names = {
        old: new for old, new in zip(_outputs(plan), _outputs(then), strict=False) if old != new
    }
    if not {*_outputs(plan)}.isdisjoint(names.values()):
        return {}
    return names if with_outputs(query, names) == other else {}


def with_outputs(query: Query, names: Mapping[str, str]) -> Query:
    """The query after its own columns were renamed; its text stays as it is."""
    plan = _plan(query)
    if not plan:
        return query
    clauses, root = plan
    for old, new in names.items():
        # All columns of the first node are the query's own.
        said = [_column_in_plan(text, old, new) for text in root["Output"]]
        root = {**root, "Output": said}
    return replace(query, canonical=json.dumps([clauses, root], sort_keys=True))


def _outputs(plan: Any) -> list[str]:
    """The names of the query's own columns, from `(ROW(r0.at, r0.price))::text`."""
    tokens = [*tokens_of(plan[1]["Output"][0])]
    return [
        name or ""
        for (of, _), (_, dot), (name, _) in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if of == _OUTPUT and dot == "."
    ]


def _plan(query: Query) -> Any:
    """The clauses that a plan does not show, and its first node; None if there is no plan."""
    return json.loads(query.canonical) if _is_plan(query.canonical) else None


def _is_plan(canonical: str) -> bool:
    return canonical.startswith("[")


def _scans(nodes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Alias and relation of each scan; a query in WITH has no schema."""
    for node in nodes:
        if "CTE Name" in node:
            yield node["Alias"], node["CTE Name"]
        yield from _scans(node.get("Plans", ()))


def _relation_in_text(text: str, old: str, new: str) -> str:
    schema, _, short = old.rpartition(".")
    then = ".".join(map(printed, new.split(".")))
    tokens = list(tokens_of(text))
    words = [written for _, written in tokens]
    for place, (name, _) in enumerate(tokens):
        if name != short:
            continue
        dotted = place > 1 and words[place - 1] == "."
        # If both names are of the default schema, what stands before the dot may be its name.
        if not dotted or (not schema and "." not in new):
            words[place] = then
        elif tokens[place - 2][0] == (schema or USUAL_SCHEMA):
            words[place - 2 : place + 1] = "", "", then
    return "".join(words)


def _relation_in_plan(plan: str, old: str, new: str) -> str:
    """The plan, in which names are whole and without quotes."""
    (schema, _, short), (new_schema, _, new_short) = (
        json.dumps(name)[1:-1].rpartition(".") for name in (old, new)
    )
    sought = re.escape(schema) if schema else r"[^.\"]+"
    return re.sub(
        rf'(?<="CTE Name": ")({sought})\.{re.escape(short)}(?=")',
        lambda found: (
            f"{found[1] if schema == new_schema else new_schema or USUAL_SCHEMA}.{new_short}"
        ),
        plan,
    )


def _column_in_text(
    text: str, old: str, new: str, *, output: bool, kept: Collection[str] = ()
) -> str:
    """The text of a query.

    Args:
        kept: relations whose columns are not renamed.
    """
    tokens = list(tokens_of(text))
    words = [written for _, written in tokens]
    qualifier = previous = ""
    for place, (name, written) in enumerate(tokens):
        if not written.strip():
            continue
        is_type = previous == "::"
        is_function = tokens[place + 1 : place + 2] == [(None, "(")]
        is_of_another = (qualifier if previous == "." else old) in kept
        is_own = previous == "as" and not output
        if name == old and not (is_type or is_function or is_of_another or is_own):
            words[place] = printed(new)
        qualifier, previous = previous, name or written
    return "".join(words)


def _column_in_plan(said: str, old: str, new: str, kept: Collection[str] = ()) -> str:
    """A text of a plan, in which each column is written as `r2.price`.

    Args:
        kept: the aliases whose columns are not renamed.
    """
    tokens = list(tokens_of(said))
    words = [written for _, written in tokens]
    for place, (name, _) in enumerate(tokens[2:], 2):
        of, dot = words[place - 2 : place]
        # After a bracket stands a field of a composite type.
        if name == old and dot == "." and of not in (*kept, ")"):
            words[place] = printed(new)
    # The order of terms depends on names.
    return normal("".join(words))


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
