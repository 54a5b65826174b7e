"""Policies: compression, retention, reorder, refresh."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import ANYTHING, UNBOUNDED, Value
from conformance.intervals import Interval
from conformance.mending.jobs import altered
from conformance.mending.scene import (
    CannotMend,
    Parts,
    Ref,
    Scene,
    Step,
    differing,
    dropping,
    making,
)
from conformance.mending.sql import (
    argument,
    is_relation,
    length,
    literal,
    materialized_in,
    regclass,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Kind -> the functions that add and remove it, and the arguments that have their own names.
_FUNCTIONS = {
    "compression": ("add_compression_policy", ("compress_after", "compress_created_before")),
    "retention": ("add_retention_policy", ("drop_after", "drop_created_before")),
    "compaction": ("add_compaction_policy", ("max_chunks", "max_batches", "inactive_for")),
    "reorder": ("add_reorder_policy", ("index_name",)),
    "refresh": (
        "add_continuous_aggregate_policy",
        (
            "start_offset", "end_offset", "buckets_per_batch", "max_batches_per_execution",
            "refresh_newest_first", "include_tiered_data",
        ),
    ),
}  # fmt: skip
_AGES = (
    "compress_after", "compress_created_before", "drop_after", "drop_created_before",
    "start_offset", "end_offset", "inactive_for",
)  # fmt: skip
#: What TimescaleDB sets by itself; another value is set by alter_job().
_RUNTIMES = {"retention": Interval(300_000_000)}
_NONE = Interval(0)
#: How facts have a fixed schedule: a time, and the zone that it is in.
_FIXED = re.compile(r"from (\S+ \S+) (\S+)")
_WIDTH = 70
#: More than an aggregate has.
_MOST_REFRESHES = 1000


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """Add the policy, with all that is said of its job in one statement."""
    kind = _kind(ref)
    if kind not in _FUNCTIONS:
        raise CannotMend(f"a policy {ref.name!r} has no function that adds it")
    if parts.get("count", 1) != 1:
        raise CannotMend("a policy is not added twice")
    if not _can_run(kind, parts):
        raise CannotMend("a policy that fails is not added")
    sql = f"SELECT {_with_options(kind, parts, _call(kind, ref, parts))}"
    yield making("policy", sql, depth=_depth(kind) + _waiting(ref, scene))
    config = parts.get("config")
    if isinstance(config, str):
        found = _where(ref, kind, parts)
        yield making(
            "policy",
            f"SELECT alter_job(job_id, config => config || {literal(config)}::jsonb)\n"
            f"FROM timescaledb_information.jobs\nWHERE {found}",
        )


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """alter_job(), which keeps what no model declares: when it begins, its time zone, its owner."""
    kind = _kind(ref)
    changed = differing(before, after)
    rests = [_rest(parts) for parts in (before, after)]
    if kind not in _FUNCTIONS or "count" in changed or None in rests:
        yield from drop(ref, before, scene)
        yield from make(ref, after, scene)
        return
    if not _can_run(kind, after):
        raise CannotMend("a policy that fails is not added")
    old, new = (
        {**(rest or {}), **_configured(kind, parts)}
        for rest, parts in zip(rests, (before, after), strict=True)
    )
    gone = "".join(f" - {literal(item)}" for item in old if item not in new)
    more = {item: value for item, value in new.items() if item not in old or value != old[item]}
    config = f"config{gone}" + (f" || {literal(json.dumps(more))}::jsonb" if more else "")
    options = [f"config => {config}"] if gone or more else []
    step = altered("policy", changed, after, options, _where(ref, kind, before))
    yield step._replace(depth=_depth(kind) + _waiting(ref, scene))


def _rest(parts: Parts) -> dict[str, Any] | None:
    """What else the configuration has; None if it names another hypertable, or is a list."""
    config = parts.get("config")
    rest = json.loads(config) if isinstance(config, str) else {}
    is_own = isinstance(rest, dict) and not {"hypertable_id", "mat_hypertable_id"} & rest.keys()
    return rest if is_own else None


def _configured(kind: str, parts: Parts) -> dict[str, Any]:
    """The arguments of the function that adds it, as the configuration has them."""
    found: dict[str, Any] = {}
    for item in _FUNCTIONS[kind][1]:
        value = parts.get(item)
        if value == UNBOUNDED:
            found[item] = None
        elif value is not None:
            found[item] = value.plain() if isinstance(value, Interval) else value
    return found


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """Remove the policy, however many there are; a dropped relation takes it along."""
    if scene.is_gone(ref.table):
        return
    kind = _kind(ref)
    new = scene.is_new(ref.table)
    if kind not in _FUNCTIONS or parts.get("count", 1) != 1 or _is_one_of_several(ref) or new:
        where = _where(ref, kind, parts)
        if new:
            # The relation is there already only where the revision mends nothing.
            where = where.replace(f"{regclass(ref.table)}::regclass", _maybe(ref))
        sql = f"SELECT delete_job(job_id)\nFROM timescaledb_information.jobs\nWHERE {where}"
        yield dropping("policy", sql, depth=_depth(kind))
        return
    function = _FUNCTIONS[kind][0].replace("add_", "remove_")
    asks = ", if_exists => true" if scene.guarded else ""
    yield dropping("policy", f"SELECT {function}({regclass(ref.table)}{asks})", depth=_depth(kind))


def _maybe(ref: Ref) -> str:
    return f"to_regclass({regclass(ref.table)})"


def _depth(kind: str) -> int:
    """TimescaleDB wants the refresh policy of an aggregate before the one that compresses it."""
    return -_MOST_REFRESHES if kind == "refresh" else 0


def _waiting(ref: Ref, scene: Scene) -> int:
    """How many refresh policies leave the window first, in a row: windows must not overlap."""

    def below(item: Ref) -> Iterator[Ref]:
        window = _window(scene.after[item])
        for other in scene.after:
            if other[:2] == item[:2] and other != item and _kind(other) == "refresh":
                taken = _window(scene.before.get(other, {}))
                if window and taken and window[0] < taken[1] and taken[0] < window[1]:
                    yield other

    return scene.depth(ref, scene.after, below) if _kind(ref) == "refresh" else 0


def _window(parts: Parts) -> tuple[float, float] | None:
    """The youngest and the oldest age of a refresh; None where an age is not one."""
    ages = []
    for item, unbounded in (("end_offset", -math.inf), ("start_offset", math.inf)):
        age = parts.get(item)
        if isinstance(age, Interval):
            age = age.microseconds
        ages.append(unbounded if age == UNBOUNDED else age)
    youngest, oldest = ages
    if isinstance(youngest, int | float) and isinstance(oldest, int | float):
        return youngest, oldest
    return None


def _kind(ref: Ref) -> str:
    return ref.name.strip("<>").partition(" ")[0]


def _call(kind: str, ref: Ref, parts: Parts) -> str:
    function, arguments = _FUNCTIONS[kind]
    words = [regclass(ref.table)]
    for item in arguments:
        value = parts.get(item)
        if value is None and item not in ("start_offset", "end_offset"):
            continue
        words.append(f"{item} => {_argument(item, value)}")
    schedule = parts.get("schedule_interval")
    if kind != "reorder" and schedule not in (None, ANYTHING):
        words.append(f"schedule_interval => {argument(schedule)}")
    short = f"{function}({', '.join(words)})"
    listed = ",\n    ".join(words)
    return short if len(short) < _WIDTH else f"{function}(\n    {listed}\n)"


def _argument(item: str, value: Value) -> str:
    # A number as an offset must have the type of the time column; in quotes it gets that type.
    in_quotes = item in {"start_offset", "end_offset"} and isinstance(value, int)
    return literal(value) if in_quotes or item == "index_name" else argument(value)


def _can_run(kind: str, parts: Parts) -> bool:
    """Whether each age is an interval or a number, and a policy that needs an age has one."""
    ages = [age for item in _AGES if (age := parts.get(item)) not in (None, UNBOUNDED)]
    return all(isinstance(age, Interval | int) for age in ages) and bool(
        ages or kind not in ("compression", "retention")
    )


def _with_options(kind: str, parts: Parts, call: str) -> str:
    """The call, and alter_job() around it where the job differs from what the call makes."""
    usual = {
        "max_runtime": _RUNTIMES.get(kind, _NONE),
        "max_retries": -1,
        "scheduled": True,
    }
    found = {
        item: parts[item]
        for item, value in usual.items()
        if item in parts and parts[item] not in (value, ANYTHING)
    }
    if kind == "reorder" and "schedule_interval" in parts:
        found["schedule_interval"] = parts["schedule_interval"]
    options = [f"{item} => {argument(value)}" for item, value in found.items()]
    if isinstance(retry := parts.get("retry_period"), str):
        options.append(f"retry_period => {literal(retry)}")
    if (fixed := _FIXED.fullmatch(str(parts.get("fixed_schedule")))) is not None:
        begin, zone = literal(f"{fixed[1]} {fixed[2]}"), literal(fixed[2])
        options.append(f"fixed_schedule => true, initial_start => {begin}, timezone => {zone}")
    return f"alter_job({call}, {', '.join(options)})" if options else call


def _is_one_of_several(ref: Ref) -> bool:
    """Whether the name has a window, because the aggregate has several refresh policies."""
    return " " in ref.name.strip("<>")


def _where(ref: Ref, kind: str, parts: Parts) -> str:
    """The jobs of the policy. A continuous aggregate's may name its materialized hypertable."""
    process = f"policy_{'refresh_continuous_aggregate' if kind == 'refresh' else kind}"
    found = is_relation("hypertable_schema", "hypertable_name", ref.table)
    if kind == "refresh":
        of_rows = materialized_in(ref.table)
        found = f"({found}\n  OR (hypertable_schema, hypertable_name) IN (\n    {of_rows}\n  ))"
    words = [f"proc_name = '{process}'", found]
    if _is_one_of_several(ref):
        words += [_offset(item, parts.get(item)) for item in ("start_offset", "end_offset")]
    return "\n  AND ".join(words)


def _offset(item: str, value: Value) -> str:
    if value is None or value == UNBOUNDED:
        return f"config ->> '{item}' IS NULL"
    if isinstance(value, str):
        return f"config ->> '{item}' = {literal(value)}"
    kind = "interval" if isinstance(value, Interval) else "bigint"
    return f"(config ->> '{item}')::{kind} = {length(value)}"
