"""Judge the outcomes of a rehearsal: failure, warnings, interruptions, downgrade, offline. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.comparing.codes import ERROR, WARNING
from conformance.gate.evidence.report import GateFinding
from conformance.gate.evidence.state import (
    changed_rows,
    changed_traces,
    describe_changes,
    has_new_hypertables,
    with_rows,
)
from conformance.gate.rules.attribution import definer_of
from conformance.gate.rules.causes import (
    describe_failure,
    hint_for,
    hint_for_generated,
    may_depend_on_rows,
)
from conformance.gate.rules.compression import refused_for_compression
from conformance.gate.rules.hints import hint_for_interruption, hint_for_offline
from conformance.gate.rules.rows import judge_rows
from conformance.gate.rules.sentences import keyword, listed, shortened
from conformance.project.notices import is_advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.gate.evidence.evidence import (
        CombinedRun,
        DowngradeOutcome,
        Evidence,
        FailedWrite,
        Failure,
        Interruption,
    )
    from conformance.gate.evidence.report import Statement

    #: Code, message and hint of a finding.
    _Found = tuple[str, str, str]

#: The column, table, function or field that an error names as missing.
_MISSING = re.compile(r'(?:column|relation|field|function|attribute) "?(?:\w+\.)*(\w+)[" (]')


def judge(evidence: Evidence) -> Iterator[GateFinding]:
    """Judge one revision alone, except for locks, compression and squawk's rules."""
    failure = evidence.failure
    if failure is not None and not refused_for_compression(failure):
        found = judge_failure(evidence.revision.identifier, failure)
        yield replace(found, hint=hint_for_generated(failure))
    yield from judge_warnings(evidence.revision.identifier, evidence.statements)
    yield from judge_rows(evidence)
    yield from _writes(evidence)
    yield from _interruptions(evidence)
    yield from _downgrade(evidence)
    yield from _offline(evidence)


def judge_failure(revision: str, failure: Failure) -> GateFinding:
    """The finding about an upgrade that fails."""
    sql = f" at {shortened(failure.sql)}" if failure.sql else ""
    rows = " on rows" if may_depend_on_rows(failure) else ""
    depends = f"; {listed(failure.dependents)}" if failure.dependents else ""
    return GateFinding(
        "upgrade-failed",
        revision,
        "",
        f"The upgrade fails{rows}{sql}: {describe_failure(failure)}{depends}.",
        hint_for(failure),
    )


def judge_combined(combined: CombinedRun) -> Iterator[GateFinding]:
    """Find revisions that fail, or have another effect, only in the same run as others."""
    if combined.failure is not None:
        sql = f" at {shortened(combined.failure.sql)}" if combined.failure.sql else ""
        yield GateFinding(
            "upgrade-failed",
            combined.stopped_at,
            "",
            "The upgrade succeeds alone but fails in one run with the revisions before it"
            f"{sql}: {describe_failure(combined.failure)}.",
            "Run each revision in its own transaction: transaction_per_migration in env.py, or an "
            "autocommit_block(); or deploy the revisions one after the other.",
        )
    elif combined.differences:
        yield GateFinding(
            "together-differs",
            combined.stopped_at,
            "",
            "In one run the new revisions have another effect than one by one: "
            f"{listed(combined.differences)}.",
            "A revision leaves a setting of its session behind, such as search_path: let the "
            "revision reset the setting at its end, or name the schema in each statement.",
        )


def judge_warnings(revision: str, statements: Iterable[Statement]) -> Iterator[GateFinding]:
    """Find the first warning of the server."""
    raised = [
        (statement.number, notice.message)
        for statement in statements
        for notice in statement.notices
        if notice.severity == "WARNING" and not is_advice(notice.message)
    ]
    if raised:
        number, message = raised[0]
        more = f" (and {len(raised) - 1} more)" if raised[1:] else ""
        yield GateFinding(
            "warning",
            revision,
            "",
            f"Statement {number} raises a WARNING: {message.rstrip('.')}{more}.",
            "Such a statement often keeps the old state: change it so that the server does not "
            "warn.",
            number,
        )


def _writes(evidence: Evidence) -> Iterator[GateFinding]:
    by_table: dict[str, list[FailedWrite]] = defaultdict(list)
    for each in evidence.failed_writes:
        by_table[each.table].append(each)
    for table, failed in by_table.items():
        verbs = ", ".join(each.verb for each in failed)
        reason = failed[0].reason
        missing = _MISSING.search(reason)
        mended = all(each.mended for each in failed)
        yield GateFinding(
            "writes-fail",
            evidence.revision.identifier,
            table,
            f"After the upgrade writes of {table} fail ({verbs}): {reason}.",
            "A later revision mends this: run both in one transaction, or mend it in the same "
            "revision."
            if mended
            else "Replace the function of the trigger in the same revision: PostgreSQL renames "
            "nothing in the body of a function.",
            definer_of(evidence.statements, missing[1])
            if missing
            else definer_of(evidence.statements, table, "table"),
            severity=WARNING if mended else ERROR,
        )


def _interruptions(evidence: Evidence) -> Iterator[GateFinding]:
    harmful = [item for item in evidence.interruptions if not item.harmless]
    if harmful:
        first, *more = harmful
        numbers = ", ".join(str(item.statement) for item in more)
        plural = "s" * (len(more) > 1)
        others = f" The same happens before statement{plural} {numbers}." if more else ""
        yield GateFinding(
            "interrupted",
            evidence.revision.identifier,
            "",
            f"An upgrade that is interrupted before statement {first.statement} leaves changes "
            f"behind ({listed(first.left)}), and {_next_run(first)}.{others}",
            hint_for_interruption(first.failure),
            first.statement,
        )


def _next_run(interruption: Interruption) -> str:
    if interruption.failure is not None:
        return f"the next run fails: {interruption.failure.reason.rstrip('.')}"
    return f"the next run does not complete the upgrade: {listed(interruption.missing)}"


def _downgrade(evidence: Evidence) -> Iterator[GateFinding]:
    reason = evidence.revision.irreversible
    outcome = evidence.downgrade
    if outcome is not None and outcome.irreversible is not None:
        reason = outcome.irreversible
    if reason is not None:
        found: _Found | None = (
            "irreversible",
            f"The revision is irreversible: {reason.rstrip('.')}.",
            "Make a backup before the upgrade.",
        )
    else:
        found = None if outcome is None else _judge_downgrade(evidence, outcome)
    if found is not None:
        code, message, hint = found
        yield GateFinding(code, evidence.revision.identifier, "", message, hint)


def _judge_downgrade(evidence: Evidence, outcome: DowngradeOutcome) -> _Found | None:
    """The code, message and hint of what is wrong with the downgrade; None: nothing is."""
    if outcome.failure is not None:
        return (
            "downgrade",
            f"The downgrade fails: {describe_failure(outcome.failure)}.",
            'Make the downgrade work on tables with rows, or declare irreversible = "why".',
        )
    if outcome.dropped_extension:
        return (
            "downgrade",
            "The downgrade drops the extension timescaledb, and with the extension every chunk, "
            "policy and continuous aggregate of the database; what else the downgrade restores "
            "cannot be compared.",
            "Keep the extension in the downgrade: other schemas of the database may use it.",
        )
    assert outcome.after is not None
    facts = describe_changes(evidence.before, outcome.after, validations=False)
    # Data that the upgrade lost or changed is another finding; no downgrade can restore it.
    known = {name for name, _ in changed_rows(evidence.before, evidence.after or evidence.before)}
    rows = dict(changed_rows(evidence.before, outcome.after, without=known))
    different = with_rows(facts, rows.values())
    if different and outcome.statements == 0:
        return (
            "downgrade-missing",
            f"The downgrade does nothing and leaves changes behind: {listed(different)}.",
            'Undo in downgrade() what upgrade() does, or declare irreversible = "why".',
        )
    if different:
        return (
            "downgrade",
            f"The downgrade does not restore the previous state: {listed(different)}.",
            'Undo everything that upgrade() does, or declare irreversible = "why".',
        )
    traces = changed_traces(evidence.before, outcome.after, chunks=_created_hypertables(evidence))
    if not traces:
        return None
    return (
        "trace-left",
        f"Upgrade and downgrade together change a catalog: {listed(traces)}.",
        "Drop these objects in the downgrade, or remove their policy, job or setting.",
    )


def _created_hypertables(evidence: Evidence) -> bool:
    """Whether the upgrade created hypertables, whose chunks a downgrade must not leave behind.

    Chunks of other hypertables change with their rows, which other rules judge.
    """
    return evidence.after is None or has_new_hypertables(evidence.before, evidence.after)


def _offline(evidence: Evidence) -> Iterator[GateFinding]:
    if evidence.offline is None:
        return
    if evidence.offline.failure is not None:
        failure = evidence.offline.failure
        sql = f" at {shortened(failure.sql)}" if failure.sql else ""
        outcome = f"fails{sql}: {failure.reason.rstrip('.')}"
    elif evidence.offline.differences:
        outcome = f"has another effect: {listed(evidence.offline.differences)}"
    else:
        return
    yield GateFinding(
        "offline-differs",
        evidence.revision.identifier,
        "",
        f"The output of 'alembic upgrade --sql' {outcome}.",
        hint_for_offline(outcome),
    )


def tables_without_rows(evidence: Evidence) -> list[str]:
    """The tables that the upgrade changed and that had no rows to show an effect."""
    empty = {item.name for item in evidence.before.contents.values() if not item.rows}
    return sorted(empty & affected_tables(evidence))


def affected_tables(evidence: Evidence) -> set[str]:
    """The existing tables whose rows or readers the upgrade can affect."""
    return {
        lock.relation
        for statement in evidence.statements
        for lock in statement.locks
        if lock.existed and (lock.blocks or keyword(statement.sql) in ("UPDATE", "DELETE"))
    }
