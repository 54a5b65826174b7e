"""Jobs of the project's own procedures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING
from conformance.intervals import Interval
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
from conformance.mending.sql import argument, literal, relation

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL = {"max_runtime": Interval(0), "max_retries": -1}
#: How facts have the time zone of a fixed schedule.
_ZONED = re.compile(r"(?:from \S+ \S+|in) (\S+)")
_WIDTH = 70
#: What alter_job() changes by an argument of the name.
_ARGUMENTS = ("schedule_interval", "max_runtime", "max_retries", "scheduled")


def make(ref: Ref, parts: Parts, _scene: Scene) -> Iterator[Step]:
    """add_job()."""
    if parts.get("count", 1) != 1:
        raise CannotMend("several jobs of one procedure are not added from facts")
    words = [literal(relation(ref.table)), argument(parts["schedule_interval"])]
    config = parts.get("config")
    if isinstance(config, str):
        words.append(f"config => {literal(config)}")
    if parts.get("scheduled") is False:
        words.append("scheduled => false")
    call = f"add_job({', '.join(words)})"
    options = [
        f"{item} => {argument(parts[item])}"
        for item, usual in _USUAL.items()
        if parts.get(item, usual) not in (usual, ANYTHING)
    ]
    if options:
        call = f"alter_job({call}, {', '.join(options)})"
    yield making("job", f"SELECT {call}")


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """alter_job(), which keeps what no model declares: when it begins, its time zone, its owner."""
    changed = differing(before, after)
    config = after.get("config")
    if "count" in changed or ("config" in changed and not isinstance(config, str)):
        yield from drop(ref, before, scene)
        yield from make(ref, after, scene)
        return
    options = [f"config => {literal(config)}"] if "config" in changed else []
    yield altered("job", changed, after, options, _where(ref, before, scene))


def altered(kind: str, changed: set[str], after: Parts, options: list[str], where: str) -> Step:
    """alter_job() with the arguments that differ, and others."""
    options += [
        f"{item} => {argument(after[item])}"
        for item in _ARGUMENTS
        if item in changed and after.get(item) not in (None, ANYTHING)
    ]
    if (zoned := _ZONED.fullmatch(str(after.get("fixed_schedule")))) is not None:
        # Without it alter_job() takes the time zone away.
        options.append(f"timezone => {literal(zoned[1])}")
    if "scheduled" in changed and after["scheduled"]:
        far = "coalesce(next_start, initial_start) > now() + INTERVAL '1 year'"
        options.append(f"next_start => CASE WHEN {far} THEN now() END")
    listed = ",\n    ".join(["job_id", *options])
    call = f"alter_job({', '.join(['job_id', *options])})"
    sql = call if len(call) < _WIDTH else f"alter_job(\n    {listed}\n)"
    return making(kind, f"SELECT {sql}\nFROM timescaledb_information.jobs\nWHERE {where}")


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """delete_job(), of all jobs of the procedure; of one of several, by its configuration."""
    yield dropping(
        "job",
        "SELECT delete_job(job_id) FROM timescaledb_information.jobs"
        f" WHERE {_where(ref, parts, scene)}",
    )


def _where(ref: Ref, parts: Parts, scene: Scene) -> str:
    schema, _, procedure = ref.table.rpartition(".")
    where = f"proc_schema = {literal(schema)} AND proc_name = {literal(procedure)}"
    if any(other != ref and other[:2] == ref[:2] for other in {*scene.before, *scene.after}):
        config = parts.get("config")
        said = f"= {literal(config)}::jsonb" if isinstance(config, str) else "IS NULL"
        where += f" AND config {said}"
    if schema.startswith("_timescaledb_"):
        # The policies of all hypertables have the same procedure.
        where += " AND hypertable_name IS NULL"
    return where
