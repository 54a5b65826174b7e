"""The aims of the measurements, and whether a measurement meets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.auditing import AUDIT
from benchmarks.comparing import ALEMBIC, CONFORMANCE
from benchmarks.verdicts import GATE, STRUCTURAL, UNAVOIDABLE, WHOLE
from benchmarks.writers import FLOOR, OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.comparing import Size
    from benchmarks.writing import Measured

#: The most time that a process may take, as a multiple of the upgrade alone.
MOST_UPGRADES = {STRUCTURAL: 1.3, GATE: 2.0, WHOLE: 7.0}
#: The most seconds of an audit, from the start of the process to its end.
MOST_SECONDS = 0.5
#: How many times faster than Alembic's a comparison must be.
MANY_HYPERTABLES, TIMES_FASTER = 1_000, 5.0
#: The most memory, as a multiple of Alembic's.
MOST_MEMORY = 0.5
#: The most time that a write may take, as a multiple of COPY and one INSERT.
MOST_OF_FLOOR = 1.25


@dataclass(frozen=True)
class Aim:
    """One aim and its figure.

    Attributes:
        figure: what was measured, a ratio.
        limit: the largest allowed figure; with `at_least` the smallest.
    """

    name: str
    figure: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is within the limit."""
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit


def of_processes(seconds: dict[str, float]) -> Iterator[Aim]:
    """Verdicts, as multiples of the upgrade alone."""
    for name, limit in MOST_UPGRADES.items():
        yield Aim(f"{name} / {UNAVOIDABLE}", seconds[name] / seconds[UNAVOIDABLE], limit)


def of_audit(seconds: dict[str, float]) -> Iterator[Aim]:
    """An audit, in seconds."""
    yield Aim(f"{AUDIT}, seconds", seconds[AUDIT], MOST_SECONDS)


def of_comparisons(sizes: Sequence[Size]) -> Iterator[Aim]:
    """The comparison beside Alembic's, at the largest size that was measured."""
    if not sizes:
        return
    size = max(sizes, key=lambda size: size.hypertables)
    at = f"at {size.hypertables} hypertables"
    faster = size.seconds[ALEMBIC] / size.seconds[CONFORMANCE]
    yield Aim(f"Alembic's time / ours {at}", faster, TIMES_FASTER, at_least=True)
    memory = size.peak[CONFORMANCE] / size.peak[ALEMBIC]
    yield Aim(f"our memory / Alembic's {at}", memory, MOST_MEMORY)


def of_writes(measured: Sequence[Measured]) -> Iterator[Aim]:
    """Writes, as multiples of the time of the floor."""
    for one in measured:
        name = f"{one.operation}, {one.case}, {one.rows:,} rows / {FLOOR}"
        yield Aim(name, one.rates[FLOOR] / one.rates[OURS], MOST_OF_FLOOR)
