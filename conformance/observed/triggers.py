"""Triggers: when they run, what they run, and whether they are enabled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Detail, Expression, Objects, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Of pg_trigger.tgenabled and pg_rewrite.ev_enabled.
ENABLED = {"O": "enabled", "D": "disabled", "R": "on replicas only", "A": "always"}
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_WHEN, _EXECUTE = " WHEN (", " EXECUTE FUNCTION "
_EVENTS = ("insert", "update", "delete", "truncate")


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every trigger of a table in scope."""
    for row in rows(connection, "triggers", scope):
        table = scope.name(row.schema_name, row.table_name)
        yield "trigger", table, row.trigger_name, _attributes(row)


def _attributes(row: Any) -> dict[str, Value]:
    disabled = " (disabled)" if row.enabled == "D" else ""
    condition, function = _condition_and_function(row.definition)
    return {
        EXISTS: Detail(row.definition + disabled),
        "timing": row.timing,
        "events": tuple(_events(row)),
        "level": row.level,
        "function": function,
        "condition": None if condition is None else Expression(condition, condition),
        "enabled": ENABLED[row.enabled],
        "deferrable": _deferrable(row),
        "transition_tables": tuple(filter(None, (row.old_table, row.new_table))),
    }


def _condition_and_function(definition: str) -> tuple[str | None, str]:
    """The ends of `CREATE TRIGGER ... WHEN (...) EXECUTE FUNCTION f()`, whatever names it has."""
    bare = _QUOTED.sub(lambda match: "_" * len(match[0]), definition)
    before, _, function = bare.rpartition(_EXECUTE)
    _, when, condition = before.partition(_WHEN)
    end = len(before)
    return (
        definition[end - len(condition) : end - 1] if when else None,
        definition[len(definition) - len(function) :],
    )


def _events(row: Any) -> list[str]:
    found = [event for event in _EVENTS if getattr(row, f"on_{event}")]
    of = f"update of {', '.join(row.columns)}" if row.columns else "update"
    return [of if event == "update" else event for event in found]


def _deferrable(row: Any) -> Value:
    """None of a trigger that is no constraint."""
    if not row.is_constraint:
        return None
    if not row.deferrable:
        return "no"
    return "initially deferred" if row.deferred else "initially immediate"
