"""Conditions of a row: what a CHECK constraint says of its columns, and the opposite of it.

A check passes where it is not false (PostgreSQL documentation, "Check Constraints"). A comparison
therefore holds where its column is NULL, as does the opposite of the comparison.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

from conformance.strategies.values.instants import CALENDAR, LENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable

Literal = Decimal | str | bool

#: Measures of a text that may be the text itself.
SPELLINGS = ("lower", "upper", "trim", "lower trim", "upper trim")
#: Measures of a moment that may be the moment itself -> what begins with it.
BEGINNINGS = {f"beginning of {unit}": unit for unit in (*LENGTHS, *CALENDAR)}
#: Operator -> the same with its operands in the other order.
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_OPPOSITE = {
    "=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
    "in": "not in", "not in": "in", "is null": "is not null", "is not null": "is null",
    "like": "not like", "not like": "like",
    "~": "!~", "!~": "~", "~*": "!~*", "!~*": "~*",
}  # fmt: skip
_NULL_TESTS = ("is null", "is not null")
_FUNCTIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class NotUnderstood(Exception):
    """The check contains something outside the grammar; the message says what."""


@dataclass(frozen=True)
class Comparison:
    """`column operator literals`.

    Attributes:
        literals: none: the measure is compared with the column itself, as in `lower(x) = x`.
        measure: what is compared instead of the column: its `length`, JSON `type`, `octets`,
            `items` of all or of its `first dimension`, its `lower` or `upper` case, without blanks
            at the ends (`trim`), or several of these; the `beginning of day` of a moment.
    """

    column: str
    operator: str
    literals: tuple[Literal, ...] = ()
    measure: str = ""


@dataclass(frozen=True)
class Pair:
    """`column operator column`; NULL satisfies it.

    Attributes:
        operator: `=`, `<>`, `<` or `<=`.
    """

    columns: tuple[str, str]
    operator: str

    @classmethod
    def of(cls, column: str, operator: str, other: str) -> Pair:
        """The pair of a comparison with any operator."""
        if operator in (">", ">="):
            return cls((other, column), MIRRORED[operator])
        return cls((column, other), operator)


@dataclass(frozen=True)
class Junction:
    """A condition that holds if every part holds, or if any part holds."""

    every: bool
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Counted:
    """How many of its parts hold, as in `num_nonnulls(a, b) = 1`.

    Attributes:
        parts: conditions that are either true or false, also where columns are NULL.
    """

    parts: tuple[Condition, ...]
    operator: str
    number: Decimal

    def spelled_out(self) -> Junction:
        """The same: any of the parts that may hold together, with the opposite of the others."""
        fits = _FUNCTIONS[self.operator]
        found = (
            Junction(
                True,
                tuple(
                    part if holds else opposite(part)
                    for part, holds in zip(self.parts, held, strict=True)
                ),
            )
            for held in product((True, False), repeat=len(self.parts))
            if fits(sum(held), self.number)
        )
        return Junction(False, tuple(found))


Condition = Comparison | Pair | Junction | Counted


def opposite(condition: Condition) -> Condition:
    """The condition after `NOT`, which is also right for NULL."""
    if isinstance(condition, Junction):
        return Junction(not condition.every, tuple(opposite(part) for part in condition.parts))
    if isinstance(condition, Pair):
        one, other = condition.columns
        return Pair.of(one, _OPPOSITE[condition.operator], other)
    return replace(condition, operator=_OPPOSITE[condition.operator])


def alike(one: Condition, other: Condition) -> Condition:
    """`(one) = (other)`: both hold, or neither."""
    return Junction(
        False, (Junction(True, (one, other)), Junction(True, (opposite(one), opposite(other))))
    )


def and_not_null(condition: Comparison | Pair) -> Condition:
    """The condition is true, which it is not where a column is NULL."""
    columns = condition.columns if isinstance(condition, Pair) else (condition.column,)
    return Junction(True, (condition, *(Comparison(name, "is not null") for name in columns)))


def is_certain(condition: Condition) -> bool:
    """Whether the condition is either true or false, also where columns are NULL."""
    if isinstance(condition, Junction):
        return all(map(is_certain, condition.parts))
    return isinstance(condition, Counted) or (
        isinstance(condition, Comparison) and condition.operator in _NULL_TESTS
    )


def compared(condition: Condition) -> set[str]:
    """The columns of which the condition says more than whether they are NULL."""
    if isinstance(condition, Pair):
        return {*condition.columns}
    if isinstance(condition, Comparison):
        return set() if condition.operator in _NULL_TESTS else {condition.column}
    return {name for part in condition.parts for name in compared(part)}


def holds_for(condition: Condition, literal: Literal) -> bool:
    """Whether a condition of one column holds for this value of it.

    Raises:
        NotUnderstood: only the database can tell.
    """
    if isinstance(condition, Junction):
        decide = all if condition.every else any
        return decide([holds_for(part, literal) for part in condition.parts])
    if not isinstance(condition, Comparison) or any(
        type(other) is not type(literal) for other in condition.literals
    ):
        raise NotUnderstood(f"only the database can compare {literal!r}")
    if condition.operator in _NULL_TESTS:
        return condition.operator == "is not null"
    if condition.operator in ("in", "not in"):
        return (literal in condition.literals) is (condition.operator == "in")
    by_order = isinstance(literal, Decimal) or condition.operator in ("=", "<>")
    if not condition.literals or not by_order:
        raise NotUnderstood(f"only the database can compare {literal!r}")
    return _FUNCTIONS[condition.operator](literal, condition.literals[0])
