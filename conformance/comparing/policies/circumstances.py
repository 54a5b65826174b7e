"""What no model can promise, and the rules need to know: who runs what, and how it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.comparing.facts import FactKey
    from conformance.intervals import Interval


@dataclass(frozen=True)
class Runs:
    """How the runs of a job went.

    Attributes:
        total: how many there were.
        failed: how many of them failed.
        last_failed: whether the last one did.
        error: what the last one that failed said; empty where that is not to be seen.
    """

    total: int
    failed: int
    last_failed: bool
    error: str = ""


@dataclass(frozen=True)
class Job:
    """A policy, or a job of a user.

    Attributes:
        key: of its existence, as a fact.
        owner: the role that it runs as.
        may_log_in: whether that role may; a worker logs in as it.
        table_owner: the role that owns the table, where the job's own has not its rights.
        runs: None where they are not looked at.
    """

    key: FactKey
    owner: str
    may_log_in: bool = True
    table_owner: str | None = None
    runs: Runs | None = None


@dataclass(frozen=True)
class IntegerTime:
    """The time of a hypertable whose time is a number.

    Attributes:
        table: its name in facts.
        function: which says what time it is, with its schema.
        is_there: whether there still is such a function.
        now: what it says; None where it was not called.
        newest: first and last number of the newest chunk; None where there is none.
    """

    table: str
    function: str
    is_there: bool = True
    now: int | None = None
    newest: tuple[int, int] | None = None


@dataclass(frozen=True)
class Late:
    """Chunks that a policy should have treated by now.

    Attributes:
        key: of the policy's existence, as a fact.
        chunks: how many.
        behind: for how long the oldest one has been due.
        schedule: how often the policy runs.
    """

    key: FactKey
    chunks: int
    behind: Interval
    schedule: Interval


@dataclass(frozen=True)
class Numbers:
    """How far a sequence is that cannot begin again.

    Attributes:
        sequence: its name in facts.
        column: `table.column` that it belongs to; empty if to none.
        last: the number before the one that it gives next.
        end: the last one that it, or the column, can have.
        left: how many numbers are left.
        size: how many there are in all.
        next: the number that it gives next; None where it is not compared with rows.
        known: numbers that rows of the column had when the table was last analyzed, in their order.
        between: how many rows there were from one of these numbers to the next, on average.
    """

    sequence: str
    column: str
    last: int
    end: int
    left: int
    size: int
    next: int | None = None
    known: tuple[int, ...] = ()
    between: float = 0


@dataclass(frozen=True)
class Circumstances:
    """What is known of a database beside its facts.

    Attributes:
        unread: ids of findings that could not be decided, with the reason.
        living: whether the database is in use, and what only that can tell was read.
    """

    jobs: tuple[Job, ...] = ()
    integer_times: tuple[IntegerTime, ...] = ()
    late: tuple[Late, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    unread: tuple[tuple[FactKey, str], ...] = ()
    living: bool = False
