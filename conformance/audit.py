"""Compare a running database with the models: read-only, without leaving a trace."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from conformance.auditing.revision import about_version_table
from conformance.comparing.facts import in_order
from conformance.comparing.picture import picture_of
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.engines.connecting import (
    SHIELD,
    connect,
    is_lost_connection,
    lost_connection,
    parse_url,
    place,
    scrubbed,
    unanswered,
)
from conformance.engines.identification import identify_server
from conformance.engines.patience import Patience
from conformance.errors import (
    EngineUnavailable,
    is_of_unknown_catalog,
    state_of,
)
from conformance.observed.damaged import is_internal, lost_hypertables, where_and_way
from conformance.observed.executables import FOREIGN
from conformance.observed.explaining import is_denied
from conformance.observed.fenced import fence
from conformance.observed.sizes import SERVER, server_limits, table_sizes
from conformance.pipeline import check_database, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import URL, Connection, MetaData

    from conformance.comparing.comparison import Comparison
    from conformance.project.lineage import Lineage

#: Long enough for a catalog of many thousand chunks, short enough not to disturb the server.
STATEMENT_TIMEOUT = "60s"
LOCK_TIMEOUT = "5s"
#: Seconds for an answer, after which the network is at fault: longer than STATEMENT_TIMEOUT.
ANSWER_TIMEOUT = 90.0
#: TimescaleDB's views turn the name of each such table into its OID.
_GRANT = (
    "Grant the role USAGE on every schema that has compressed hypertables or continuous aggregates:"
    " TimescaleDB's information views refuse other roles."
)
_NOT_SEEN = (
    "Somebody dropped or renamed a table while event triggers were off or TimescaleDB was not "
    "loaded, so that TimescaleDB did not see it. Give a renamed table its name back. Otherwise "
    "restore a backup, or correct TimescaleDB's catalog by hand."
)
#: Timeouts that a role or a server may have set for its application. Between two statements the
#: facts of thousands of tables are compared; a session that has lost its client must end all the
#: same, since it holds a snapshot. Not every supported server has both.
_OTHER_TIMEOUTS = (
    "SELECT pg_catalog.set_config(name, CASE name WHEN 'transaction_timeout' THEN '0'"
    " ELSE '5min' END, true) FROM pg_catalog.pg_settings"
    " WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)

#: SQLSTATEs, or the class that they begin with: the server was too busy.
_BUSY = ("40", "53", "55P03", "57014")


def audit(  # noqa: PLR0913 - each is a choice of the caller
    address: str,
    metadata: MetaData,
    *,
    schemas: Sequence[str] = ("public",),
    measured: Callable[[dict[str, dict[str, int]]], None] | None = None,
    leave: Sequence[str] = (),
    lineage: Lineage | None = None,
) -> Verdict:
    """Compare the database at the URL with the metadata.

    Uses one read-only, repeatable-read transaction with a statement and a lock timeout. Creates
    nothing, and takes no lock stronger than AccessShare.

    Args:
        address: a database URL in any usual form.
        schemas: schemas to check in addition to those that the metadata names. Tables without a
            schema belong to the first one.
        measured: called with rows, bytes, chunks and batches of each table, and with the limits of
            the server under the name `(server)`.
        leave: patterns of objects that are left to others.
        lineage: the order of the project's revisions; None if the project has no migrations, and
            the version table is not judged.

    Raises:
        ConformanceError: the connection fails, the TimescaleDB is not supported, or a timeout
            expires.
    """
    started = time.monotonic()
    url = parse_url(address)
    with reading(url) as connection:
        server = identify_server(connection)
        scope = scope_of(metadata, schemas, leave)
        sizes = None if measured is None else table_sizes(connection, scope)
        if sizes is not None:
            sizes[SERVER] = server_limits(connection)
        comparison = check_database(connection, metadata, server.capabilities, scope, living=True)
        migration = (
            ()
            if lineage is None
            else tuple(about_version_table(connection, comparison.sides[1], lineage))
        )
    if measured is not None and sizes is not None:
        measured(sizes)
    engine = EngineUsed.of("url", f"database {url.database} at {place(url)}", server)
    verdict = verdict_of(comparison, engine, started)
    findings = (*verdict.findings, *migration)
    return replace(verdict, findings=findings, migrated=lineage is not None)


def verdict_of(comparison: Comparison, engine: EngineUsed, started: float) -> Verdict:
    """The verdict of an audit that began at `started`, by `time.monotonic()`."""
    return Verdict(
        engine,
        tuple(comparison.findings.values()),
        tuple(comparison.not_checked.values()),
        comparison.seen,
        comparison.accounted,
        facts=len(comparison.conforming),
        consequences=len(comparison.consequences),
        by_kind=in_order(Counter(key.kind for key in comparison.conforming)),
        seconds=time.monotonic() - started,
        left=comparison.left,
        moot=tuple(key.id for key in comparison.consequences),
        schema=picture_of(*comparison.sides),
    )


@contextmanager
def reading(url: URL, work: str = "audit") -> Iterator[Connection]:
    """A connection in a read-only, repeatable-read transaction with timeouts; rolled back.

    Args:
        work: what reads the database, in a word for messages.

    Raises:
        EngineUnavailable: the connection fails, is lost, or a statement fails.
    """
    with (
        closing(Patience(ANSWER_TIMEOUT)) as patience,
        connect(url, patience=patience) as connection,
    ):
        try:
            connection.info[FOREIGN] = True
            _begin(connection)
            fence(connection)
            yield connection
            patience.roll_back(connection)
        except DBAPIError as error:
            if patience.is_over:
                raise unanswered(url, patience) from None
            if is_lost_connection(error):
                raise lost_connection(f"the {work}") from None
            if is_of_unknown_catalog(error):
                if lost := _lost_hypertables(connection, patience):
                    raise EngineUnavailable(
                        f"TimescaleDB at {place(url)} has hypertables or chunks without tables: "
                        f"{lost}.",
                        f"The {work} has changed nothing. {_NOT_SEEN}",
                    ) from None
                raise
            reason = scrubbed(str(error.orig), url).strip().rstrip(".")
            where, way = _why(connection, error, patience)
            raise EngineUnavailable(
                f"Reading the catalog at {place(url)} failed{where}: {reason}.",
                f"The {work} has changed nothing. {way}",
            ) from None
        except UnicodeDecodeError as error:
            raise EngineUnavailable(
                f"Reading the catalog at {place(url)} failed: {error.object[:40]!r} is not valid "
                f"{error.encoding}.",
                "Correct the text, or check the proxy in front of the server if there is one.",
            ) from None
        finally:
            if connection.in_transaction() and not connection.invalidated:
                # Another error is on its way, which says more.
                with suppress(DBAPIError):
                    patience.roll_back(connection)


def _begin(connection: Connection) -> None:
    # At once: a server may be far away.
    connection.exec_driver_sql(
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
        f"{SHIELD};"
        f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}';"
        f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';"
        f"{_OTHER_TIMEOUTS}"
    )


def _lost_hypertables(connection: Connection, patience: Patience) -> str:
    """The hypertables and chunks whose tables are gone, at which TimescaleDB's views fail."""
    with suppress(DBAPIError):
        patience.roll_back(connection)
        _begin(connection)
        return lost_hypertables(connection)
    return ""


def _why(connection: Connection, error: DBAPIError, patience: Patience) -> tuple[str, str]:
    """Where reading failed, and the way out."""
    state = state_of(error)
    if state.startswith(_BUSY):
        return "", "Try again when the server is less busy."
    if is_denied(error):
        return "", _GRANT
    if not is_internal(error):
        return "", "The server's log may say more."
    # What follows says more than the error, but the error must not be lost.
    with suppress(DBAPIError):
        patience.roll_back(connection)
        _begin(connection)
    return where_and_way(connection)
