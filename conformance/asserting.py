"""Check at an application's start that its database is what its models declare."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, text

from conformance.comparing.acceptance import Acceptance, Policy, settle
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.engines.identification import identify_server
from conformance.errors import ConformanceError
from conformance.pipeline import check_database, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import MetaData, Transaction

_ISOLATION = "REPEATABLE READ"


class DoesNotConform(Exception):
    """The database differs from the models.

    Attributes:
        messages: a sentence for each finding that fails, as `conformance audit` prints it.
        ids: the ids of these findings, in the same order.
    """

    def __init__(self, messages: Sequence[str], ids: Sequence[str]) -> None:
        super().__init__(messages, ids)
        self.messages = tuple(messages)
        self.ids = tuple(ids)

    def __str__(self) -> str:
        number = len(self.messages)
        lines = (f"  {text}" for text in self.messages)
        return "\n".join(
            (
                f"The database differs from the models, {number} finding{'s' * (number != 1)}:",
                *lines,
            )
        )


def assert_conforms(  # noqa: PLR0913 - what an audit reads from the project's configuration
    bind: Engine | Connection,
    metadata: MetaData,
    *,
    schemas: Sequence[str] = ("public",),
    accepted: Mapping[str, str] | None = None,
    leave: Sequence[str] = (),
    timeout: str = "30s",
) -> None:
    """Check that the database is what the models declare; for an application's start.

    Reads catalogs only, in a read-only transaction with timeouts that is rolled back. A connection
    that is in a transaction stays in it: the check then runs in a savepoint. Works with any
    PostgreSQL driver of SQLAlchemy. Does not read pyproject.toml, and does not judge jobs and
    sequences of a database in use; `conformance audit` does both.

    With an asynchronous engine::

        async with engine.connect() as connection:
            await connection.run_sync(assert_conforms, Base.metadata)

    Args:
        bind: the engine or a connection of the application.
        metadata: the metadata of the models.
        schemas: schemas to check in addition to those that the metadata names. Tables without a
            schema belong to the first one.
        accepted: reasons by the id of a finding; `*` in an id stands for any text.
        leave: patterns of objects that are left to others, such as `celery_*`.
        timeout: PostgreSQL's statement_timeout for the check; `lock_timeout` is 5 seconds.

    Raises:
        DoesNotConform: the database differs from the models; the error has all findings.
        ConformanceError: the check is not possible: the server is not supported, or the connection
            is in autocommit mode.
        TypeError: the bind is asynchronous, or no bind at all.
        sqlalchemy.exc.DBAPIError: the connection fails, or a timeout expires.
    """
    with _reading(bind, timeout) as connection:
        server = identify_server(connection)
        scope = scope_of(metadata, schemas, leave)
        comparison = check_database(connection, metadata, server.capabilities, scope)
    found = Verdict(EngineUsed("url", ""), tuple(comparison.findings.values()))
    acceptances = tuple(Acceptance(id_, reason) for id_, reason in (accepted or {}).items())
    today = datetime.now().astimezone().date()
    settled = settle(found, Policy("audit", today, acceptances), whole=False)
    failing = [finding for finding in settled.findings if finding.fails]
    if failing:
        raise DoesNotConform([item.message for item in failing], [item.id for item in failing])


@contextmanager
def _reading(bind: Engine | Connection, timeout: str) -> Iterator[Connection]:
    """A connection in a transaction, or savepoint, that only reads and is rolled back."""
    if isinstance(bind, Engine):
        reading = bind.execution_options(isolation_level=_ISOLATION, postgresql_readonly=True)
        # Nothing is committed: leaving the block rolls back.
        with reading.connect() as connection:
            _set_timeouts(connection, timeout)
            yield connection
        return
    if not isinstance(bind, Connection):
        raise TypeError(_what_it_is(bind))
    # All drivers' connections have it; SQLAlchemy does not say which level an engine sets.
    if getattr(bind.connection.dbapi_connection, "autocommit", False):
        raise ConformanceError(
            "The connection is in autocommit mode, in which the check has no snapshot.",
            "Pass the engine to assert_conforms, or another connection.",
        )
    begin = bind.begin_nested if bind.in_transaction() else bind.begin
    transaction: Transaction = begin()
    try:
        _set_timeouts(bind, timeout)
        yield bind
    finally:
        transaction.rollback()


def _set_timeouts(connection: Connection, timeout: str) -> None:
    """Until the transaction, or the savepoint, is rolled back."""
    connection.exec_driver_sql("SET LOCAL transaction_read_only = on")
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    connection.execute(
        text("SELECT pg_catalog.set_config('statement_timeout', :timeout, true)"),
        {"timeout": timeout},
    )


def _what_it_is(bind: Any) -> str:
    kind = type(bind).__name__
    if kind.startswith("Async"):
        return (
            f"assert_conforms needs an Engine or a Connection, not {kind}. Write: async with "
            "engine.connect() as connection: await connection.run_sync(assert_conforms, metadata)"
        )
    return f"assert_conforms needs an Engine or a Connection of SQLAlchemy, not {kind}."
