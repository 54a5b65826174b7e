"""Run all new revisions in one upgrade, as a deployment does, and trace them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.evidence import CombinedRun
from conformance.gate.rehearsing.rehearsal import attempt
from conformance.gate.rehearsing.tracing import Tracer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.gate.rehearsing.bench import Bench
    from conformance.gate.revisions.new import Revision


def run_together(bench: Bench, revisions: Sequence[Revision]) -> CombinedRun:
    """Run all revisions with one `alembic upgrade` on the base.

    Each revision succeeds alone. Together they may share a transaction, with its locks and pending
    trigger events; that depends on env.py, which therefore runs unchanged.
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
    stopped_at = names.get(tracer.last_source) if tracer.last_source else None
    return CombinedRun(statements, failure, stopped_at or revisions[-1].identifier)
