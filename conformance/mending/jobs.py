"""Jobs of the project's own procedures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING
from conformance.intervals import Interval
from conformance.mending.scene import CannotMend, Parts, Ref, Scene, Step, dropping, making
from conformance.mending.sql import argument, literal, relation

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL = {"max_runtime": Interval(0), "max_retries": -1}


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


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """delete_job(), of all jobs of the procedure; of one of several, by its configuration."""
    schema, _, procedure = ref.table.rpartition(".")
    where = f"proc_schema = {literal(schema)} AND proc_name = {literal(procedure)}"
    if any(other != ref and other[:2] == ref[:2] for other in {*scene.before, *scene.after}):
        config = parts.get("config")
        said = f"= {literal(config)}::jsonb" if isinstance(config, str) else "IS NULL"
        where += f" AND config {said}"
    if schema.startswith("_timescaledb_"):
        # The policies of all hypertables have the same procedure.
        where += " AND hypertable_name IS NULL"
    yield dropping(
        "job",
        f"SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE {where}",
    )
