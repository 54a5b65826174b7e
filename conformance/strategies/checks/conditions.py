"""Conditions of a row: what a CHECK constraint says of its columns, and the opposite of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

Literal = Decimal | str | bool

#: Operator -> the same with its operands in the other order.
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_OPPOSITE = {
    "=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
    "in": "not in", "not in": "in", "is null": "is not null", "is not null": "is null",
    "like": "not like", "not like": "like",
    "~": "!~", "!~": "~", "~*": "!~*", "!~*": "~*",
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """`column operator literals`.

    Attributes:
        measure: `length` or `type` if not the column is compared, but its length or JSON type.
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


Condition = Comparison | Pair | Junction


def opposite(condition: Condition) -> Condition:
    """The condition after `NOT`, which is also right for NULL."""
    if isinstance(condition, Junction):
        return Junction(not condition.every, tuple(opposite(part) for part in condition.parts))
    if isinstance(condition, Pair):
        one, other = condition.columns
        return Pair.of(one, _OPPOSITE[condition.operator], other)
    operator = _OPPOSITE[condition.operator]
    return Comparison(condition.column, operator, condition.literals, condition.measure)
