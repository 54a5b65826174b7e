"""Conditions on columns: comparisons with literals, and their logic."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

Literal = Decimal | str | bool

_OPPOSITE = {
    "=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
    "in": "not in", "not in": "in", "is null": "is not null", "is not null": "is null",
}  # fmt: skip


class NotUnderstood(Exception):
    """The check has something in it that is not read here; the message says what."""


@dataclass(frozen=True)
class Comparison:
    """`column operator literals`, or `length(column) operator literals`."""

    column: str
    operator: str
    literals: tuple[Literal, ...] = ()
    of_length: bool = False


@dataclass(frozen=True)
class Junction:
    """All of its parts hold, or any of them."""

    every: bool
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


def opposite(condition: Condition) -> Condition:
    """What `NOT` makes of it; in three-valued logic too."""
    if isinstance(condition, Junction):
        return Junction(not condition.every, tuple(opposite(part) for part in condition.parts))
    operator = _OPPOSITE[condition.operator]
    return Comparison(condition.column, operator, condition.literals, condition.of_length)
