"""Policies that are there and can do nothing.

Sources: timescale/docs#1962 and timescaledb#9289 (owners), #6197 (integer time); TimescaleDB
documentation, "set_integer_now_func". That a foreign key keeps chunks from being compressed was
seen on 2.23, 2.28.3 and 2.29.2, and 2.17 has the same code; from being dropped on 2.28.3 and
2.29.2, not on 2.23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.capabilities import version_tuple
from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import EXISTS, FactKey, referred
from conformance.comparing.policies.broken import Broken, broken_key, listed, of_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.facts import Facts
    from conformance.comparing.policies.circumstances import Circumstances, IntegerTime, Job
    from conformance.comparing.policies.schedules import Schedules

#: The policies that compress and drop chunks, each with the TimescaleDB from which on a foreign key
#: keeps it from that, and the first of which nobody knows whether one still does: 2.30's
#: development refuses to compress, and 2.31.0, seen without compression, to drop.
_ON_CHUNKS = {"compression": ((2, 17), (2, 31)), "retention": ((2, 28), (2, 32))}
#: As many chunks from the newest one no clock is, and no feed.
_CHUNKS_AWAY = 10


def judge(facts: Facts, schedules: Schedules, circumstances: Circumstances) -> Iterator[Broken]:
    """Everything that keeps policies from running."""
    yield from _may_not_log_in(circumstances)
    yield from _does_not_own(circumstances)
    yield from _integer_time(facts, schedules, circumstances)
    yield from _referred_to(facts)


def _referred_to(facts: Facts) -> Iterator[Broken]:
    version = facts.get(FactKey("extension", "timescaledb", "", "version"))
    if not isinstance(version, str):
        return
    objects = FactTable.of(facts).objects
    referring: dict[str, list[FactKey]] = {}
    for (kind, table, name), attributes in objects.items():
        if kind == "foreign_key":
            target, _ = referred(attributes.get("references"))
            referring.setdefault(target, []).append(FactKey(kind, table, name, EXISTS))
    for table, keys in referring.items():
        failing = [
            f"{table}.{name}"
            for name, (since, until) in _ON_CHUNKS.items()
            if since <= version_tuple(version) < until
            and EXISTS in objects.get(("policy", table, name), {})
        ]
        if failing and ("hypertable", table, "") in objects:
            yield _referenced(table, keys, failing)


def _referenced(table: str, keys: list[FactKey], failing: list[str]) -> Broken:
    names = [key.object for key in keys]
    verb = "refers" if len(names) == 1 else "refer"
    return Broken(
        broken_key("chunks-referenced", table, "foreign_keys"),
        f"hypertable {table}: {listed(names)} {verb} to the hypertable, and each run of "
        f"{listed(failing)} fails at the first chunk",
        "Read from pg_constraint and timescaledb_information.jobs. TimescaleDB compresses no chunk "
        "that a foreign key refers to, and from 2.28 on drops none, whatever rows the other table "
        "has. Drop the foreign key, and delete what refers to nothing in a job of your own; or "
        "remove the policies.",
        observed=names,
        rests_on=tuple(
            key._replace(attribute=attribute)
            for key in keys
            for attribute in (EXISTS, "references")
        ),
    )


def owner_keys(job: Job) -> tuple[FactKey, FactKey]:
    """Under which keys the owner of a job is broken, if it is."""
    return (
        broken_key("policy-owner", job.owner, "login"),
        broken_key("policy-owner", job.key.object, "owner"),
    )


def _may_not_log_in(circumstances: Circumstances) -> Iterator[Broken]:
    """One for each role, whatever it owns."""
    by_owner: dict[str, list[Job]] = {}
    for job in circumstances.jobs:
        if not job.may_log_in:
            by_owner.setdefault(job.owner, []).append(job)
    for owner, jobs in by_owner.items():
        names = listed(sorted(f"{job.key.kind} {job.key.object}" for job in jobs))
        yield Broken(
            owner_keys(jobs[0])[0],
            f"role {owner}: may not log in, so that its jobs cannot run: {names}{_so_far(jobs)}",
            "Read from pg_roles and timescaledb_information.jobs. Likely cause: ALTER ROLE ... "
            "NOLOGIN; or ALTER TABLE ... OWNER TO a role without LOGIN, which newer versions of "
            "TimescaleDB make the owner of the policies too. Run ALTER ROLE ... LOGIN, which needs "
            "no password, or give the table to a role that may log in.",
            observed=owner,
            rests_on=_owner_of_one_table(jobs),
        )


def _owner_of_one_table(jobs: list[Job]) -> tuple[FactKey, ...]:
    """Where no other table has this owner, that one has the wrong owner is the cause."""
    owned = {job.key.table for job in jobs}
    return _owners(*owned) if len(owned) == 1 else ()


def _owners(relation: str) -> tuple[FactKey, ...]:
    """The facts about the owner of a hypertable or a continuous aggregate."""
    return tuple(FactKey(kind, relation, "", "owner") for kind in ("table", "continuous_aggregate"))


def _so_far(jobs: list[Job]) -> str:
    runs = [job.runs for job in jobs if job.runs is not None and job.runs.failed]
    if not runs:
        return ""
    errors = [run.error for run in runs if run.error]
    failed, total = sum(run.failed for run in runs), sum(run.total for run in runs)
    return f"; {of_runs(failed, total, errors[0] if errors else '')}"


def _does_not_own(circumstances: Circumstances) -> Iterator[Broken]:
    for job in circumstances.jobs:
        if job.table_owner is None:
            continue
        yield Broken(
            owner_keys(job)[1],
            f"{job.key.kind} {job.key.object}: runs as {job.owner}, its table belongs to "
            f"{job.table_owner}{_so_far([job])}",
            "Read from timescaledb_information.jobs and pg_class. Likely cause: ALTER TABLE ... "
            "OWNER TO, which older versions of TimescaleDB do not follow in the policies. Remove "
            "the policy and add it again as the owner, or GRANT the owner to the policy's role.",
            job.table_owner,
            job.owner,
            (job.key, *_owners(job.key.table)),
            causes=owner_keys(job)[:1],
        )


def _integer_time(
    facts: Facts, schedules: Schedules, circumstances: Circumstances
) -> Iterator[Broken]:
    times = {time.table: time for time in circumstances.integer_times}
    for (kind, table, _), attributes in FactTable.of(facts).objects.items():
        if kind != "hypertable" or "integer_now" not in attributes:
            continue
        key, function = FactKey(kind, table, "", "integer_now"), attributes["integer_now"]
        needing = schedules.needing_time(key.table)
        time = times.get(key.table)
        if not needing:
            continue
        if function is None or (time is not None and not time.is_there):
            yield _no_time(key, function, needing)
        elif time is not None and time.now is not None and time.newest is not None:
            interval = attributes.get("chunk_interval")
            chunk = interval if isinstance(interval, int) else 0
            limit = max([_CHUNKS_AWAY * chunk, *schedules.numbers(needing)])
            yield from _far_away(key, time, time.now, time.newest, limit)


def _no_time(key: FactKey, function: object, needing: list[tuple[str, str]]) -> Broken:
    names = listed([f"{table}.{name}" for table, name in needing])
    has = "has no integer_now function" if function is None else f"its {function}() is gone"
    return Broken(
        broken_key("integer-now-missing", key.table, key.attribute),
        f"hypertable {key.table}: {has}, and each run of {names} fails",
        "Read from timescaledb_information.dimensions and pg_proc. Likely cause: "
        "set_integer_now_func() was not called, or the function was dropped since. Create a "
        "function that returns the present time in the unit of the column, and call "
        "set_integer_now_func().",
        observed=function,
        rests_on=(key,),
    )


def _far_away(
    key: FactKey, time: IntegerTime, now: int, newest: tuple[int, int], limit: int
) -> Iterator[Broken]:
    first, last = newest
    if now - last > limit:
        what = "by this clock all rows are old"
    elif first - now > limit:
        what = "by this clock all rows lie in the future"
    else:
        return
    yield Broken(
        broken_key("integer-now-far", key.table, key.attribute),
        f"hypertable {key.table}: {time.function}() says {now}, the newest chunk goes from {first} "
        f"to {last}; {what}",
        "Read from the function itself and _timescaledb_catalog.dimension_slice. Likely cause: the "
        "function counts in another unit than the column, such as seconds where rows have "
        "milliseconds; or no row has come for long. Correct the function, or set another one with "
        "set_integer_now_func(..., replace_if_exists => true).",
        last,
        now,
        (key,),
    )
