"""Run all new revisions in one upgrade, as a deployment does, and trace them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.evidence import CombinedRun
from conformance.gate.evidence.state import describe_changes, without_changing
from conformance.gate.rehearsing.reading import read_state, with_every_schema
from conformance.gate.rehearsing.rehearsal import attempt
from conformance.gate.rehearsing.tracing import Tracer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.gate.evidence.state import State
    from conformance.gate.rehearsing.bench import Bench
    from conformance.gate.revisions.new import Revision
    from conformance.observed import Scope


def run_together(
    bench: Bench, revisions: Sequence[Revision], one_by_one: State, scope: Scope
) -> CombinedRun:
    """Run all revisions with one `alembic upgrade` on the base.

    Each revision succeeds alone. Together they may share a transaction, with its locks and pending
    trigger events, and a session with its settings; that depends on env.py, which therefore runs
    unchanged.

    Args:
        one_by_one: the state after the last revision, each in an upgrade of its own.
        scope: the schemas to read.
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
    differences: list[str] = []
    if failure is None:
        found = _state(bench, scope)
        differences = describe_changes(one_by_one, found)
    if differences:
        bench.renew(revisions)
        again = _state(bench, scope)
        differences = describe_changes(
            *(without_changing(state, one_by_one, again) for state in (one_by_one, found))
        )
    stopped_at = stopped_at or revisions[-1].identifier
    return CombinedRun(statements, failure, stopped_at, tuple(differences))


def _state(bench: Bench, scope: Scope) -> State:
    with bench.reader() as connection:
        return read_state(connection, with_every_schema(connection, scope))
