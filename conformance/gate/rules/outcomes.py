"""Evidence -> findings: what of a rehearsal is wrong, and what to do about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.report import GateFinding
from conformance.gate.evidence.state import (
    changed_facts,
    changed_rows,
    changed_traces,
    more_hypertables,
    told_facts,
)
from conformance.gate.rules.compression import refused_for_compression
from conformance.gate.rules.hints import (
    hint_for_dependents,
    hint_for_failure,
    hint_for_interruption,
    hint_for_offline,
    may_be_of_rows,
)
from conformance.gate.rules.rows import judge_rows
from conformance.gate.rules.sentences import keyword, listed, shortened
from conformance.project.notices import is_advice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.comparing.findings import Finding
    from conformance.gate.evidence.evidence import Evidence, Interruption, Return, Together


def judge(evidence: Evidence) -> Iterator[GateFinding]:
    """Everything that one revision alone shows, apart from locks, compression and squawk."""
    yield from _failure(evidence)
    yield from _warnings(evidence)
    yield from judge_rows(evidence)
    yield from _interruptions(evidence)
    yield from _return(evidence)
    yield from _by_hand(evidence)


def judge_drift(
    findings: Sequence[Finding], rehearsed: Sequence[Evidence]
) -> Iterator[GateFinding]:
    """What the database is at the end, and the models do not declare.

    Each is said of the last revision that changed the fact, else of the last revision.
    """
    changed: dict[str, str] = {}
    for evidence in rehearsed:
        if evidence.after is not None:
            for key in changed_facts(evidence.before, evidence.after):
                changed[key.id] = evidence.revision.identifier
    last = rehearsed[-1].revision.identifier
    for finding in findings:
        yield GateFinding(
            "drift", changed.get(finding.id, last), finding.id, f"{finding.message}.", finding.hint
        )


def _failure(evidence: Evidence) -> Iterator[GateFinding]:
    if evidence.failure is not None and not refused_for_compression(evidence.failure):
        failure = evidence.failure
        sql = f" at {shortened(failure.sql)}" if failure.sql else ""
        rows = " on rows" if may_be_of_rows(failure) else ""
        depends = f"; {listed(failure.dependents)}" if failure.dependents else ""
        yield GateFinding(
            "upgrade-failed",
            evidence.revision.identifier,
            "",
            f"The upgrade fails{rows}{sql}: {failure.reason.rstrip('.')}{depends}.",
            hint_for_dependents(failure.dependents) or hint_for_failure(failure.reason),
        )


def judge_failure_together(together: Together) -> Iterator[GateFinding]:
    """An upgrade that fails only where it follows others in the same run."""
    if together.failure is not None:
        sql = f" at {shortened(together.failure.sql)}" if together.failure.sql else ""
        yield GateFinding(
            "upgrade-failed",
            together.stopped,
            "",
            f"Alone the upgrade succeeds, in one go with the revisions before it it fails{sql}: "
            f"{together.failure.reason.rstrip('.')}.",
            "Let each run in a transaction of its own: transaction_per_migration in env.py, or an "
            "autocommit_block(); or deploy them one after the other.",
        )


def _warnings(evidence: Evidence) -> Iterator[GateFinding]:
    raised = [
        (statement.number, notice.message)
        for statement in evidence.statements
        for notice in statement.notices
        if notice.severity == "WARNING" and not is_advice(notice.message)
    ]
    if raised:
        number, message = raised[0]
        more = f" (and {len(raised) - 1} more)" if raised[1:] else ""
        yield GateFinding(
            "warning",
            evidence.revision.identifier,
            "",
            f"Statement {number} raises a WARNING: {message.rstrip('.')}{more}.",
            "A statement that warns often keeps the old state: say what is meant.",
            number,
        )


def _interruptions(evidence: Evidence) -> Iterator[GateFinding]:
    harmful = [item for item in evidence.interruptions if not item.harmless]
    if harmful:
        first = harmful[0]
        numbers = ", ".join(str(item.statement) for item in harmful[1:])
        others = f" The same before {numbers}." if numbers else ""
        yield GateFinding(
            "interrupted",
            evidence.revision.identifier,
            "",
            f"Interrupted before statement {first.statement}, the upgrade leaves "
            f"{listed(first.left)}; {_stuck(first)}.{others}",
            hint_for_interruption(first.failure.reason if first.failure else ""),
            first.statement,
        )


def _stuck(interruption: Interruption) -> str:
    if interruption.failure is not None:
        return f"the next run fails: {interruption.failure.reason.rstrip('.')}"
    return f"the next run does not finish the work: {listed(interruption.missing)}"


def _return(evidence: Evidence) -> Iterator[GateFinding]:
    """The way back."""
    reason = evidence.revision.irreversible
    if evidence.down is not None and evidence.down.irreversible is not None:
        reason = evidence.down.irreversible
    if reason is not None:
        yield GateFinding(
            "irreversible",
            evidence.revision.identifier,
            "",
            f"There is no way back: {reason.rstrip('.')}.",
            "Have a backup before it runs.",
        )
    elif evidence.down is not None:
        yield from _downgrade(evidence, evidence.down)


def _downgrade(evidence: Evidence, down: Return) -> Iterator[GateFinding]:
    revision = evidence.revision.identifier
    if down.failure is not None:
        yield GateFinding(
            "downgrade",
            revision,
            "",
            f"The downgrade fails: {down.failure.reason.rstrip('.')}.",
            'Make it run on tables that have rows, or declare irreversible = "why".',
        )
        return
    assert down.after is not None
    facts = told_facts(evidence.before, down.after, proofs=False)
    # What the upgrade lost or changed is said there; no downgrade could know the old values.
    known = {name for name, _ in changed_rows(evidence.before, evidence.after or evidence.before)}
    rows = dict(changed_rows(evidence.before, down.after, without=known))
    different = [*facts, *rows.values()]
    if different and down.statements == 0:
        yield GateFinding(
            "downgrade-missing",
            revision,
            "",
            f"The downgrade does nothing, and leaves {listed(different)}.",
            'Undo there what upgrade() does, or declare irreversible = "why".',
        )
    elif different:
        yield GateFinding(
            "downgrade",
            revision,
            "",
            f"The downgrade does not lead back: {listed(different)}.",
            'Undo all that upgrade() does, or declare irreversible = "why".',
        )
    elif traces := changed_traces(evidence.before, down.after, chunks=_made_chunks(evidence)):
        yield GateFinding(
            "trace-left",
            revision,
            "",
            f"After upgrade and downgrade a catalog is not as before: {listed(traces)}.",
            "Drop what is left, or remove its policy, job or setting.",
        )


def _made_chunks(evidence: Evidence) -> bool:
    """Whether it made hypertables, whose chunks a downgrade must not leave.

    Those of others come and go with their rows, which is said of the upgrade.
    """
    return evidence.after is None or more_hypertables(evidence.before, evidence.after)


def _by_hand(evidence: Evidence) -> Iterator[GateFinding]:
    if evidence.by_hand is None:
        return
    what = ""
    if evidence.by_hand.failure is not None:
        failure = evidence.by_hand.failure
        sql = f" at {shortened(failure.sql)}" if failure.sql else ""
        what = f"fails{sql}: {failure.reason.rstrip('.')}"
    elif evidence.by_hand.differences:
        what = f"does something else: {listed(evidence.by_hand.differences)}"
    if what:
        yield GateFinding(
            "offline-differs",
            evidence.revision.identifier,
            "",
            f"What 'alembic upgrade --sql' prints {what}.",
            hint_for_offline(what),
        )


def no_rows(evidence: Evidence) -> list[str]:
    """Tables that the upgrade touched, and that had no rows to see its effect on."""
    empty = {item.name for item in evidence.before.contents.values() if not item.rows}
    return sorted(empty & touched(evidence))


def touched(evidence: Evidence) -> set[str]:
    """Tables that were there before, and whose rows or readers the upgrade can affect."""
    return {
        lock.relation
        for statement in evidence.statements
        for lock in statement.locks
        if lock.existed and (lock.blocks or keyword(statement.sql) in ("UPDATE", "DELETE"))
    }
