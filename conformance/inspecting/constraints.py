"""SQLAlchemy's constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import referred
from conformance.inspecting.code import Call, given
from conformance.inspecting.expressions import bare, text_call
from conformance.inspecting.observed import text_of
from conformance.literals import for_sqlalchemy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Entry, Observed

_DEFERRABLE = "deferrable"
ATTRIBUTES = {
    "primary_key": ("name", "columns", "include", _DEFERRABLE),
    "unique": ("columns", "nulls", "include", _DEFERRABLE),
    "foreign_key": (
        "columns", "references", "on_delete", "on_update", "match", _DEFERRABLE, "validated",
    ),
    "check": ("expression", "validated"),
    "exclusion": ("columns", "operators", "method", "predicate", _DEFERRABLE),
}  # fmt: skip


def declarations(observed: Observed) -> Iterator[Entry]:
    """The constraints of each table, keys first."""
    for kind, table, name, attributes in observed.all(*ATTRIBUTES):
        if "columns" in attributes or "expression" in attributes:
            call = _MAKERS[kind](observed, table, name, attributes)
            yield observed.entry(table, call, [(kind, table, name)], ATTRIBUTES[kind])


def _sqlalchemy(called: str, args: tuple[Any, ...], **kwargs: Any) -> Call:
    return Call(called, args, given(**kwargs), module="sqlalchemy")


def _deferred(of: dict[str, Any]) -> dict[str, Any]:
    how = of[_DEFERRABLE]
    if how == "no":
        return {}
    return {"deferrable": True, "initially": how.removeprefix("initially ").upper()}


def _primary_key(_: Observed, _table: str, _name: str, of: dict[str, Any]) -> Call:
    return _sqlalchemy(
        "PrimaryKeyConstraint",
        of["columns"],
        name=of["name"],
        **_deferred(of),
        postgresql_include=list(of["include"]) or None,
    )


def _unique(_: Observed, _table: str, name: str, of: dict[str, Any]) -> Call:
    return _sqlalchemy(
        "UniqueConstraint",
        of["columns"],
        name=name,
        **_deferred(of),
        postgresql_nulls_not_distinct=of["nulls"] == "not distinct" or None,
        postgresql_include=list(of["include"]) or None,
    )


def _foreign_key(_: Observed, _table: str, name: str, of: dict[str, Any]) -> Call:
    target, columns = referred(of["references"])
    return _sqlalchemy(
        "ForeignKeyConstraint",
        (list(of["columns"]), [f"{target}.{column}" for column in columns]),
        name=name,
        ondelete=_action(of["on_delete"]),
        onupdate=_action(of["on_update"]),
        match=None if of["match"] == "SIMPLE" else of["match"],
        **_deferred(of),
        postgresql_not_valid=None if of["validated"] else True,
    )


def _action(action: str) -> str | None:
    return None if action == "NO ACTION" else action


def _check(_: Observed, _table: str, name: str, of: dict[str, Any]) -> Call:
    return _sqlalchemy(
        "CheckConstraint",
        (for_sqlalchemy(bare(text_of(of["expression"]) or "")),),
        name=name,
        postgresql_not_valid=None if of["validated"] else True,
    )


def _exclusion(observed: Observed, table: str, name: str, of: dict[str, Any]) -> Call:
    parts = []
    for part, operator in zip(of["columns"], of["operators"], strict=True):
        text = text_of(part) or ""
        column = text.strip('"')
        known = observed.one("column", table, column) is not None
        parts.append((column if known else text_call(text), operator))
    predicate = text_of(of["predicate"])
    return Call(
        "ExcludeConstraint",
        tuple(parts),
        given(
            name=name,
            using=of["method"],
            where=None if predicate is None else text_call(bare(predicate)),
            **_deferred(of),
        ),
        module="sqlalchemy.dialects.postgresql",
    )


_MAKERS = {
    "primary_key": _primary_key,
    "unique": _unique,
    "foreign_key": _foreign_key,
    "check": _check,
    "exclusion": _exclusion,
}
