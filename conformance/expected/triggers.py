"""Triggers that the models declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts, Value
from conformance.declarations.base import all_declared
from conformance.declarations.triggers import EVENTS, Trigger
from conformance.expected import spelling

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Facts:
    """Every trigger of the table."""
    facts: Facts = {}
    for trigger in all_declared(table, Trigger):
        for attribute, value in _attributes(trigger, default_schema).items():
            facts[FactKey("trigger", name, trigger.name, attribute)] = value
    return facts


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
