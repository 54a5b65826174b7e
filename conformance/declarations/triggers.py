"""Triggers, rules and row security policies of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.declarations.base import Declaration, DeclarationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Table

TIMINGS = ("before", "after", "instead of")
EVENTS = ("insert", "update", "delete", "truncate")
LEVELS = ("row", "statement")
_OR = re.compile(r"\s+or\s+", re.IGNORECASE)
_OF = re.compile(r"\s+of\s+", re.IGNORECASE)
COMMANDS = ("all", "select", "insert", "update", "delete")


class Trigger(Declaration):
    """The table has this trigger.

    Args:
        name: the name of the trigger.
        timing: `"before"`, `"after"` or `"instead of"`.
        events: `"insert or update of price"`.
        function: the function with its arguments, `"set_updated_at()"`.
        level: `"row"` or `"statement"`.
        condition: the condition of `WHEN`, `"NEW.price > OLD.price"`; None: the trigger has none.
        deferrable: `"no"`, `"initially immediate"` or `"initially deferred"` for a constraint
            trigger; None: the trigger is not a constraint trigger.
        transition_tables: the names in `REFERENCING`, old before new.

    Source of the words: PostgreSQL documentation, "CREATE TRIGGER".
    """

    _repeatable = True

    def __init__(  # noqa: PLR0913 - each is a part of CREATE TRIGGER
        self,
        name: str,
        *,
        timing: str,
        events: str,
        function: str,
        level: str = "row",
        condition: str | None = None,
        deferrable: str | None = None,
        transition_tables: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.timing = " ".join(timing.lower().split())
        self.events = _events(events)
        self.function = function
        self.level = level.lower()
        self.condition = condition
        self.deferrable = deferrable
        self.transition_tables = tuple(transition_tables)

    def _check(self, table: Table) -> None:
        _one_of(self, table, "timing", self.timing, TIMINGS)
        _one_of(self, table, "level", self.level, LEVELS)
        for event, columns in self.events.items():
            _one_of(self, table, "event", event, EVENTS)
            for column in columns:
                self._column(table, column, f"trigger {self.name}")
        if not self.function.rstrip().endswith(")"):
            raise DeclarationError(
                table.name,
                f"trigger {self.name}: function {self.function!r} must end with brackets, for "
                "example set_updated_at()",
            )


class Rule(Declaration):
    """The table has this rule.

    Args:
        name: the name of the rule.
        definition: the whole `CREATE RULE` as `pg_get_ruledef()` and a verdict print it.
    """

    _repeatable = True

    def __init__(self, name: str, *, definition: str) -> None:
        self.name = name
        self.definition = definition

    def _check(self, table: Table) -> None:
        if not self.definition.lower().split()[:2] == ["create", "rule"]:
            raise DeclarationError(
                table.name, f"rule {self.name}: the definition does not begin with CREATE RULE"
            )


class RowSecurity(Declaration):
    """Row security is enabled.

    Args:
        forced: whether row security applies to the owner of the table, too.
    """

    def __init__(self, *, forced: bool = False) -> None:
        self.forced = forced


class RowSecurityPolicy(Declaration):
    """The table has this row security policy.

    Args:
        name: the name of the policy.
        command: `"all"`, `"select"`, `"insert"`, `"update"` or `"delete"`.
        using: the condition for rows that are read; None: the policy has none.
        check: the condition for rows that are written; None: the policy has none.
        roles: the roles that the policy applies to; `"public"` is every role.
        permissive: whether a row may be used if one of several policies allows it.

    Source of the words: PostgreSQL documentation, "CREATE POLICY".
    """

    _repeatable = True

    def __init__(  # noqa: PLR0913 - each is a part of CREATE POLICY
        self,
        name: str,
        *,
        command: str = "all",
        using: str | None = None,
        check: str | None = None,
        roles: Sequence[str] = ("public",),
        permissive: bool = True,
    ) -> None:
        self.name = name
        self.command = command.lower()
        self.using = using
        self.check = check
        self.roles = tuple(sorted(roles))
        self.permissive = permissive

    def _check(self, table: Table) -> None:
        _one_of(self, table, "command", self.command, COMMANDS)
        if not self.roles:
            raise DeclarationError(table.name, f"policy {self.name} names no role")


def _one_of(
    item: Trigger | RowSecurityPolicy, table: Table, what: str, word: str, words: Sequence[str]
) -> None:
    if word not in words:
        kind = "trigger" if isinstance(item, Trigger) else "policy"
        raise DeclarationError(
            table.name, f"{kind} {item.name}: {what} {word!r} is not one of {', '.join(words)}"
        )


def _events(text: str) -> dict[str, tuple[str, ...]]:
    """Event -> columns, read from `insert or update of price, size`."""
    found = {}
    for part in _OR.split(text.strip()):
        event, _, columns = _OF.sub(":", part).partition(":")
        names = [name.strip().strip('"') for name in columns.split(",") if name.strip()]
        found[event.strip().lower()] = tuple(sorted(names))
    return found
