"""Compare a living database with the models: read only, and gone without a trace."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.facts import in_order
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.engines.connecting import (
    connect,
    is_lost_connection,
    lost_connection,
    parse_url,
    place,
    scrubbed,
)
from conformance.engines.identification import identify_server
from conformance.errors import EngineUnavailable
from conformance.pipeline import check_database, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import URL, Connection, MetaData

#: Long enough for a catalog of many thousand chunks, short enough to be no burden.
STATEMENT_TIMEOUT = "60s"
LOCK_TIMEOUT = "5s"


def audit(address: str, metadata: MetaData, *, schemas: Sequence[str] = ("public",)) -> Verdict:
    """The verdict on the database at the URL.

    One read-only, repeatable-read transaction with a statement and a lock timeout: nothing is
    created, and no lock beyond AccessShare is taken.

    Args:
        address: a database URL as people write it.
        schemas: schemas to look at beside those that the metadata names; the first one is that
            of tables that name none.

    Raises:
        ConformanceError: no connection, no TimescaleDB that can be checked, or a time limit.
    """
    started = time.monotonic()
    url = parse_url(address)
    with _transaction(url) as connection:
        server = identify_server(connection)
        capabilities = Capabilities(community_edition=server.edition == "community")
        scope = scope_of(metadata, schemas)
        comparison = check_database(connection, metadata, capabilities, scope, living=True)
    engine = EngineUsed.of("url", f"database {url.database} at {place(url)}", server)
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
    )


@contextmanager
def _transaction(url: URL) -> Iterator[Connection]:
    with connect(url) as connection:
        try:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            yield connection
        except DBAPIError as error:
            if is_lost_connection(error):
                raise lost_connection("the audit") from None
            reason = scrubbed(str(error.orig), url).rstrip(".")
            raise EngineUnavailable(
                f"Reading the catalog at {place(url)} failed: {reason}.",
                "Nothing was changed; try again when the server has more room.",
            ) from None
        finally:
            if not connection.invalidated:
                connection.rollback()
