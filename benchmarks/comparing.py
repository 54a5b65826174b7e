"""Reading and comparing facts at several sizes, beside Alembic's comparison of the same schema."""

from __future__ import annotations

import gc
import time
import tracemalloc
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, event

from benchmarks.processors import processor
from benchmarks.schema import create, generated_metadata, name_of
from conformance import pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, MetaData
    from sqlalchemy import Engine as Sessions

    from conformance.comparing.capabilities import Capabilities
    from conformance.engines.base import Engine

    Comparing = Callable[[Connection, MetaData], Any]

CONFORMANCE, ALEMBIC = "check_database", "compare_metadata"
PARTS = ("expected_facts", "observed_facts", "canonical", "compare")


@dataclass
class Size:
    """What was measured with a number of hypertables.

    Attributes:
        facts: how many facts conform.
        creation: seconds to create the schema, for orientation.
        seconds: of each comparison, and of each part of ours.
        statements: SQL statements of each comparison.
        peak: the most bytes of Python's objects during each comparison.
        processor: seconds of processors of each comparison, of this process and of the server's;
            empty where the server is not on this machine.
    """

    hypertables: int
    facts: int = 0
    creation: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=dict)
    processor: dict[str, tuple[float, float]] = field(default_factory=dict)


def measure(engine: Engine, hypertables: int, runs: int) -> Size:
    """Create the schema in a database of its own, prove both comparisons right, measure them."""
    size = Size(hypertables)
    with engine.database() as url:
        sessions = create_engine(url, poolclass=NullPool)
        started = time.perf_counter()
        with sessions.connect() as connection:
            committing = connection.execution_options(isolation_level="AUTOCOMMIT")
            create(committing, generated_metadata(hypertables))
        size.creation = time.perf_counter() - started
        size.facts = _prove(sessions, hypertables, engine.capabilities)
        comparisons = _comparisons(engine.capabilities)
        _measure_seconds(size, sessions, comparisons, runs)
        for name, comparison in comparisons.items():
            size.statements[name] = _statements(sessions, comparison, hypertables)
            size.peak[name] = _peak(sessions, comparison, hypertables)
        _measure_parts(size, sessions, comparisons[CONFORMANCE], runs)
    return size


def _comparisons(capabilities: Capabilities) -> dict[str, Comparing]:
    """Ours, and Alembic's with the options of this project's env.py."""

    def ours(connection: Connection, metadata: MetaData) -> Any:
        return pipeline.check_database(connection, metadata, capabilities)

    def alembics(connection: Connection, metadata: MetaData) -> Any:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    return {CONFORMANCE: ours, ALEMBIC: alembics}


def _prove(sessions: Sessions, hypertables: int, capabilities: Capabilities) -> int:
    """Both find nothing in the generated schema; ours then finds exactly what was altered."""
    metadata = generated_metadata(hypertables)
    comparisons = _comparisons(capabilities)
    with sessions.connect() as connection:
        compared = comparisons[CONFORMANCE](connection, metadata)
        if compared.findings or compared.not_checked:
            raise RuntimeError(f"not conforming: {[*compared.findings, *compared.not_checked]}")
        differences = comparisons[ALEMBIC](connection, metadata)
        if differences:
            raise RuntimeError(f"Alembic finds {differences}")
        altered = name_of(hypertables // 2)
        connection.exec_driver_sql(
            f"SELECT set_chunk_time_interval('{altered}', INTERVAL '7 days')"
        )
        found = [
            finding.id
            for finding in comparisons[CONFORMANCE](connection, metadata).findings.values()
        ]
        if found != [f"hypertable:{altered}:chunk_interval"]:
            raise RuntimeError(f"a chunk interval was altered, and this was found: {found}")
        connection.rollback()
    return len(compared.conforming)


@contextmanager
def _ready(sessions: Sessions, hypertables: int) -> Iterator[tuple[Connection, MetaData]]:
    """A new connection and new metadata, so that nothing is cached."""
    metadata = generated_metadata(hypertables)
    with sessions.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        gc.collect()
        yield connection, metadata


def _measure_seconds(
    size: Size, sessions: Sessions, comparisons: dict[str, Comparing], runs: int
) -> None:
    """The median of alternating runs."""
    seconds: dict[str, list[float]] = {name: [] for name in comparisons}
    worked: dict[str, list[tuple[float, float]]] = {name: [] for name in comparisons}
    for _ in range(runs):
        for name, comparison in comparisons.items():
            with _ready(sessions, size.hypertables) as (connection, metadata):
                before, started = processor(connection), time.perf_counter()
                comparison(connection, metadata)
                seconds[name].append(time.perf_counter() - started)
                after = processor(connection)
                if before is not None and after is not None:
                    worked[name].append((after[0] - before[0], after[1] - before[1]))
    size.seconds |= {name: median(values) for name, values in seconds.items()}
    size.processor |= {
        name: (median(ours for ours, _ in times), median(servers for _, servers in times))
        for name, times in worked.items()
        if times
    }


def _measure_parts(size: Size, sessions: Sessions, ours: Comparing, runs: int) -> None:
    """The median of each part, timed where check_database calls it."""
    seconds: dict[str, list[float]] = {part: [] for part in PARTS}

    def timed(part: str, what: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return what(*arguments, **options)
            finally:
                seconds[part].append(time.perf_counter() - started)

        return run

    with ExitStack() as replaced:
        for part in PARTS:
            wrapped = timed(part, getattr(pipeline, part))
            replaced.enter_context(patch.object(pipeline, part, wrapped))
        for _ in range(runs):
            with _ready(sessions, size.hypertables) as (connection, metadata):
                ours(connection, metadata)
    size.seconds |= {part: median(values) for part, values in seconds.items()}


def _statements(sessions: Sessions, comparison: Comparing, hypertables: int) -> int:
    sent: list[str] = []

    def note(*arguments: Any) -> None:
        sent.append(arguments[2])

    with _ready(sessions, hypertables) as (connection, metadata):
        event.listen(connection, "before_cursor_execute", note)
        comparison(connection, metadata)
    return len(sent)


def _peak(sessions: Sessions, comparison: Comparing, hypertables: int) -> int:
    with _ready(sessions, hypertables) as (connection, metadata):
        tracemalloc.start()
        try:
            comparison(connection, metadata)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
