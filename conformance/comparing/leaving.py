"""Objects that a project leaves to others: a library's tables, a whole schema. Pure.

They are neither judged nor seen; the verdict names them, and how many they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import DERIVED, EXISTS, FactKey, Facts
from conformance.comparing.findings import Left
from conformance.comparing.kinds import NOUNS
from conformance.comparing.patterns import matches
from conformance.comparing.policies.circumstances import Circumstances
from conformance.comparing.seen import is_part

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_RELATIONS = ("table", *DERIVED)
#: Kinds that are in no schema: a pattern without a kind does not mean them.
_WITHOUT_SCHEMA = frozenset(
    {
        "extension", "setting", "default_privilege", "catalog", "cast", "event_trigger",
        "publication", "subscription", "foreign_data_wrapper", "foreign_server", "user_mapping",
        "language", "access_method", "transform", "security_label",
    }
)  # fmt: skip


def leave(
    observed: Facts, patterns: Sequence[str], default_schema: str
) -> tuple[Facts, tuple[Left, ...]]:
    """The facts that remain, and what was left, by pattern.

    Args:
        patterns: `celery_*` and `audit.*` are names, with everything that belongs to what has the
            name; `trigger:tanks.keep_*` is a kind and a name. `*` stands for any text.
        default_schema: of names that have none.
    """
    if not patterns:
        return observed, ()
    taken: dict[str, set[FactKey]] = {pattern: set() for pattern in patterns}
    remaining: Facts = {}
    for key, value in observed.items():
        pattern = _first(patterns, key, default_schema)
        if pattern is None:
            remaining[key] = value
        else:
            taken[pattern].add(key)
    return remaining, tuple(
        Left(pattern, _objects(keys, observed)) for pattern, keys in taken.items()
    )


def circumstances_left(
    circumstances: Circumstances, patterns: Sequence[str], default_schema: str
) -> Circumstances:
    """What is known beside facts, without what is known of the objects of others."""

    def kept(key: FactKey) -> bool:
        return _first(patterns, key, default_schema) is None

    return Circumstances(
        tuple(job for job in circumstances.jobs if kept(job.key)),
        tuple(
            time
            for time in circumstances.integer_times
            if kept(FactKey("hypertable", time.table, "", EXISTS))
        ),
        tuple(late for late in circumstances.late if kept(late.key)),
        tuple(
            numbers
            for numbers in circumstances.numbers
            if kept(FactKey("sequence", numbers.sequence, "", EXISTS))
            and kept(FactKey("column", *_split(numbers.column), EXISTS))
        ),
        circumstances.unread,
    )


def _split(column: str) -> tuple[str, str]:
    """`readings.id` as table and column."""
    table, _, name = column.rpartition(".")
    return table, name


def declared_and_left(
    expected: Facts, patterns: Sequence[str], default_schema: str
) -> tuple[str, FactKey] | None:
    """The first pattern that would leave what the models declare, and what that is."""
    for key in sorted(expected, key=FactKey.sort_key):
        pattern = _first(patterns, key, default_schema)
        if pattern is not None:
            return pattern, key
    return None


def _first(patterns: Sequence[str], key: FactKey, default_schema: str) -> str | None:
    return next((pattern for pattern in patterns if _means(pattern, key, default_schema)), None)


def _means(pattern: str, key: FactKey, default_schema: str) -> bool:
    kind, colon, name = pattern.removesuffix(f":{EXISTS}").partition(":")
    if not colon:
        if key.kind == "schema":
            return pattern == f"{key.table}.*"
        return key.kind not in _WITHOUT_SCHEMA and _named(pattern, _owner(key), default_schema)
    if kind in _RELATIONS and _named(name, _owner(key), default_schema):
        # With its columns, its indexes and whatever else it has.
        return key.kind not in _WITHOUT_SCHEMA
    return key.kind == kind and _named(name, key.object, default_schema)


def _owner(key: FactKey) -> str:
    """What the fact belongs to; a privilege on `function f(integer)` belongs to `f`."""
    if key.kind != "privilege":
        return key.table
    return key.table.partition("(")[0].rstrip().rpartition(" ")[2]


def _named(pattern: str, name: str, default_schema: str) -> bool:
    """Whether the pattern means the name, with or without its schema and its arguments."""
    plain = name.partition("(")[0].rstrip()
    names = {name, plain, *(f"{default_schema}.{text}" for text in (name, plain))}
    return any(matches(pattern, text) for text in names)


def _objects(keys: Collection[FactKey], observed: Facts) -> tuple[str, ...]:
    """`table history`: objects by themselves, without what goes with one of them."""
    whole = {key.table for key in keys if key.kind in _RELATIONS}
    return tuple(
        f"{NOUNS.get(key.kind, key.kind.replace('_', ' '))} {key.object}"
        for key in sorted(keys, key=FactKey.sort_key)
        if key.attribute == EXISTS
        and key.kind != "privilege"
        and not is_part(observed[key])
        and (key.kind in _RELATIONS or key.table not in whole)
    )
