"""Run the upgrade on a copy, traced."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect
from conformance.gate.on_copy.measuring import peak_of
from conformance.gate.on_copy.tracing import CopyTracer
from conformance.gate.on_copy.transactions import (
    IN_A_TRANSACTION,
    NEEDS_COMMIT,
    leaves_transaction,
)
from conformance.gate.rehearsing.base import connected
from conformance.gate.rehearsing.rehearsal import attempt
from conformance.gate.rules.sentences import shortened
from conformance.project.leading import opened_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import URL

    from conformance.gate.evidence.evidence import Failure
    from conformance.gate.evidence.report import Statement
    from conformance.gate.on_copy.holding import Holding
    from conformance.gate.on_copy.redaction import Redaction
    from conformance.gate.revisions.new import Revision
    from conformance.process.progress import Progress
    from conformance.project.migrations import Migrations

#: A server notices so soon that the client of a running statement has gone.
_NOTICE = "500ms"


@dataclass(frozen=True)
class Ran:
    """What an upgrade did.

    Attributes:
        statements: each with its revision; Alembic's own belong to the revision before them.
        failure: why the upgrade did not complete; None if it did.
        stopped_at: the revision that failed, or the last one.
        peak_bytes: the largest size of the database.
    """

    statements: tuple[tuple[str, Statement], ...]
    failure: Failure | None
    stopped_at: str
    revisions: tuple[str, ...]
    peak_bytes: int

    @property
    def wal_bytes(self) -> int:
        """The WAL of all statements."""
        return sum(statement.wal_bytes or 0 for _, statement in self.statements)

    def statements_of(self, revision: str) -> tuple[Statement, ...]:
        """The statements of one revision."""
        return tuple(statement for name, statement in self.statements if name == revision)

    def reached(self, revision: Revision) -> bool:
        """Whether the upgrade came to the revision."""
        return self.revisions.index(revision.identifier) <= self.revisions.index(self.stopped_at)

    def failed_at(self, revision: Revision) -> bool:
        """Whether the revision is the one that failed."""
        return self.failure is not None and revision.identifier == self.stopped_at


def safe(url: URL) -> URL:
    """The URL for sessions whose statements end with the client, where the server can do that.

    Source: PostgreSQL documentation, client_connection_check_interval.
    """
    with connect(url, autocommit=True) as connection:
        try:
            connection.exec_driver_sql(f"SET client_connection_check_interval = '{_NOTICE}'")
        except DBAPIError:
            # An operating system that cannot tell.
            return url
    given = url.query.get("options", "")
    own = " ".join(given) if isinstance(given, tuple) else given
    options = f"{own} -c client_connection_check_interval={_NOTICE}".strip()
    named = {"application_name": "timescaledb conformance"} | dict(url.query)
    return url.update_query_dict({**named, "options": options})


def why_not_held(revisions: Sequence[Revision], probe: Holding) -> str | None:
    """Why the upgrade cannot be rolled back, as far as the files show; None: they do not.

    Args:
        probe: what held back the commits of env.py while it only said how it migrates.
    """
    if probe.refused is not None:
        return probe.refused.problem.rstrip(".").partition(": ")[2]
    for revision in revisions:
        found = leaves_transaction(revision.path.read_text("utf-8"))
        if found is not None:
            words, line = found
            return f"{revision.file}, line {line}, leaves the transaction ({words})"
    return None


def run(  # noqa: PLR0913 - what runs, where, and for whom
    url: URL,
    migrations: Migrations,
    revisions: Sequence[Revision],
    *,
    redaction: Redaction,
    holding: Holding | None,
    progress: Progress,
) -> Ran:
    """Run all revisions in one `alembic upgrade`, as a deployment does.

    Args:
        holding: holds back the commits and has everything rolled back; None: they are real.

    Raises:
        CannotHold: the upgrade cannot be rolled back; what ran of it was rolled back.
    """
    names = {revision.path: revision.identifier for revision in revisions}
    opening = opened_by(holding) if holding is not None else nullcontext()
    raised: list[BaseException] = []

    def announce(statement: str) -> None:
        if holding is not None:
            holding.check(statement)
        progress(f"on the copy: {shortened(redaction.statement(statement))}")

    with peak_of(url) as peak, opening, connected(url, migrations.config) as connection:
        tracer = CopyTracer(
            connection,
            *names,
            redaction=redaction,
            peak=peak,
            before=announce,
            held=holding is not None,
        )

        def upgrade() -> None:
            try:
                migrations.upgrade(connection, revisions[-1].identifier)
            except Exception as error:
                raised.append(error)
                raise

        failure = attempt(upgrade, lambda: tracer.failed or "", tracer.handlers)
        connection.rollback()
        largest = peak.ever
    if holding is not None:
        _check_held(holding, failure)
    stopped_at = names.get(tracer.last_source) if tracer.last_source else None
    return Ran(
        tuple(_by_revision(tracer, names, revisions[0].identifier)),
        failure and redaction.failure(failure, raised[-1] if raised else None),
        revisions[-1].identifier if failure is None or stopped_at is None else stopped_at,
        tuple(names.values()),
        largest,
    )


def _check_held(holding: Holding, failure: Failure | None) -> None:
    if holding.refused is not None:
        raise holding.refused
    if failure is None:
        return
    sql = shortened(failure.sql)
    if failure.sqlstate in IN_A_TRANSACTION:
        raise holding.refuse(f"{sql} does not run in a transaction")
    if failure.sqlstate in NEEDS_COMMIT and holding.commits:
        raise holding.refuse(f"{sql} needs a commit before it")


def _by_revision(
    tracer: CopyTracer, names: dict[Path, str], first: str
) -> list[tuple[str, Statement]]:
    current, found = first, []
    for path, statement in zip(tracer.sources, tracer.statements, strict=True):
        current = current if path is None else names.get(path, current)
        found.append((current, statement))
    return found
