"""The report on a rehearsal on a copy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.comparing.findings import NotChecked
from conformance.comparing.verdict import EngineUsed
from conformance.gate.evidence.report import GateReport, RevisionReport, worst_first
from conformance.gate.rules.acceptance import accept
from conformance.gate.rules.compression import judge_refusal, refused_for_compression
from conformance.gate.rules.decompression import judge_decompression
from conformance.gate.rules.locks import judge_locks
from conformance.gate.rules.outcomes import judge_failure, judge_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.gate.evidence.copy import Copy
    from conformance.gate.evidence.evidence import Failure
    from conformance.gate.evidence.report import GateFinding
    from conformance.gate.on_copy.admission import Admitted
    from conformance.gate.on_copy.running import Ran
    from conformance.gate.revisions.new import NewRevisions, Revision

_ONLY_GENERATED = "conformance gate without --on tries it on generated rows"
_NOT_TRIED = ("downgrade", "interruptions", "offline", "rows")


def report(copy: Admitted, new: NewRevisions, ran: Ran, told: Copy) -> GateReport:
    """Judge what the revisions did, and say what was not tried."""
    findings = [finding for item in new.revisions for finding in _judged(item, ran)]
    used = EngineUsed.of("url", copy.shown, copy.server, "")
    return GateReport(
        used,
        new.base,
        ", ".join(new.base_heads),
        tuple(
            RevisionReport(
                revision.identifier,
                revision.title,
                revision.file,
                ran.statements_of(revision.identifier),
                () if ran.failed_at(revision) else ("upgrade on a copy of a real database",),
                revision.irreversible,
            )
            for revision in new.revisions
            if ran.reached(revision)
        ),
        tuple(sorted([*new.findings, *findings], key=worst_first)),
        tuple(_not_checked(new, ran)),
        copy=replace(told, peak_bytes=ran.peak_bytes, wal_bytes=ran.wal_bytes),
    )


def _judged(revision: Revision, ran: Ran) -> Iterator[GateFinding]:
    name = revision.identifier
    statements = ran.statements_of(name)
    failed = ran.failure if ran.failed_at(revision) else None
    found = [
        *([_of_failure(name, failed)] if failed is not None else ()),
        *judge_warnings(name, statements),
        *judge_locks(name, statements),
        *judge_decompression(name, statements),
    ]
    # Not every rule was applied, so that nothing is accepted in vain.
    yield from accept(name, revision.accepted, found, judged=False)


def _of_failure(revision: str, failure: Failure) -> GateFinding:
    judge = judge_refusal if refused_for_compression(failure) else judge_failure
    return judge(revision, failure)


def _not_checked(new: NewRevisions, ran: Ran) -> Iterator[NotChecked]:
    for revision in new.revisions:
        if ran.reached(revision):
            for check in _NOT_TRIED:
                yield NotChecked(f"{check}:{revision.identifier}", _ONLY_GENERATED)
        else:
            yield NotChecked(revision.identifier, "an earlier revision fails")
    yield NotChecked("drift", _ONLY_GENERATED)
