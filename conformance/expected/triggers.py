"""Triggers that the models declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects, Value
from conformance.declarations.base import all_declared
from conformance.declarations.triggers import EVENTS, Trigger
from conformance.expected import spelling

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """Every trigger of the table."""
    for trigger in all_declared(table, Trigger):
        yield "trigger", name, trigger.name, _attributes(trigger, default_schema)


def _attributes(trigger: Trigger, default_schema: str) -> dict[str, Value]:
    condition = trigger.condition
    return {
        EXISTS: True,
        "timing": trigger.timing,
        "events": tuple(
            f"{event} of {', '.join(trigger.events[event])}" if trigger.events[event] else event
            for event in EVENTS
            if event in trigger.events
        ),
        "level": trigger.level,
        "function": _function(trigger.function, default_schema),
        "condition": None if condition is None else spelling.expression(condition),
        "enabled": "enabled",
        "deferrable": trigger.deferrable,
        "transition_tables": trigger.transition_tables,
    }


def _function(text: str, default_schema: str) -> str:
    """The function as the server prints it: without the default schema."""
    name, bracket, arguments = text.strip().partition("(")
    return name.removeprefix(f"{default_schema}.") + bracket + arguments
