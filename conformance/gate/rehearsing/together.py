"""Run all new revisions in one go, as they are deployed, and watch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.evidence import Together
from conformance.gate.rehearsing.rehearsal import attempt
from conformance.gate.rehearsing.tracing import Tracer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.gate.rehearsing.bench import Bench
    from conformance.gate.revisions.new import Revision


def run_together(bench: Bench, revisions: Sequence[Revision]) -> Together:
    """One `alembic upgrade` over all of them, on the base.

    Each of them succeeds alone. Together they may share a transaction, with its locks and its
    pending work; that depends on env.py, which therefore runs as it is.
    """
    bench.renew()
    names = {revision.path: revision.identifier for revision in revisions}
    with bench.connect() as connection:
        tracer = Tracer(connection, *names)
        failure = attempt(
            lambda: bench.migrations.upgrade(connection, revisions[-1].identifier),
            lambda: tracer.failed or "",
            tracer.handlers,
        )
    statements = tuple(
        (names[path], statement)
        for path, statement in zip(tracer.sources, tracer.statements, strict=True)
        if path is not None
    )
    stopped = names.get(tracer.last_source) if tracer.last_source else None
    return Together(statements, failure, stopped or revisions[-1].identifier)
