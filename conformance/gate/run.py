"""`conformance gate`: from the choices of a caller to a report."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS
from conformance.comparing.findings import NotChecked
from conformance.comparing.verdict import EngineUsed
from conformance.declarations import compression_of, hypertable_of, server_requirement_of, tables_of
from conformance.engines.started import start_session
from conformance.errors import MigrationFailed
from conformance.gate.evidence.codes import CODES, SEVERITIES
from conformance.gate.evidence.report import GateFinding, GateReport, RevisionReport
from conformance.gate.rehearsing.bench import Bench
from conformance.gate.rehearsing.rehearsal import Rehearsal
from conformance.gate.rehearsing.together import run_together
from conformance.gate.revisions.new import new_since_commit, new_since_revision
from conformance.gate.rules.acceptance import accept
from conformance.gate.rules.compression import judge_compression
from conformance.gate.rules.locks import judge_locks, judge_together
from conformance.gate.rules.outcomes import (
    judge,
    judge_drift,
    judge_failure_together,
    no_rows,
    touched,
)
from conformance.gate.squawk import SquawkUnavailable, comparable, complaints, judge_squawk
from conformance.pipeline import check_database, scope_of
from conformance.population.reflection import schemas_of
from conformance.process.progress import unwatched
from conformance.project.extensions import who_has
from conformance.project.models import metadata_for
from conformance.project.scripts import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.config import Config
    from sqlalchemy import Connection, MetaData

    from conformance.comparing.comparison import Comparison
    from conformance.engines.started import Session
    from conformance.gate.evidence.evidence import Evidence
    from conformance.gate.revisions.new import NewRevisions
    from conformance.observed import Scope
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration


_NO_WAY_BACK = frozenset({"downgrade", "downgrade-missing", "trace-left"})


@dataclass(frozen=True)
class Choices:
    """What is rehearsed, and where.

    Attributes:
        project: models, migrations and engine.
        base: what the new revisions are new against, for git; None: the main branch.
        from_revision: the last old revision instead; None: git is asked.
    """

    project: Configuration
    base: str | None = None
    from_revision: str | None = None


def gate(choices: Choices, progress: Progress = unwatched) -> GateReport:
    """Rehearse the new revisions and judge them.

    Args:
        progress: told what is done next.

    Raises:
        ConformanceError: no verdict is possible; the error says why.
    """
    started = time.monotonic()
    config = config_for(choices.project)
    if choices.from_revision is not None:
        new = new_since_revision(config, choices.from_revision)
    else:
        new = new_since_commit(config, choices.base)
    heads = ", ".join(new.base_heads)
    if not new.revisions:
        nothing = EngineUsed("none", "no engine was needed")
        models = NotChecked("drift", "no revision is new; conformance check compares the models")
        return GateReport(
            nothing, new.base, heads, (), new.findings, (models,), None, _since(started)
        )
    metadata = metadata_for(choices.project)
    session = start_session(choices.project.engine, choices.project.image, progress)
    try:
        report = rehearse(session, config, new, metadata, progress, schemas=choices.project.schemas)
        return replace(report, seconds=_since(started))
    finally:
        session.engine.stop()


def _since(started: float) -> float:
    return time.monotonic() - started


def rehearse(  # noqa: PLR0913 - what is rehearsed, where, and for whom
    session: Session,
    config: Config,
    new: NewRevisions,
    metadata: MetaData,
    progress: Progress = unwatched,
    *,
    schemas: Sequence[str] = ("public",),
) -> GateReport:
    """Rehearse the revisions on databases of a started engine, and judge them.

    Args:
        schemas: those that drift is looked for in, beside those that the metadata names.

    Raises:
        ConformanceError: no verdict is possible; the error says why.
    """
    with Bench(session.engine, config, new) as bench:
        return _Gate(bench, new, metadata, session, progress).run(scope_of(metadata, schemas))


class _Gate:
    """The rehearsal of all new revisions, one upon the other."""

    def __init__(
        self,
        bench: Bench,
        new: NewRevisions,
        metadata: MetaData,
        session: Session,
        progress: Progress,
    ) -> None:
        self._bench = bench
        self._new = new
        self._metadata = metadata
        self._session = session
        self._progress = progress
        self._not_checked: list[NotChecked] = []
        self._comparison: Comparison | None = None
        self._thin: dict[tuple[str, str], str] = {}

    def run(self, scope: Scope) -> GateReport:
        """Rehearse, and compare what is in the scope with the models."""
        # Where the migrations fail, that is seen when they are rehearsed.
        with suppress(MigrationFailed):
            self._bench.migrations.use_their_version(self._session.engine)
        self._progress("filling the base with rows")
        self._bench.renew()
        self._thin = self._bench.thin()
        self._models_scope = replace(scope, version_table=self._bench.version_table)
        rehearsed = self._rehearse_all()
        together = self._together(rehearsed)
        for extension in sorted(self._bench.migrations.left_out):
            self._skip(
                f"extension:{extension}",
                f"this engine lacks it, and the revisions ran without: take {who_has(extension)}",
            )
        findings = [*self._new.findings]
        drift = list(self._drift(rehearsed))
        for evidence in rehearsed:
            revision = evidence.revision.identifier
            own = [item for item in (*drift, *together) if item.revision == revision]
            findings += self._judged(evidence, own)
        return GateReport(
            self._session.used,
            self._new.base,
            ", ".join(self._new.base_heads),
            tuple(_reported(evidence, findings) for evidence in rehearsed),
            tuple(sorted(findings, key=_worst_first)),
            tuple(self._not_checked),
        )

    def _rehearse_all(self) -> list[Evidence]:
        rehearsed: list[Evidence] = []
        revisions = self._new.revisions
        scope = self._scope()
        for number, revision in enumerate(revisions):
            rehearsal = Rehearsal(self._bench, revision, revisions[:number], scope, self._progress)
            evidence = rehearsal.run(self._compare if revision is revisions[-1] else _nothing)
            rehearsed.append(evidence)
            for what, reason in evidence.not_checked.items():
                self._skip(f"{what}:{revision.identifier}", reason)
            if evidence.failure is not None:
                self._skip(
                    revision.identifier,
                    "its upgrade fails: interruptions, downgrade and offline SQL were not tried",
                )
                for later in revisions[number + 1 :]:
                    self._skip(later.identifier, f"{revision.identifier} before it fails")
                break
        return rehearsed

    def _together(self, rehearsed: Sequence[Evidence]) -> list[GateFinding]:
        """What only several revisions in one go show."""
        revisions = self._new.revisions
        if len(revisions) == 1 or len(rehearsed) < len(revisions) or rehearsed[-1].failure:
            return []
        self._progress("all in one go")
        together = run_together(self._bench, revisions)
        return [*judge_failure_together(together), *judge_together(together.statements)]

    def _scope(self) -> Scope:
        with self._bench.look() as connection:
            found = schemas_of(connection)
        return replace(
            self._models_scope, schemas=tuple(sorted({*found, *self._models_scope.schemas}))
        )

    def _compare(self, connection: Connection) -> None:
        self._comparison = check_database(
            connection, self._metadata, self._session.engine.capabilities, self._models_scope
        )
        connection.rollback()

    def _drift(self, rehearsed: Sequence[Evidence]) -> Iterator[GateFinding]:
        if self._comparison is None:
            self._skip("drift", "the last revision was not reached")
            return
        yield from judge_drift(tuple(self._comparison.findings.values()), rehearsed)
        self._not_checked += self._comparison.not_checked.values()

    def _judged(self, evidence: Evidence, others: Sequence[GateFinding]) -> Iterator[GateFinding]:
        revision = evidence.revision.identifier
        compressed = [
            table.fullname for table in tables_of(self._metadata) if compression_of(table)
        ]
        minimum = server_requirement_of(self._metadata).minimum
        findings = [
            *judge(evidence),
            *others,
            *judge_locks(revision, evidence.statements),
            *judge_compression(evidence, compressed, minimum),
        ]
        squawk = self._squawk(evidence, {finding.code for finding in findings})
        for what, reason in sorted(self._unseen(evidence)):
            self._skip(f"rows:{revision}:{what}", reason)
        yield from accept(
            revision,
            evidence.revision.accepted,
            [*findings, *(squawk or ())],
            judged=evidence.failure is None,
            squawk_ran=squawk is not None,
        )

    def _unseen(self, evidence: Evidence) -> Iterator[tuple[str, str]]:
        """Tables, columns and checks of which the rows do not show what the upgrade does."""
        known = {table for table, part in self._thin if not part}
        for (table, part), reason in self._thin.items():
            if table in touched(evidence):
                yield f"{table}.{part}" if part else table, reason
        for table in no_rows(evidence):
            if table not in known:
                yield table, "a new revision made the table; only the base has generated rows"

    def _squawk(self, evidence: Evidence, found: set[str]) -> list[GateFinding] | None:
        revision = evidence.revision.identifier
        if evidence.by_hand is None:
            if evidence.failure is None:
                self._skip(f"squawk:{revision}", "there is no offline SQL for it to read")
            return None
        try:
            said = complaints(evidence.by_hand.script, self._session.engine.server.postgresql)
        except SquawkUnavailable as error:
            self._skip(f"squawk:{revision}", str(error))
            return None
        return list(
            judge_squawk(revision, said, found, self._hypertables(evidence), _seen(evidence))
        )

    def _hypertables(self, evidence: Evidence) -> set[str]:
        declared = {table.name for table in tables_of(self._metadata) if hypertable_of(table)}
        return declared | {
            key.table
            for key in evidence.before.facts
            if key.kind == "hypertable" and key.attribute == EXISTS
        }

    def _skip(self, what: str, reason: str) -> None:
        self._not_checked.append(NotChecked(what, reason))


def _nothing(_: Connection) -> None:
    """Between two revisions the models say nothing."""


def _seen(evidence: Evidence) -> set[str]:
    """Statements of which it is known that they go through no rows, or through which."""
    if no_rows(evidence):
        return set()
    return {
        comparable(statement.sql)
        for statement in evidence.statements
        # Outside of a transaction locks are gone before anybody can look at them.
        if statement.transaction is not None
    }


def _reported(evidence: Evidence, findings: Sequence[GateFinding]) -> RevisionReport:
    revision, down = evidence.revision, evidence.down
    codes = {item.code for item in findings if item.revision == revision.identifier}
    return RevisionReport(
        revision.identifier,
        revision.title,
        revision.file,
        evidence.statements,
        tuple(_checks(evidence, codes)),
        revision.irreversible or (down.irreversible if down else None),
    )


def _checks(evidence: Evidence, codes: set[str]) -> Iterator[str]:
    """What was tried and held."""
    if evidence.failure is not None:
        return
    rows = sum(contents.rows for contents in evidence.before.contents.values())
    yield f"upgrade on {rows} generated rows in {len(evidence.before.contents)} tables"
    if evidence.interruptions and all(item.harmless for item in evidence.interruptions):
        again = sum(bool(item.left) for item in evidence.interruptions)
        finished = f", {again} times finished by the next run" if again else ""
        yield f"interrupted at {len(evidence.interruptions)} statements{finished}"
    if evidence.down is not None and evidence.down.after is not None and not codes & _NO_WAY_BACK:
        yield "downgrade leads back"
    by_hand = evidence.by_hand
    if by_hand is not None and by_hand.failure is None and not by_hand.differences:
        yield "offline SQL leads to the same"


def _worst_first(finding: GateFinding) -> tuple[bool, int, str, int, str]:
    order = list(CODES)
    rank = order.index(finding.code) if finding.code in CODES else len(order)
    return (
        finding.accepted is not None,
        SEVERITIES.index(finding.severity),
        finding.revision,
        rank,
        finding.subject,
    )
