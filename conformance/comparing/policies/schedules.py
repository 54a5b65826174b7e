"""Policies and aggregates by their tables, as the rules look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import EXISTS, UNBOUNDED, FactKey, Value, plain
from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.comparing.facts import Facts

#: An age, in the unit of the time column; `UNBOUNDED`; None where there is none.
Age = Interval | int | str | None

#: What a policy says that goes by the age of rows, not of chunks.
_BY_AGE = ("compress_after", "drop_after", "start_offset")


@dataclass(frozen=True)
class Refresh:
    """A policy that refreshes an aggregate.

    Attributes:
        table: the aggregate.
        name: of the policy, among those of the aggregate.
        end: None where it goes up to the last row.
    """

    table: str
    name: str
    start: Age
    end: Age
    schedule: Age

    def __str__(self) -> str:
        return " to ".join(
            UNBOUNDED if age is None else str(plain(age)) for age in (self.start, self.end)
        )

    @property
    def subject(self) -> str:
        """`daily.refresh`."""
        return f"{self.table}.{self.name}"

    @property
    def is_unbounded(self) -> bool:
        """Whether it goes back to the first row."""
        return self.start == UNBOUNDED

    def key(self, attribute: str) -> FactKey:
        """The fact about it."""
        return FactKey("policy", self.table, self.name, attribute)

    def sort_key(self) -> tuple[bool, int]:
        """Newest rows first."""
        return self.end is not None, _size(self.end) or 0


@dataclass(frozen=True)
class Aggregate:
    """A continuous aggregate.

    Attributes:
        source: the hypertable or aggregate that it is computed from.
        bucket: how long a bucket is; None if unknown.
        by_date: whether its time is a date, so that the windows of its refreshes are whole days.
        watermark: the time up to which its rows count as materialized, if that is far in the future
            and readers see newer rows of the source besides; else None.
    """

    name: str
    source: str
    bucket: Age
    refreshes: tuple[Refresh, ...]
    by_date: bool = False
    watermark: str | None = None


@dataclass(frozen=True)
class Schedules:
    """All policies, by table, name and attribute, and all aggregates."""

    policies: Mapping[str, Mapping[str, Mapping[str, Value]]]
    aggregates: tuple[Aggregate, ...]

    @classmethod
    def of(cls, facts: Facts) -> Schedules:
        """Of what a database shows."""
        policies: dict[str, dict[str, dict[str, Value]]] = {}
        sources: dict[str, str] = {}
        for (kind, table, name), attributes in FactTable.of(facts).objects.items():
            if kind == "policy":
                policies.setdefault(table, {})[name] = attributes
            elif kind == "continuous_aggregate" and "source" in attributes:
                sources[table] = str(attributes["source"])
        aggregates = tuple(
            Aggregate(
                name,
                source,
                _age(facts.get(FactKey("continuous_aggregate", name, "", "bucket"))),
                tuple(_refreshes(name, policies)),
                _is_by_date(source, sources, facts),
                _text(facts.get(FactKey("continuous_aggregate", name, "", "watermark"))),
            )
            for name, source in sorted(sources.items())
        )
        return cls(policies, aggregates)

    @property
    def tables(self) -> list[str]:
        """Those that have policies."""
        return sorted(self.policies)

    def is_aggregate(self, table: str) -> bool:
        """Whether it is a continuous aggregate."""
        return any(aggregate.name == table for aggregate in self.aggregates)

    def age(self, table: str, policy: str, attribute: str) -> Age:
        """What a policy says; None where it says nothing, or is not there."""
        value = self.policies.get(table, {}).get(policy, {}).get(attribute)
        return value if isinstance(value, Interval | int) else None

    def needing_time(self, table: str) -> list[tuple[str, str]]:
        """Table and name of the policies that have to know what time it is in the table."""
        found = [
            (table, name)
            for name, said in self.policies.get(table, {}).items()
            if not said.keys().isdisjoint(_BY_AGE)
        ]
        for aggregate in self.aggregates:
            if aggregate.source == table:
                found += self.needing_time(aggregate.name)
        return sorted(found)

    def numbers(self, policies: Iterable[tuple[str, str]]) -> list[int]:
        """The ages of these policies that are numbers."""
        ages = (self.policies[table][name].get(age) for table, name in policies for age in _BY_AGE)
        return [age for age in ages if isinstance(age, int)]


def is_longer(age: Age, other: Age) -> bool:
    """Whether an age is more than another one of the same unit; an unbounded one is."""
    if age == UNBOUNDED:
        return other is not None and other != UNBOUNDED
    one, two = _size(age), _size(other)
    return type(age) is type(other) and one is not None and two is not None and one > two


def length_between(start: Age, end: Age) -> Interval | None:
    """How long a window is; None if its ages are numbers, or if the window has no start."""
    if not isinstance(start, Interval):
        return None
    if not isinstance(end, Interval):
        return start
    return Interval(start.microseconds - end.microseconds)


def _is_by_date(source: str, sources: Mapping[str, str], facts: Facts) -> bool:
    """Whether the hypertable from which aggregates lead to this one has dates."""
    passed: set[str] = set()
    # In a catalog that was altered by hand, an aggregate may read from itself.
    while source in sources and source not in passed:
        passed.add(source)
        source = sources[source]
    return str(facts.get(FactKey("hypertable", source, "", "time_type"))) == "date"


def _refreshes(
    table: str, policies: Mapping[str, Mapping[str, Mapping[str, Value]]]
) -> list[Refresh]:
    return [
        Refresh(
            table,
            name,
            _age(said.get("start_offset")),
            None if said.get("end_offset") == UNBOUNDED else _age(said.get("end_offset")),
            _age(said.get("schedule_interval")),
        )
        for name, said in sorted(policies.get(table, {}).items())
        if EXISTS in said and name.partition(" ")[0] == "refresh"
    ]


def _age(value: Value) -> Age:
    return value if isinstance(value, Interval | int | str) else None


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _size(age: Age) -> int | None:
    if isinstance(age, Interval):
        return age.microseconds
    return age if isinstance(age, int) else None
