"""How a living database fares: what fails, what is late, what comes to its end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import EXISTS, UNREADABLE, FactKey
from conformance.comparing.policies.ability import owner_keys
from conformance.comparing.policies.broken import Broken, broken_key, listed, of_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.facts import Facts
    from conformance.comparing.policies.circumstances import (
        Circumstances,
        Job,
        Late,
        Numbers,
        Runs,
    )

#: Of its numbers a sequence has fewer than one in so many left.
_FEW = 10
#: With fewer rows between two known numbers than this, a number that is not known may well be free.
_SOME = 2
#: At least one in so many numbers has a row.
_DENSE = 2
#: The cause of a failure by the beginning of its error.
_CAUSES = {
    # Source: timescaledb#11015.
    "cannot drop portal": "PostgreSQL of November 2026 (18.7, 17.12, 16.16, 15.20) and an older "
    "TimescaleDB. The job commits its work, is recorded as failed all the same, and is tried again."
    " Update TimescaleDB to 2.27.3, 2.28.5, 2.31.2, 2.32.1 or later.",
    # Source: TimescaleDB's source code, scheduler.c.
    "failed to start job": "no background worker was free. Raise "
    "timescaledb.max_background_workers, and max_worker_processes above it, and restart the server."
    " The job is tried again.",
}
_UNKNOWN = (
    "see the error, or the server's log; CALL run_job() shows the error at once. Until a run"
    " succeeds the job does nothing."
)
_DONE = {"compression": "compressed", "retention": "dropped"}


def judge(facts: Facts, circumstances: Circumstances) -> Iterator[Broken]:
    """Everything that only time shows."""
    jobs = {job.key: job for job in circumstances.jobs}
    told: dict[FactKey, tuple[FactKey, ...]] = {}
    for together in _failing(circumstances):
        told |= dict.fromkeys(together, tuple(map(_fails_key, together)))
        yield from _fail(together)
    for late in circumstances.late:
        yield _late(late, jobs.get(late.key), told.get(late.key, (_fails_key(late.key),)))
    yield from _invalid_indexes(facts)
    yield from _unreadable_aggregates(facts)
    if circumstances.living:
        yield from _empty_views(facts)
    for numbers in circumstances.numbers:
        yield from _near_end(numbers)
        yield from _behind(numbers)


def _fails_key(key: FactKey) -> FactKey:
    return broken_key("job-fails", key.object, "last_run")


def _failing(circumstances: Circumstances) -> Iterator[dict[FactKey, tuple[Job, Runs]]]:
    """The jobs whose last run failed; those of one known cause together."""
    found: dict[str | FactKey, dict[FactKey, tuple[Job, Runs]]] = defaultdict(dict)
    for job in sorted(circumstances.jobs, key=lambda job: _fails_key(job.key)):
        if job.runs is not None and job.runs.last_failed:
            found[_cause_of(job.runs) or job.key][job.key] = job, job.runs
    yield from found.values()


def _cause_of(runs: Runs) -> str:
    """The likely cause, if the error tells it; else empty."""
    causes = (cause for beginning, cause in _CAUSES.items() if runs.error.startswith(beginning))
    return next(causes, "")


def _fail(together: dict[FactKey, tuple[Job, Runs]]) -> Iterator[Broken]:
    """The first job speaks for all; the next one, if another finding explains the first."""
    keys = [*map(_fails_key, together)]
    for number, (key, (job, runs)) in enumerate(together.items()):
        named = listed([f"{each.kind} {each.object}" for each in [*together][number:]])
        others = keys[number + 1 :]
        told = "the last run of each failed; of the first," if others else "the last run failed;"
        yield Broken(
            _fails_key(key),
            f"{named}: {told} {of_runs(runs.failed, runs.total, runs.error)}",
            "Read from timescaledb_information.job_stats and job_errors. Likely cause: "
            + (_cause_of(runs) or _UNKNOWN),
            observed=runs.error or None,
            rests_on=(key, FactKey("hypertable", key.table, "", "integer_now")),
            causes=(
                *owner_keys(job),
                broken_key("integer-now-missing", key.table, "integer_now"),
                broken_key("chunks-referenced", key.table, "foreign_keys"),
                *keys[:number],
            ),
            others=tuple(others),
        )


def _late(late: Late, job: Job | None, fails: tuple[FactKey, ...]) -> Broken:
    chunks = f"{late.chunks} chunk{'s' * (late.chunks != 1)}"
    done = _DONE[late.key.name]
    never = job is not None and job.runs is not None and job.runs.total == 0
    return Broken(
        broken_key("chunks-late", late.key.object, "chunks"),
        f"policy {late.key.object}: {chunks} should have been {done}, the oldest of them "
        f"{late.behind} ago; {'it has never run' if never else f'it runs every {late.schedule}'}",
        "Read from timescaledb_information.jobs and chunks. Likely cause: no background worker was "
        "free (timescaledb.max_background_workers), or a run stops before it has done all of them "
        "(maxchunks_to_compress, locks, max_runtime). CALL run_job() shows what keeps it.",
        observed=late.chunks,
        rests_on=(late.key, late.key._replace(attribute="scheduled")),
        causes=(*fails, *(owner_keys(job) if job is not None else ())),
    )


def _invalid_indexes(facts: Facts) -> Iterator[Broken]:
    for (kind, table, name), attributes in FactTable.of(facts).objects.items():
        if kind == "index" and attributes.get("valid") is False:
            key = FactKey(kind, table, name, "valid")
            yield Broken(
                broken_key("index-invalid", key.object, key.attribute),
                f"index {key.object}: is not valid; no query uses it, and every write pays for it",
                "Read from pg_index. Likely cause: CREATE INDEX CONCURRENTLY, or REINDEX "
                "CONCURRENTLY, was interrupted or failed. DROP INDEX, and build it again if it is "
                "wanted.",
                observed=False,
                rests_on=(key,),
                explains=(key._replace(attribute=EXISTS),),
            )


def _unreadable_aggregates(facts: Facts) -> Iterator[Broken]:
    for (kind, view, name), attributes in FactTable.of(facts).objects.items():
        altered = attributes.get("alterations")
        if kind == "continuous_aggregate" and isinstance(altered, tuple) and UNREADABLE in altered:
            key = FactKey(kind, view, name, "alterations")
            yield Broken(
                broken_key("aggregate-unreadable", view, key.attribute),
                f"continuous aggregate {view}: {UNREADABLE}",
                "Read from pg_rewrite. Likely cause: TimescaleDB accepts such an ORDER BY, and "
                "leaves the expression out of the view. Drop the continuous aggregate and create "
                "it again with the expression selected, or without ORDER BY, in the models too.",
                observed=UNREADABLE,
                explains=(key, key._replace(attribute=EXISTS)),
            )


def _empty_views(facts: Facts) -> Iterator[Broken]:
    for (kind, view, name), attributes in FactTable.of(facts).objects.items():
        if kind == "storage" and not name and "populated" in attributes:
            yield Broken(
                broken_key("view-empty", view, "populated"),
                f"materialized view {view}: has not been filled, and every query of it fails",
                "Read from pg_class. Likely cause: CREATE or REFRESH MATERIALIZED VIEW ... WITH NO "
                "DATA, or a restore that left the data out. REFRESH MATERIALIZED VIEW fills it.",
                observed=False,
                rests_on=(FactKey("materialized_view", view, "", EXISTS),),
            )


def _near_end(numbers: Numbers) -> Iterator[Broken]:
    if numbers.left * _FEW >= numbers.size:
        return
    code = "sequence-near-end" if numbers.left else "sequence-exhausted"
    column = f" of {numbers.column}" if numbers.column else ""
    left = f"{numbers.left} of {numbers.size} numbers are left"
    if not numbers.left:
        left = "no number is left, and the next row is refused"
    yield Broken(
        broken_key(code, numbers.sequence, "last_value"),
        f"sequence {numbers.sequence}{column}: {left}; it is at {numbers.last} and ends at "
        f"{numbers.end}",
        "Read from the sequence, pg_sequence and pg_attribute. Likely cause: the type is too small "
        "for as many rows, or inserts that fail and upserts use numbers up. Make the column and "
        "the sequence bigint, in the models too.",
        numbers.end,
        numbers.last,
    )


def _behind(numbers: Numbers) -> Iterator[Broken]:
    coming, known = numbers.next, numbers.known
    if coming is None or not _is_in_use(coming, numbers):
        return
    yield Broken(
        broken_key("sequence-behind", numbers.column, "last_value"),
        f"sequence {numbers.sequence} of {numbers.column}: the next number is {coming}, and rows "
        f"have numbers up to {known[-1]}, so that inserts fail on the key",
        "Read from the sequence and pg_stats, whose numbers are those of the last ANALYZE. Likely "
        "cause: rows were copied, restored or replicated with their numbers, or the sequence was "
        "restarted. setval() advances the sequence to the highest number of the column.",
        observed=coming,
    )


def _is_in_use(coming: int, numbers: Numbers) -> bool:
    """Whether a row has the number, or most numbers between the known ones beside it have rows.

    Numbers far above all others are those that somebody chose.
    """
    known = numbers.known
    if coming in known:
        return True
    above = sum(number < coming for number in known)
    if numbers.between < _SOME or not 0 < above < len(known):
        return False
    return known[above] - known[above - 1] <= _DENSE * numbers.between
