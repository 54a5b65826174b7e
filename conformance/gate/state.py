"""All that a migration can change, at one moment, and what became of it later. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.facts import show

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from conformance.facts import FactKey, Facts

_NUMBERED = re.compile(r"\d+(_\d+)*")


@dataclass(frozen=True)
class Column:
    """A column of a table; renamed, it keeps its number.

    Attributes:
        computed: the server makes its values: an identity or generated column.
        digest: of its values.
    """

    name: str
    type: str
    not_null: bool
    computed: bool
    has_default: bool
    digest: int


@dataclass(frozen=True)
class Contents:
    """A table's rows and columns.

    Attributes:
        name: with its schema unless that is the default one.
        compressed: whether it is a hypertable with compression enabled.
        rows: how many.
        columns: by number.
        key: the numbers of the columns that a row is known by.
        constraints: kind and name, by oid, unique indexes too.
    """

    oid: int = field(compare=False)
    name: str
    compressed: bool
    rows: int
    columns: Mapping[int, Column]
    key: tuple[int, ...]
    constraints: Mapping[int, tuple[str, str]] = field(default_factory=dict, compare=False)

    def numbers(self) -> dict[str, int]:
        """The columns' numbers by their names."""
        return {column.name: number for number, column in self.columns.items()}


@dataclass(frozen=True)
class State:
    """What is compared before and after; two are equal if nothing changed."""

    facts: Facts
    traces: Counter[str]
    contents: Mapping[int, Contents]
    version: tuple[str, ...] = ()


def counterpart(contents: Mapping[int, Contents], oid: int, name: str) -> Contents | None:
    """The same table in another state: by its oid, else by its name."""
    if oid in contents:
        return contents[oid]
    return next((item for item in contents.values() if item.name == name), None)


def same_column(earlier: Contents, number: int, later: Contents) -> Column | None:
    """The column of a later state that the earlier one's became; None if it is gone.

    By its number, also under another name; by its name where it was dropped and made again.
    """
    column = earlier.columns[number]
    if earlier.oid == later.oid and number in later.columns:
        return later.columns[number]
    return next((item for item in later.columns.values() if item.name == column.name), None)


def changed_facts(before: State, after: State) -> dict[FactKey, str]:
    """What became of every fact that is another one now: `id: 7 days -> 30 days`."""
    keys = sorted(before.facts.keys() | after.facts.keys(), key=lambda key: key.sort_key())
    return {
        key: f"{key.id}: {show(before.facts.get(key))} -> {show(after.facts.get(key))}"
        for key in keys
        if before.facts.get(key) != after.facts.get(key)
    }


def told_facts(before: State, after: State) -> list[str]:
    """The same for people: of what came or went only that it did."""
    changed = changed_facts(before, after)
    return [
        text for key, text in changed.items() if not any(cause in changed for cause in key.causes())
    ]


def changed_traces(before: State, after: State) -> list[str]:
    """What a catalog has more or less of: `row in _timescaledb_config.bgw_job (+1)`.

    Chunks that were compressed anew have other numbers in their names; that is no trace.
    """
    earlier, later = _without_numbers(before.traces), _without_numbers(after.traces)
    return [
        f"{name} ({later[name] - earlier[name]:+})"
        for name in sorted(earlier | later)
        if later[name] != earlier[name]
    ]


def _without_numbers(traces: Counter[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, count in traces.items():
        found[_NUMBERED.sub("#", name) if "_timescaledb_internal." in name else name] += count
    return found


def changed_rows(
    before: State, after: State, *, without: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Tables and columns of before whose rows are others now: the name, and what became of it.

    Args:
        without: names that are left out, as `table` or `table.column`.
    """
    for oid, earlier in before.contents.items():
        later = counterpart(after.contents, oid, earlier.name)
        if earlier.name in without or not earlier.rows:
            continue
        if later is None:
            yield earlier.name, f"{earlier.name} is gone"
        elif earlier.rows != later.rows:
            yield earlier.name, f"{earlier.name} has {later.rows} rows instead of {earlier.rows}"
        else:
            for name, what in _changed_columns(earlier, later):
                if name not in without:
                    yield name, what


def _changed_columns(earlier: Contents, later: Contents) -> Iterator[tuple[str, str]]:
    for number, column in earlier.columns.items():
        name = f"{earlier.name}.{column.name}"
        same = same_column(earlier, number, later)
        if same is None:
            yield name, f"{name} is gone"
        elif same.digest != column.digest:
            yield name, f"{name} has other values"


def differences(before: State, after: State) -> list[str]:
    """Everything that is not as it was, for people."""
    found = told_facts(before, after)
    found += [what for _, what in changed_rows(before, after)]
    if not found:
        found += changed_traces(before, after)
    if before.version != after.version:
        found.append(f"Alembic's version is {', '.join(after.version) or 'none'}")
    return found
