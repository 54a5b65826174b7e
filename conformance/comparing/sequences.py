"""How facts describe the sequence of an identity column, on both sides."""

from __future__ import annotations

from dataclasses import dataclass

#: The largest value of an identity column, by its type.
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}

#: The types that a column with a sequence of its own usually has.
INTEGER_TYPES = frozenset(_LARGEST)


@dataclass(frozen=True)
class Sequence:
    """A sequence; None means PostgreSQL's default.

    Attributes:
        type: the type of the sequence's column. Limits beyond the range of this type, which older
            dumps have, count as the limits of the type.

    Source: PostgreSQL documentation, "CREATE SEQUENCE": an ascending sequence goes from 1 to the
    type's largest value, a descending one from -1 to its smallest.
    """

    type: str
    start: int | None = None
    increment: int | None = None
    minvalue: int | None = None
    maxvalue: int | None = None
    cache: int | None = None
    cycle: bool | None = None

    def describe(self, generation: str) -> str:
        """`always`; `by default (start 100, increment 10)`: defaults are left out."""
        words = self._non_defaults()
        return f"{generation} ({', '.join(words)})" if words else generation

    def _non_defaults(self) -> list[str]:
        descending = (self.increment or 1) < 0
        largest = _LARGEST[self.type]
        defaults = {
            "increment": 1,
            "minvalue": -largest - 1 if descending else 1,
            "maxvalue": -1 if descending else largest,
            "cache": 1,
        }
        values = {
            name: default if getattr(self, name) is None else getattr(self, name)
            for name, default in defaults.items()
        }
        values["minvalue"] = max(values["minvalue"], -largest - 1)
        values["maxvalue"] = min(values["maxvalue"], largest)
        first = values["maxvalue" if descending else "minvalue"]
        start = first if self.start is None else self.start
        words = [f"start {start}"] if start != first else []
        words += [f"{name} {values[name]}" for name in defaults if values[name] != defaults[name]]
        return words + (["cycle"] if self.cycle else [])
