"""`View`, `MaterializedView` and `ContinuousAggregate`, with what belongs to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import DERIVED, UNREADABLE
from conformance.inspecting.code import Call, Lines, given
from conformance.inspecting.observed import Entry, length, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from conformance.inspecting.observed import Observed

ATTRIBUTES = {
    "view": ("definition", "columns", "options"),
    "materialized_view": ("definition", "columns"),
    "continuous_aggregate": (
        "definition", "columns", "source", "bucket", "materialized_only", "chunk_interval",
        "unindexed_groups",
    ),
}  # fmt: skip

_NAMES = {
    "view": "View",
    "materialized_view": "MaterializedView",
    "continuous_aggregate": "ContinuousAggregate",
}

#: As the server prints the ORDER BY of a view; that of a query inside it is indented further.
_ORDER = "\n  ORDER BY "


def declarations(
    observed: Observed, parts: Iterable[Entry] = (), classes: Collection[str] = ()
) -> Iterator[Entry]:
    """The declaration of each view: for the metadata, or for its class.

    Args:
        parts: the declarations that belong to views; the others are ignored.
        classes: the views that have a mapped class. What belongs to them stands beside them in
            `__table_args__`.
    """
    of_views: dict[str, list[Entry]] = {}
    for part in parts:
        of_views.setdefault(part.owner, []).append(part)
    for kind, view, _, attributes in observed.all(*DERIVED):
        query, settings = _query(attributes), _settings(kind, attributes)
        objects = [(kind, view, "")]
        if view in classes:
            call = Call(_NAMES[kind], (query,), settings)
            yield observed.entry(view, call, objects, ATTRIBUTES[kind])
            continue
        own = of_views.get(view, [])
        schema, name = observed.split(view)
        call = Call(
            _NAMES[kind],
            (query, *(part.call for part in own)),
            {"name": name, **given(schema=schema), **settings},
        )
        entry = observed.entry("", call, objects, ATTRIBUTES[kind])
        yield Entry("", call, entry.covers.union(*(part.covers for part in own)))


def _query(attributes: dict[str, Any]) -> str:
    """The query as the server prints it, without the semicolon at its end.

    An ORDER BY with which nobody can read the view is left out: created without, it can be read.
    """
    query = text_of(attributes["definition"]) or ""
    if UNREADABLE in attributes.get("alterations", ()):
        query = query.rpartition(_ORDER)[0] or query
    return Lines(query.strip().removesuffix(";"))


def _settings(kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    if kind == "view":
        # No declaration says the default of a view's column.
        given_ones = (o for o in attributes.get("options", ()) if not o.startswith("default of "))
        options = dict(option.split("=", 1) for option in given_ones)
        return {
            name: value if name == "check_option" else value == "true"
            for name, value in options.items()
        }
    if kind == "continuous_aggregate":
        return given(
            materialized_only=None if attributes["materialized_only"] else False,
            chunk_interval=length(attributes["chunk_interval"]),
            group_indexes=False if attributes["unindexed_groups"] else None,
        )
    return {}
