"""What the rules over several objects need beside facts, in a constant number of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from conformance.comparing.policies.broken import broken_key
from conformance.comparing.policies.circumstances import (
    Circumstances,
    IntegerTime,
    Job,
    Late,
    Numbers,
    Runs,
)
from conformance.intervals import Interval
from conformance.observed import jobs, policies
from conformance.observed.catalog import Scope, rows
from conformance.observed.executables import executes_as_superuser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, CursorResult

    from conformance.comparing.facts import FactKey

    Unread = list[tuple[FactKey, str]]


def observed_circumstances(
    connection: Connection, scope: Scope, *, living: bool = False
) -> Circumstances:
    """Who runs which policy, and what time it is where time is a number.

    Reads only, and takes no lock beyond AccessShare. The functions for integer time are called, but
    not by a superuser in a database of somebody else.

    Args:
        living: also how the runs went, which chunks are late, how far sequences are: what only a
            database in use can tell.
    """
    unread: Unread = []
    named = [*policies.named(connection, scope), *jobs.named(connection, scope)]
    runs = _runs(connection, scope) if living else None
    return Circumstances(
        tuple(_jobs(named, runs)),
        tuple(_integer_times(connection, scope, unread, living=living)),
        tuple(_late(connection, scope, named)) if living else (),
        tuple(_numbers(connection, scope, unread)) if living else (),
        tuple(unread),
        living,
    )


def _runs(connection: Connection, scope: Scope) -> dict[int, Runs]:
    return {
        row.job_id: Runs(row.total, row.failed, bool(row.last_failed), _one_line(row.error))
        for row in rows(connection, "job_runs", scope)
    }


def _one_line(error: str | None) -> str:
    return " ".join((error or "").split())


def _jobs(
    named: Sequence[tuple[FactKey, list[Any]]], runs: dict[int, Runs] | None
) -> Iterator[Job]:
    for key, same in named:
        # Of several that are the same, the one that is worst off.
        job = max(same, key=lambda row: _failed(runs, row.job_id))
        yield Job(
            key,
            job.owner,
            job.may_log_in,
            job.table_owner if key.kind == "policy" else None,
            None if runs is None else runs.get(job.job_id, Runs(0, 0, last_failed=False)),
        )


def _failed(runs: dict[int, Runs] | None, job: int) -> tuple[bool, int]:
    found = (runs or {}).get(job)
    return (False, 0) if found is None else (found.last_failed, found.failed)


def _integer_times(
    connection: Connection, scope: Scope, unread: Unread, *, living: bool
) -> Iterator[IntegerTime]:
    found = rows(connection, "integer_times", scope)
    asked = [row for row in found if living and row.may_call and row.last is not None]
    said: Sequence[int | None] = []
    if asked:
        said, reason = _called(connection, [row.call for row in asked])
        for row in asked if reason else ():
            table = scope.name(row.schema_name, row.table_name)
            unread.append((broken_key("integer-now-far", table, "integer_now"), reason))
    now = dict(zip((row.call for row in asked), said, strict=False))
    for row in found:
        yield IntegerTime(
            scope.name(row.schema_name, row.table_name),
            scope.name(row.function_schema, row.function_name),
            row.is_there,
            now.get(row.call),
            None if row.last is None else (row.first, row.last),
        )


def _called(connection: Connection, calls: list[str]) -> tuple[list[int | None], str]:
    """What the functions say, all in one statement, and why they do not."""
    if executes_as_superuser(connection):
        return [], (
            "the function for the time is this database's own, and is not called as a superuser:"
            " audit as another role"
        )
    wanted = ", ".join(f"({call})::bigint" for call in calls)
    try:
        with connection.begin_nested():
            return [*_plainly(connection, f"SELECT {wanted}").one()], ""
    except DBAPIError as error:
        return [], f"the function for the time cannot be called: {_one_line(str(error.orig))}"


def _late(
    connection: Connection, scope: Scope, named: Sequence[tuple[FactKey, list[Any]]]
) -> Iterator[Late]:
    schedules = {job.job_id: (key, job.schedule_interval) for key, same in named for job in same}
    for row in rows(connection, "late_chunks", scope):
        if row.job_id in schedules:
            key, schedule = schedules[row.job_id]
            yield Late(key, row.chunks, Interval.parse(row.behind), Interval.printed(schedule))


def _numbers(connection: Connection, scope: Scope, unread: Unread) -> Iterator[Numbers]:
    found = rows(connection, "sequence_ends", scope)
    read = [row for row in found if row.may_read]
    for row in found:
        if not row.may_read:
            name = scope.name(row.schema_name, row.sequence_name)
            reason = "this role may not read the sequence"
            unread.append((broken_key("sequence-near-end", name, "last_value"), reason))
    for row, now in zip(read, _lasts(connection, read), strict=True):
        # One that was not asked yet tells what it will give.
        last = now.last_value if now.is_called else now.last_value - row.increment
        yield _of_sequence(row, last, scope)


def _lasts(connection: Connection, read: Sequence[Any]) -> Sequence[Any]:
    """How far each is, all in one statement."""
    if not read:
        return []
    parts = (
        f"SELECT {number}, last_value, is_called FROM {row.quoted}"
        for number, row in enumerate(read)
    )
    sql = " UNION ALL ".join(parts) + " ORDER BY 1"
    return _plainly(connection, sql).all()


def _plainly(connection: Connection, sql: str) -> CursorResult[Any]:
    """What has names in it, whose percent signs are no parameters."""
    return connection.exec_driver_sql(sql, execution_options={"no_parameters": True})


def _of_sequence(row: Any, last: int, scope: Scope) -> Numbers:
    first, end = row.smallest, row.largest
    if row.increment < 0:
        first, end = end, first
    column = ""
    if row.column_name is not None:
        column = f"{scope.name(row.column_schema, row.column_table)}.{row.column_name}"
    return Numbers(
        scope.name(row.schema_name, row.sequence_name),
        column,
        last,
        end,
        max((end - last) // row.increment, 0),
        (end - first) // row.increment + 1,
        last + row.increment,
        tuple(row.numbers or ()),
        row.between or 0,
    )
