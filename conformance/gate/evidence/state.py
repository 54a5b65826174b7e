"""A snapshot of everything that a migration can change, and how two snapshots differ. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, show
from conformance.comparing.messages import attribute_name, noun_of
from conformance.comparing.traces import is_home

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from conformance.comparing.facts import FactKey, Facts, Value

_NUMBERED = re.compile(r"\d+(_\d+)*")
#: Names, without numbers, of chunks and their indexes and constraints; of the catalog rows about
#: chunks; and of the catalog rows about hypertables.
_CHUNK = re.compile(r'_timescaledb_internal\."?(_hyper_|compress_hyper_|#)')
_OF_CHUNKS = re.compile(
    r"^row in _timescaledb_catalog\."
    r"(chunk\w*|dimension_slice|compression_chunk_size|compression_settings)$"
)
_HYPERTABLES = "row in _timescaledb_catalog.hypertable"


@dataclass(frozen=True)
class Column:
    """A column of a table; a renamed column keeps its number.

    Attributes:
        computed: whether the server computes the values, as in an identity or generated column.
        digest: the digest of the values.
        values: the parts of the digest for the values that are not NULL.
    """

    name: str
    type: str
    not_null: bool
    computed: bool
    has_default: bool
    digest: int
    values: frozenset[int] = field(default=frozenset(), compare=False, repr=False)


@dataclass(frozen=True)
class Contents:
    """A table's rows and columns.

    Attributes:
        name: qualified with the schema unless that is the default schema.
        compressed: whether the table is a hypertable with compression enabled.
        rows: the number of rows.
        columns: the columns by number.
        key: the numbers of the columns that identify a row.
        constraints: kind and name by oid; includes unique indexes.
    """

    oid: int = field(compare=False)
    name: str
    compressed: bool
    rows: int
    columns: Mapping[int, Column]
    key: tuple[int, ...]
    constraints: Mapping[int, tuple[str, str]] = field(default_factory=dict, compare=False)

    @property
    def has_key(self) -> bool:
        """Whether fewer columns than all identify a row: one with another value is the same row."""
        return not set(self.columns) <= set(self.key)


@dataclass(frozen=True)
class State:
    """A snapshot of a database; two snapshots are equal if nothing changed."""

    facts: Facts
    traces: Counter[str]
    contents: Mapping[int, Contents]
    version: tuple[str, ...] = ()


def counterpart(contents: Mapping[int, Contents], oid: int, name: str) -> Contents | None:
    """Return the same table of another state: by oid, else by name."""
    if oid in contents:
        return contents[oid]
    return next((item for item in contents.values() if item.name == name), None)


def same_column(earlier: Contents, number: int, later: Contents) -> Column | None:
    """Return the same column in a later state; None if it was dropped.

    The number identifies a renamed column, the name one that was dropped and added again.
    """
    column = earlier.columns[number]
    if earlier.oid == later.oid and number in later.columns:
        return later.columns[number]
    return next((item for item in later.columns.values() if item.name == column.name), None)


def changed_facts(before: State, after: State) -> dict[FactKey, str]:
    """Describe every fact whose value changed: `hypertable t: chunk interval 7 days -> 30 days`.

    A comment changes neither rows nor plans: as any other entry of the catalog it is a trace.
    """
    keys = sorted(before.facts.keys() | after.facts.keys(), key=lambda key: key.sort_key())
    return {
        key: _changed(key, before.facts.get(key), after.facts.get(key))
        for key in keys
        if before.facts.get(key) != after.facts.get(key) and key.kind != "comment"
    }


def _changed(key: FactKey, before: Value, after: Value) -> str:
    name = f"{noun_of(key.kind)} {key.object}"
    if key.attribute == EXISTS and before is None:
        return f"{name} is new"
    if key.attribute == EXISTS and after is None:
        return f"{name} is gone"
    return f"{name}: {attribute_name(key.attribute)} {show(before)} -> {show(after)}"


def describe_changes(before: State, after: State, *, validations: bool = True) -> list[str]:
    """Describe the changed facts, without those that follow from another change.

    Args:
        validations: whether to include constraints that became validated. Validation changes no
            rows; it only proves that they satisfy the constraint.
    """
    changed = changed_facts(before, after)
    return [
        text
        for key, text in changed.items()
        if not any(cause in changed for cause in key.causes())
        and (validations or key.attribute != "validated" or after.facts.get(key) is not True)
    ]


def without_changing(state: State, one: State, again: State) -> State:
    """The state without the facts that differ after two runs of the same revisions.

    They depend on the clock: `initial_start => now()`.
    """
    return replace(
        state,
        facts={
            key: value
            for key, value in state.facts.items()
            if one.facts.get(key) == again.facts.get(key)
        },
    )


def changed_traces(before: State, after: State, *, chunks: bool = True) -> list[str]:
    """Describe catalog entries that were added or removed.

    A description reads `row in _timescaledb_config.bgw_job (+1)`. A chunk that was compressed again
    has another number in its name, which does not count.

    Args:
        chunks: whether to include chunks, which are created with rows and compressed at any time.
    """
    earlier, later = _without_numbers(before.traces), _without_numbers(after.traces)
    changed = {name: later[name] - earlier[name] for name in earlier | later}
    names = sorted((name for name, more in changed.items() if more), key=_user_objects_first)
    # A schema that counts as 0 is that of Alembic's version table.
    names = [name for name in names if not is_home(name, before.traces, after.traces)]
    if not chunks and any(_CHUNK.search(name) for name in names):
        names = [name for name in names if not (_CHUNK.search(name) or _OF_CHUNKS.search(name))]
    return [f"{name} ({changed[name]:+})" for name in names]


def has_new_hypertables(before: State, after: State) -> bool:
    """Whether hypertables were added, including those of views and of compressed chunks."""
    return after.traces[_HYPERTABLES] > before.traces[_HYPERTABLES]


def _user_objects_first(name: str) -> tuple[bool, str]:
    """Sort objects of the user before those that TimescaleDB created for them."""
    return "_timescaledb_" in name, name


def _without_numbers(traces: Counter[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, count in traces.items():
        found[_NUMBERED.sub("#", name) if "_timescaledb_internal." in name else name] += count
    return found


def changed_rows(
    before: State, after: State, *, without: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield the name of each existing table or column whose data changed, with a description.

    Args:
        without: names to leave out, as `table` or `table.column`.
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
            for name, description in _changed_columns(earlier, later):
                if name not in without:
                    yield name, description


def with_rows(facts: Sequence[str], rows: Iterable[str]) -> list[str]:
    """Descriptions of facts and rows, without the rows that are gone with their table or column."""
    return [*facts, *(row for row in rows if not any(fact.endswith(f" {row}") for fact in facts))]


def overwritten(before: State, after: State) -> Iterator[tuple[str, int, int]]:
    """Columns whose values changed, in tables that have no fewer rows.

    Changed NULLs do not count. Each item has the name, the number of changed values, and the number
    of values before.
    """
    for oid, earlier in before.contents.items():
        later = counterpart(after.contents, oid, earlier.name)
        if later is None or later.rows < earlier.rows:
            continue
        for number, column in earlier.columns.items():
            same = same_column(earlier, number, later)
            if same is not None and (gone := column.values - same.values):
                yield f"{earlier.name}.{column.name}", len(gone), len(column.values)


def _changed_columns(earlier: Contents, later: Contents) -> Iterator[tuple[str, str]]:
    others, told = [], False
    for number, column in earlier.columns.items():
        name = f"{earlier.name}.{column.name}"
        same = same_column(earlier, number, later)
        if same is None:
            told = True
            yield name, f"{name} is gone"
        elif same.digest != column.digest:
            # Without a key the digests of all columns change with any value.
            if earlier.has_key or same.values != column.values:
                told = True
                yield name, f"{name} has other values"
            others.append(name)
    if others and not told:
        yield earlier.name, f"{earlier.name} has other rows"


def differences(before: State, after: State) -> list[str]:
    """Describe every difference between two states."""
    rows = [description for _, description in changed_rows(before, after)]
    found = with_rows(describe_changes(before, after), rows)
    if not found:
        found += changed_traces(before, after)
    if before.version != after.version:
        found.append(f"Alembic's version is {', '.join(after.version) or 'none'}")
    return found
