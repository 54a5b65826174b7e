"""Known gaps: defects of TimescaleDB itself. Each must show exactly where the registry says."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from conformance import known_gaps
from conformance.checking import outcomes
from conformance.comparing.codes import ERROR, WARNING
from conformance.comparing.findings import Finding
from conformance.histories.recording import execute_raw
from conformance.known_gaps import Expected
from conformance.process.kept import kept
from conformance.suite.unmigrated import with_extension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Connection, CursorResult

    from conformance.checking.outcomes import Record
    from conformance.engines.base import Engine
    from conformance.known_gaps import KnownGap


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise by the entries of the registry."""
    gaps = known_gaps.KNOWN_GAPS
    metafunc.parametrize("gap", gaps, ids=[gap.code for gap in gaps])


#: More answers than there are gaps, of two builds.
_KEPT = 500


class Answers:
    """What a server answers to reproductions.

    A server whose build is known is asked once. Its answers are kept, until this module changes.
    """

    def __init__(self, engine: Engine, stack: ExitStack) -> None:
        self._engine = engine
        self._stack = stack

    @cached_property
    def _connection(self) -> Connection:
        """To a database with the extension; every gap creates its own tables."""
        url = self._stack.enter_context(self._engine.database(with_extension(self._engine)))
        engine = create_engine(url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
        return self._stack.enter_context(engine.connect())

    def has_icu(self) -> bool:
        """Whether the server can create a collation of ICU."""
        return bool(self._kept("ICU", lambda: _has_icu(self._connection)))

    def number(self, gap: KnownGap) -> int:
        """The number that the reproduction returns."""
        asked = repr((gap.settings, gap.setup, gap.copied, gap.query))
        return int(self._kept(asked, lambda: _ask(gap, self._connection)))

    @cached_property
    def _code(self) -> str:
        return Path(__file__).read_text("utf-8")

    def _kept(self, asked: str, ask: Callable[[], int]) -> int:
        if self._engine.build is None:
            return ask()
        key = "\0".join((self._engine.build, self._code, asked))
        answer: int = kept("gaps", key, ask, most=_KEPT)
        return answer


@pytest.fixture(scope="module")
def answers(conformance_engine: Engine) -> Iterator[Answers]:
    """What the engine answers."""
    with ExitStack() as stack:
        yield Answers(conformance_engine, stack)


def test_known_gap(
    gap: KnownGap, answers: Answers, conformance_engine: Engine, record: Record
) -> None:
    """TimescaleDB is wrong exactly where the registry says so.

    An expected gap is listed as not checked, with its ticket. A gap that shows on further versions
    fails. One that has healed is a warning: nothing is wrong with the project or its server, and
    the registry must be corrected.
    """
    missing = conformance_engine.capabilities.missing(*gap.needs)
    if missing is not None:
        outcomes.skip_not_checked(record, missing)
    if gap.icu and not answers.has_icu():
        outcomes.skip_not_checked(record, "this server was built without ICU collations")
    version = conformance_engine.server.timescaledb
    expected = gap.expected(version)
    found = answers.number(gap)
    name = f"timescaledb#{gap.ticket}"
    if expected is Expected.UNKNOWN:
        shows = "does not show it" if found == gap.right else "shows it"
        outcomes.skip_not_checked(
            record,
            f"the registry of known gaps does not know whether TimescaleDB {version} has {name}"
            f" ({gap.code}); this server {shows}",
        )
    if found == gap.right and expected is Expected.WRONG:
        outcomes.fail(record, _healed(gap, version))
    if found != gap.right and expected is Expected.RIGHT:
        outcomes.fail(record, _reaches_further(gap, version, found))
    if expected is Expected.WRONG:
        outcomes.skip_not_checked(record, gap.reason(version))


def _has_icu(connection: Connection) -> bool:
    """Whether a collation of ICU can be created; the catalog lists them in any case."""
    try:
        connection.exec_driver_sql("CREATE COLLATION pg_temp.icu (provider = icu, locale = 'und')")
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False
    connection.exec_driver_sql("DROP COLLATION pg_temp.icu")
    return True


def _ask(gap: KnownGap, connection: Connection) -> int:
    """Run the reproduction and return its number; the server may refuse the last statements.

    If the server cannot answer the query, the number is `_NO_ANSWER`.
    """
    with _set(gap.settings, connection):
        for statement in gap.setup:
            _execute(connection, statement, _REFUSALS)
        if gap.copied is not None:
            _copy(connection, *gap.copied)
        answer = _execute(connection, gap.query, (_INTERNAL_ERROR,))
        return _NO_ANSWER if answer is None else int(answer.scalar_one())


def _copy(connection: Connection, statement: str, data: str) -> None:
    """Run a COPY ... FROM STDIN."""
    connection.connection.cursor().copy_expert(statement, StringIO(data))


@contextmanager
def _set(settings: Iterable[tuple[str, str]], connection: Connection) -> Iterator[None]:
    """Change server settings for a while; an older server does not have all of them."""
    for name, value in settings:
        _execute(connection, f"SET {name} = '{value}'", (_UNDEFINED_OBJECT,))
    try:
        yield
    finally:
        for name, _ in settings:
            _execute(connection, f"RESET {name}", (_UNDEFINED_OBJECT,))


def _execute(
    connection: Connection, statement: str, tolerated: tuple[str, ...]
) -> CursorResult[Any] | None:
    """Execute the statement; None after an error that is tolerated."""
    try:
        return execute_raw(connection, statement)
    except DBAPIError as error:
        if not str(getattr(error.orig, "pgcode", "")).startswith(tolerated):
            raise
        return None


_INTERNAL_ERROR = "XX000"
_UNDEFINED_OBJECT = "42704"
#: SQLSTATEs by which a server refuses rows; the first is the class of integrity violations, the
#: second of features that are not supported.
_REFUSALS = ("23", "0A", _INTERNAL_ERROR)
_NO_ANSWER = -1


def _healed(gap: KnownGap, version: str) -> Finding:
    return _finding(
        gap,
        observed=gap.right,
        message=f"known gap {gap.code} (timescaledb#{gap.ticket}) does not show on"
        f" TimescaleDB {version}",
        hint="This server is right where the registry of known gaps expects it to be wrong. Your"
        " project is not affected. Report the gap and the version. In this tool's repository, close"
        " the gap in conformance/known_gaps with the first version that is right.",
        severity=WARNING,
    )


def _reaches_further(gap: KnownGap, version: str, found: int) -> Finding:
    return _finding(
        gap,
        observed=found,
        message=f"TimescaleDB {version} has the gap {gap.code} (timescaledb#{gap.ticket}), which"
        f" the registry only lists for {span(gap)}: {gap.summary}",
        hint="Correct the versions in conformance/known_gaps, or use another TimescaleDB.",
    )


def span(gap: KnownGap) -> str:
    """The versions that are known to be wrong, in words."""
    return f"{gap.first} and later" if gap.last is None else f"{gap.first} to {gap.last}"


def _finding(
    gap: KnownGap, *, observed: int, message: str, hint: str, severity: str = ERROR
) -> Finding:
    return Finding(
        id=f"known_gap:timescaledb:{gap.code}",
        kind="known_gap",
        object="timescaledb",
        attribute=gap.code,
        disagreement="different",
        expected=gap.right,
        observed=observed,
        message=message,
        hint=hint,
        severity=severity,
    )
