"""How long histories can go on: rate and memory over thousands of them.

    python -m benchmarks.histories [--histories 10000] [--engine embedded] [--lifetime 250]

Plays the histories of `conformance/suite/test_histories.py` for all hypertables in turn. Prints the
rate and the largest memory of each round. If the machine has other work to do, compare processor
times, of Python and of the engine, instead of the wall clock.
"""

from __future__ import annotations

import os
import resource
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from conformance.checking.profiles import STEPS
from conformance.engines import open_engine
from conformance.histories.avoidance import AVOID_NOTHING, avoidance_of
from conformance.histories.machine import history_of
from conformance.histories.stage import HISTORIES_PER_DATABASE, Stage, histories_template
from conformance.histories.subject import Subject, compressing_job
from conformance.population.given import given
from conformance.project.configuration import configured
from conformance.project.migrations import Migrations
from conformance.project.models import classes_for, metadata_for, writes_for
from conformance.project.scripts import alembic_config
from conformance.suite.row_world import hypertables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    from conformance.histories.machine import History

ROUND = 500


@click.command()
@click.option("--histories", default=10_000, show_default=True, help="How many.")
@click.option("--engine", default="embedded", show_default=True, help="Where.")
@click.option("--lifetime", default=HISTORIES_PER_DATABASE, help="Histories of each database.")
def main(histories: int, engine: str, lifetime: int) -> None:
    """Play histories, and print a line for each round."""
    print("| histories | a second | ms of processor each | MB, Python | MB, engine | load |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    with playing(engine, lifetime) as (stage, machines):
        for number in range(1, max(1, histories // ROUND) + 1):
            play(stage, machines, number, min(histories, ROUND))


@contextmanager
def playing(engine: str, lifetime: int) -> Iterator[tuple[Stage, list[type[History]]]]:
    """A stage, and the machine of every hypertable of `models`."""
    timescaledb = open_engine(engine, None, print)
    timescaledb.start()
    try:
        metadata = metadata_for(configured())
        community = timescaledb.capabilities.community_edition
        schema = Migrations(alembic_config(), engine.server.edition).template()
        template = histories_template(schema, metadata, community=community)
        with Stage(timescaledb, template, histories_per_database=lifetime) as stage:
            # The known gaps of the version are another test's.
            version = timescaledb.server.timescaledb if community else None
            subjects = [subject_of(stage, table, version) for table in hypertables_of(metadata)]
            yield stage, [history_of(subject, stage) for subject in subjects]
    finally:
        timescaledb.stop()


def subject_of(stage: Stage, table: Table, version: str | None) -> Subject:
    """The version of TimescaleDB; None if nothing is compressed."""
    connection = stage.connections.plain
    project = configured()
    classes, writes = classes_for(project), writes_for(project)
    return Subject(
        table,
        given(connection, table),
        lambda given, _, rows: writes.insert_new(given, classes[table], rows),
        lambda given, _, rows: writes.upsert(given, classes[table], rows),
        compresses=version is not None,
        job=None if version is None else compressing_job(connection, table),
        avoidance=AVOID_NOTHING if version is None else avoidance_of(table, version),
    )


def play(stage: Stage, machines: list[type[History]], number: int, count: int) -> None:
    """Play more histories, and print their time and memory."""
    started, worked, before = time.monotonic(), processor_seconds(), stage.histories
    largest = 0
    for machine in machines:
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                max_examples=-(-count // len(machines)),
                stateful_step_count=STEPS["quick"],
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        largest = max(largest, sum(map(resident, children())))
    played = stage.histories - before
    rate = played / (time.monotonic() - started)
    each = (processor_seconds() - worked) / played * 1000
    print(
        f"| {stage.histories:,} | {rate:.1f} | {each:.0f} | {resident(os.getpid())} | {largest}"
        f" | {os.getloadavg()[0]:.1f} |",
        flush=True,
    )


def children() -> list[int]:
    """The processes that this one has started (Linux)."""
    found = Path("/proc/self/task").glob("*/children")
    return [int(word) for path in found for word in path.read_text().split()]


def processor_seconds() -> float:
    """Processor time of this process and of all its children, ended ones included (Linux)."""
    own, gone = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    seconds = own.ru_utime + own.ru_stime + gone.ru_utime + gone.ru_stime
    for process in children():
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def resident(process: int) -> int:
    """The memory that a process holds now, in MB (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


if __name__ == "__main__":
    main()
