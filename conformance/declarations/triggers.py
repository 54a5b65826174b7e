"""What acts on the rows of a table by itself: triggers, rules, row security."""

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
COMMANDS = ("all", "select", "insert", "update", "delete")


class Trigger(Declaration):
    """The table has this trigger.

    Args:
        name: its name.
        timing: `"before"`, `"after"` or `"instead of"`.
        events: `"insert or update of price"`.
        function: what it executes, with its arguments, `"set_updated_at()"`.
        level: `"row"` or `"statement"`.
        condition: of `WHEN`, `"NEW.price > OLD.price"`; None: there is none.
        deferrable: of a constraint trigger: `"no"`, `"initially immediate"` or
            `"initially deferred"`; None: it is no constraint.
        transition_tables: the names that `REFERENCING` gives, old before new.

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
                self._column(table, column, f"trigger {self.name}: column")
        if not self.function.rstrip().endswith(")"):
            raise DeclarationError(
                table.name, f"trigger {self.name}: function {self.function!r} lacks its brackets"
            )


class Rule(Declaration):
    """The table has this rule.

    Args:
        name: its name.
        definition: the whole `CREATE RULE` as `pg_get_ruledef()` spells it, and as a verdict shows
            it.
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
    """Row security is on.

    Args:
        forced: for the owner of the table, too.
    """

    def __init__(self, *, forced: bool = False) -> None:
        self.forced = forced


class RowSecurityPolicy(Declaration):
    """The table has this row security policy.

    Args:
        name: its name.
        command: `"all"`, `"select"`, `"insert"`, `"update"` or `"delete"`.
        using: which rows are seen; None: there is no such condition.
        check: which rows may be written; None: there is no such condition.
        roles: whom it is about; `"public"` is everybody.
        permissive: whether one of several is enough.

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
            raise DeclarationError(table.name, f"policy {self.name}: it is about no role")


def _one_of(
    item: Trigger | RowSecurityPolicy, table: Table, what: str, word: str, words: Sequence[str]
) -> None:
    if word not in words:
        kind = "trigger" if isinstance(item, Trigger) else "policy"
        raise DeclarationError(
            table.name, f"{kind} {item.name}: {what} {word!r} is not one of {', '.join(words)}"
        )


def _events(text: str) -> dict[str, tuple[str, ...]]:
    """Event -> columns, of `insert or update of price, size`."""
    found = {}
    for part in re.split(r"\s+or\s+", text.strip(), flags=re.IGNORECASE):
        event, _, columns = re.sub(r"\s+of\s+", ":", part, flags=re.IGNORECASE).partition(":")
        names = [name.strip().strip('"') for name in columns.split(",") if name.strip()]
        found[event.strip().lower()] = tuple(sorted(names))
    return found
