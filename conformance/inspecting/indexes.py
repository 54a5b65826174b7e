"""SQLAlchemy's `Index`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import DERIVED, Expression, IndexColumn
from conformance.comparing.identifiers import identifier
from conformance.inspecting.code import Call, given
from conformance.inspecting.expressions import bare, text_call
from conformance.inspecting.hypertables import own_indexes
from conformance.inspecting.observed import Entry, text_of
from conformance.inspecting.storage import index_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Observed

ATTRIBUTES = {"index": ("columns", "unique", "method", "predicate", "include", "nulls")}


def declarations(observed: Observed) -> Iterator[Entry]:
    """The indexes of tables and views, without those that `Hypertable` says."""
    own: dict[str, set[str]] = {}
    for kind, table, name, attributes in observed.all("index"):
        if "columns" not in attributes:
            continue
        if name not in own.setdefault(table, {*own_indexes(observed, table)}):
            call = _index(observed, table, name, attributes)
            objects = [(kind, table, name)]
            entry = observed.entry(table, call, objects, ATTRIBUTES["index"])
            storage = observed.entry(
                table, call, [("storage", table, name)], observed.one("storage", table, name) or ()
            )
            yield Entry(table, call, entry.covers | storage.covers)


def _index(observed: Observed, table: str, name: str, of: dict[str, Any]) -> Call:
    # Only the server knows the columns of a view whose query is a text.
    known = not any(observed.one(kind, table) for kind in DERIVED)
    predicate = text_of(of["predicate"])
    return Call(
        "Index",
        (name, *(_column(item, known=known) for item in of["columns"])),
        given(
            unique=of["unique"] or None,
            postgresql_using=None if of["method"] == "btree" else of["method"],
            postgresql_where=None if predicate is None else text_call(bare(predicate)),
            postgresql_include=list(of["include"]) or None,
            postgresql_nulls_not_distinct=of["nulls"] == "not distinct" or None,
            **index_options(observed, table, name),
        ),
        module="sqlalchemy",
    )


def _column(item: IndexColumn, *, known: bool) -> Any:
    words = [f"COLLATE {identifier(item.collation)}"] if item.collation else []
    words += [item.operator_class] if item.operator_class else []
    words += ["DESC"] if item.descending else []
    if item.nulls_first is not item.descending:
        words.append(f"NULLS {'FIRST' if item.nulls_first else 'LAST'}")
    order = "".join(f" {word}" for word in words)
    if item.collation is not None and item.operator_class is None:
        return _collated(item)
    if isinstance(item.value, Expression):
        return text_call(f"({bare(item.value.text)}){order}")
    if known and not order:
        return item.value
    return text_call(f"{identifier(item.value)}{order}")


def _collated(item: IndexColumn) -> Call:
    after = ".desc()" if item.descending else ""
    if item.nulls_first is not item.descending:
        after += ".nulls_first()" if item.nulls_first else ".nulls_last()"
    if isinstance(item.value, Expression):
        value = text_call(f"({bare(item.value.text)})")
    else:
        value = Call("column", (item.value,), module="sqlalchemy")
    return Call("collate", (value, item.collation), module="sqlalchemy", after=after)
