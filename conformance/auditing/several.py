"""Audit several databases at the same time, with as many connections as were asked for."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from conformance.comparing.audits import Audited, Audits
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.errors import why_no_verdict
from conformance.process.progress import unwatched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.auditing.databases import Database
    from conformance.process.progress import Progress

#: How many databases are audited at the same time, unless a number is given.
JOBS = 8
#: Seconds after which the main thread looks for a signal.
_GLANCE = 0.2


def audit_several(
    databases: Sequence[Database],
    audit_one: Callable[[Database], Verdict],
    *,
    jobs: int = JOBS,
    progress: Progress = unwatched,
) -> Audits:
    """Audit the databases, at most `jobs` at a time, each with one connection.

    An error of one database is its verdict and does not end the others.

    Args:
        audit_one: audits one database; called in several threads.
        progress: called after each database.
    """
    started = time.monotonic()
    waiting: queue.SimpleQueue[tuple[int, Database]] = queue.SimpleQueue()
    for item in enumerate(databases):
        waiting.put(item)
    done: queue.SimpleQueue[tuple[int, Verdict]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                number, database = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((number, _verdict_on(database, audit_one)))

    for _ in range(min(jobs, len(databases))):
        # An interrupted command does not wait for the statements of its threads.
        threading.Thread(target=work, daemon=True).start()
    verdicts: dict[int, Verdict] = {}
    while len(verdicts) < len(databases):
        progress(f"audited {len(verdicts)} of {len(databases)} databases")
        try:
            number, verdict = done.get(timeout=_GLANCE)
        except queue.Empty:
            continue
        verdicts[number] = verdict
    return Audits(
        tuple(Audited(item.name, verdicts[number]) for number, item in enumerate(databases)),
        seconds=time.monotonic() - started,
    )


def no_verdicts(databases: Sequence[Database], reason: str) -> Audits:
    """The report of an audit that could not begin."""
    none = Verdict(EngineUsed("url", "database URL"), could_not_run=reason)
    return Audits(tuple(Audited(item.name, none) for item in databases), could_not_run=reason)


def _verdict_on(database: Database, audit_one: Callable[[Database], Verdict]) -> Verdict:
    started = time.monotonic()
    try:
        return audit_one(database)
    # Exit codes 0 and 1 mean a verdict; whatever happens in one database is said of that database.
    except BaseException as error:
        return Verdict(
            EngineUsed("url", f"database {database.name}"),
            could_not_run=why_no_verdict(error),
            seconds=time.monotonic() - started,
        )
