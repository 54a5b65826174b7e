"""Rows per second of the write path, beside its alternatives on the same server."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, create_engine, func, insert, select, text

from benchmarks.processors import processor
from benchmarks.writers import MOST_ONE_BY_ONE, ONE_BY_ONE, OPERATIONS, writers
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config
from models import Instrument, MarketData
from models.writes import insert_new

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from sqlalchemy import Connection
    from sqlalchemy import Engine as Sessions

    from benchmarks.writers import Rows, Writer
    from conformance.engines.base import Engine

INSTRUMENTS = 10
START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """The state of the table before the write.

    Attributes:
        there: whether the rows exist already.
        compressed: whether chunks are compressed: with the rows, or with those of the minutes
            between them.
    """

    there: bool
    compressed: bool


CASES = {
    "all new": Case(there=False, compressed=False),
    "all there": Case(there=True, compressed=False),
    "new in compressed chunks": Case(there=False, compressed=True),
    "there in compressed chunks": Case(there=True, compressed=True),
}


@dataclass(frozen=True)
class Measured:
    """Each writer in one case.

    Attributes:
        rates: rows per second.
        processor: seconds of processors for each million rows, of this process and the server's;
            empty where the server is not on this machine.
    """

    operation: str
    case: str
    rows: int
    rates: dict[str, float]
    processor: dict[str, float]


def measure(
    engine: Engine, number: int, turns: int, *, alternatives: bool = True
) -> Generator[Measured]:
    """Each operation in each case; the writers alternate, and each turn is rolled back.

    Args:
        alternatives: also measure the ways that are slower than the floor.
    """
    template = Migrations(alembic_config("alembic.ini"), engine.server.edition).template()
    for name, case in CASES.items():
        if case.compressed and not engine.capabilities.community_edition:
            continue
        with engine.database(template) as url:
            sessions = create_engine(url, poolclass=NullPool)
            given = _prepared(sessions, case, number)
            for operation in OPERATIONS:
                ways = writers(operation, copy=engine.capabilities.copy, alternatives=alternatives)
                yield _measured(sessions, ways, operation, name, given, turns)


def _measured(  # noqa: PLR0913, PLR0917 - what is measured, in which case
    sessions: Sessions, ways: dict[str, Writer], operation: str, case: str, rows: Rows, turns: int
) -> Measured:
    taken: dict[str, list[tuple[float, float | None]]] = {way: [] for way in ways}
    for _ in range(turns):
        for way, write in ways.items():
            given = rows[:MOST_ONE_BY_ONE] if way in ONE_BY_ONE else rows
            seconds, processor = _timed(sessions, write, given)
            each = None if processor is None else processor / len(given)
            taken[way].append((seconds / len(given), each))
    rates = {way: 1 / median(seconds for seconds, _ in times) for way, times in taken.items()}
    processor = {
        way: median(known) * 1_000_000
        for way, times in taken.items()
        if (known := [each for _, each in times if each is not None])
    }
    return Measured(operation, case, len(rows), rates, processor)


def _rows(instruments: list[int], number: int, *, between: bool = False) -> Rows:
    """Bars of every other minute, as a source gives them: all instruments, then the next minute.

    Args:
        between: of the minutes in between.
    """
    return [
        {
            "timestamp": START + timedelta(minutes=2 * (bar // INSTRUMENTS) + between),
            "instrument_id": instruments[bar % INSTRUMENTS],
            "frequency": "minute",
            "open": 100 + bar * 0.01,
            "high": 101 + bar * 0.01,
            "low": 99 + bar * 0.01,
            "close": 100.5 + bar * 0.01,
            "volume": float(bar),
            "adjusted_close": None,
            "source": "benchmark",
        }
        for bar in range(number)
    ]


def _instruments(sessions: Sessions) -> list[int]:
    rows = [
        {"ticker": f"T{number}", "name": f"T{number}", "asset_class": "fx"}
        for number in range(INSTRUMENTS)
    ]
    with sessions.begin() as connection:
        return list(connection.scalars(insert(Instrument).returning(Instrument.id), rows))


def _prepared(sessions: Sessions, case: Case, number: int) -> Rows:
    """Bring the table into the state of the case; return the rows to write."""
    instruments = _instruments(sessions)
    with sessions.begin() as connection:
        if case.there or case.compressed:
            there = _rows(instruments, number, between=not case.there)
            insert_new(connection, MarketData, there)
        if case.compressed:
            connection.execute(text("SELECT compress_chunk(c) FROM show_chunks('market_data') c"))
    with _committing(sessions) as connection:
        connection.execute(text("ANALYZE market_data"))
    return _rows(instruments, number)


def _timed(
    sessions: Sessions, write: Callable[[Connection, Rows], Any], rows: Rows
) -> tuple[float, float | None]:
    """Seconds and processor seconds of one call, which is proved right and rolled back."""
    with sessions.connect() as connection:
        # If all rows exist, alternatives decompress more than the server's default allows.
        connection.execute(text("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0"))
        gc.collect()
        before, started = processor(connection), time.perf_counter()
        write(connection, rows)
        seconds, after = time.perf_counter() - started, processor(connection)
        found = connection.scalar(select(func.count()).select_from(MarketData))
        connection.rollback()
    with _committing(sessions) as connection:
        connection.execute(text("VACUUM market_data"))
    if found is None or found < len(rows):
        raise RuntimeError(f"of {len(rows)} rows {found} are there")
    return seconds, None if before is None or after is None else sum(after) - sum(before)


@contextmanager
def _committing(sessions: Sessions) -> Iterator[Connection]:
    with sessions.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def plain_insert_rate(engine: Engine, number: int, turns: int) -> float:
    """Rows per second of `insert(...)` with a list, on the same server and without checks."""
    template = Migrations(alembic_config("alembic.ini"), engine.server.edition).template()
    with engine.database(template) as url:
        sessions = create_engine(url, poolclass=NullPool)
        rows = _prepared(sessions, CASES["all new"], number)

        def write(connection: Connection, given: Rows) -> None:
            connection.execute(insert(MarketData), given)

        return number / median(_timed(sessions, write, rows)[0] for _ in range(turns))
