"""All that a migration can change, at one moment, and what became of it later. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.comparing.facts import show

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from conformance.comparing.facts import FactKey, Facts

_NUMBERED = re.compile(r"\d+(_\d+)*")
#: Names, without their numbers, of chunks and what belongs to them; rows of TimescaleDB's catalog
#: about them; and the rows about hypertables.
_CHUNK = re.compile(r'_timescaledb_internal\."?(_hyper_|compress_hyper_|#)')
_OF_CHUNKS = re.compile(
    r"^row in _timescaledb_catalog\."
    r"(chunk\w*|dimension_slice|compression_chunk_size|compression_settings)$"
)
_HYPERTABLES = "row in _timescaledb_catalog.hypertable"


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


def told_facts(before: State, after: State, *, proofs: bool = True) -> list[str]:
    """The same for people: of what came or went only that it did.

    Args:
        proofs: also say that a constraint is validated by now, which only means that the rows
            were looked at.
    """
    changed = changed_facts(before, after)
    return [
        text
        for key, text in changed.items()
        if not any(cause in changed for cause in key.causes())
        and (proofs or key.attribute != "validated" or after.facts.get(key) is not True)
    ]


def changed_traces(before: State, after: State, *, chunks: bool = True) -> list[str]:
    """What a catalog has more or less of: `row in _timescaledb_config.bgw_job (+1)`.

    Chunks that were compressed anew have other numbers in their names; that is no trace.

    Args:
        chunks: also say it of chunks, which come and go with rows and are compressed at any time.
    """
    earlier, later = _without_numbers(before.traces), _without_numbers(after.traces)
    changed = {name: later[name] - earlier[name] for name in earlier | later}
    names = sorted((name for name, more in changed.items() if more), key=_people_first)
    if not chunks and any(_CHUNK.search(name) for name in names):
        names = [name for name in names if not (_CHUNK.search(name) or _OF_CHUNKS.search(name))]
    return [f"{name} ({changed[name]:+})" for name in names]


def more_hypertables(before: State, after: State) -> bool:
    """Whether there are hypertables, views' and compressed ones included, that were not there."""
    return after.traces[_HYPERTABLES] > before.traces[_HYPERTABLES]


def _people_first(name: str) -> tuple[bool, str]:
    """What people have made before what TimescaleDB made for it."""
    return "_timescaledb_" in name, name


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
