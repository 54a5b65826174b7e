"""Rehearse new revisions on databases of an engine, judge them, and report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import MetaData

from conformance.comparing.facts import EXISTS
from conformance.comparing.findings import NotChecked
from conformance.declarations import compression_of, hypertable_of, server_requirement_of, tables_of
from conformance.errors import MigrationFailed
from conformance.expected import expected_facts
from conformance.gate.evidence.report import (
    GateFinding,
    GateReport,
    RevisionReport,
    worst_first,
)
from conformance.gate.rehearsing.bench import Bench
from conformance.gate.rehearsing.reading import with_every_schema
from conformance.gate.rehearsing.rehearsal import Rehearsal
from conformance.gate.rehearsing.together import run_together
from conformance.gate.rehearsing.writing import failed_writes
from conformance.gate.rules.acceptance import accept
from conformance.gate.rules.compression import Versions, judge_compression
from conformance.gate.rules.decompression import judge_decompression
from conformance.gate.rules.drift import judge_drift, unchanged
from conformance.gate.rules.effects import without_effect
from conformance.gate.rules.locks import judge_locks, judge_together, judge_zones
from conformance.gate.rules.outcomes import (
    affected_tables,
    judge,
    judge_combined,
    tables_without_rows,
)
from conformance.gate.rules.sizes import estimates, judge_sizes, would_scale
from conformance.gate.rules.volumes import not_estimated, volumes
from conformance.gate.squawk import SquawkUnavailable, find_violations, judge_squawk, normalize
from conformance.observed.home import version_of
from conformance.pipeline import check_database, scope_of
from conformance.process.progress import unwatched
from conformance.project.extensions import engines_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from alembic.config import Config
    from sqlalchemy import Connection

    from conformance.comparing.comparison import Comparison
    from conformance.comparing.facts import Facts
    from conformance.engines.started import Session
    from conformance.gate.evidence.evidence import Evidence, FailedWrite
    from conformance.gate.evidence.report import Estimate
    from conformance.gate.evidence.sizes import Sizes
    from conformance.gate.revisions.new import NewRevisions
    from conformance.observed import Scope
    from conformance.process.progress import Progress


_DOWNGRADE_CODES = frozenset({"downgrade", "downgrade-missing", "trace-left"})


_SIZES_UNKNOWN = (
    "not known: run conformance audit URL --sizes FILE on the real database, and give --sizes FILE "
    "here. The report then estimates how long locks are held there, and what the revisions take: "
    "lock-table entries, decompressed rows, disk and WAL"
)


def _unknown() -> None:
    """The earlier models are not known."""


def rehearse(  # noqa: PLR0913 - what is rehearsed, where, and for whom
    session: Session,
    config: Config,
    new: NewRevisions,
    metadata: MetaData | None,
    progress: Progress = unwatched,
    *,
    schemas: Sequence[str] = ("public",),
    leave: Sequence[str] = (),
    earlier: Callable[[], Facts | None] = _unknown,
    sizes: Sizes | None = None,
) -> GateReport:
    """Rehearse the revisions on databases of a running engine and judge them.

    Args:
        metadata: what the models declare; None if there are no models to check drift with.
        schemas: the schemas to check for drift, in addition to those that the metadata names.
        leave: patterns of objects that are left to others.
        earlier: returns the facts that the models expected before the new revisions, or None.
        sizes: the sizes of real tables; None if they are not known.

    Raises:
        ConformanceError: no verdict is possible; the error says why.
    """
    with Bench(session.engine, config, new) as bench:
        run = _Gate(bench, new, metadata, session, progress, earlier=earlier, sizes=sizes)
        return run.run(scope_of(metadata or MetaData(), schemas, leave))


class _Gate:
    """The rehearsal of all new revisions, one after the other."""

    def __init__(  # noqa: PLR0913 - what is rehearsed, where, and for whom
        self,
        bench: Bench,
        new: NewRevisions,
        metadata: MetaData | None,
        session: Session,
        progress: Progress,
        *,
        earlier: Callable[[], Facts | None],
        sizes: Sizes | None,
    ) -> None:
        self._bench = bench
        self._new = new
        self._metadata = metadata or MetaData()
        self._has_models = metadata is not None
        self._session = session
        self._progress = progress
        self._earlier = earlier
        self._sizes = sizes
        self._not_checked: list[NotChecked] = []
        self._comparison: Comparison | None = None
        self._thin: dict[tuple[str, str], str] = {}

    def run(self, scope: Scope) -> GateReport:
        """Rehearse the revisions, and compare the objects in the scope with the models."""
        fails = self._use_version_of_the_revisions()
        self._progress("filling the base with rows")
        self._bench.renew()
        if fails:
            self._use_version_of_the_base()
        self._thin = self._bench.thin()
        self._models_scope = replace(scope, version_table=self._bench.version_table)
        rehearsed = self._with_mended_writes(self._rehearse_all())
        combined = self._judge_combined(rehearsed)
        for extension in sorted(self._bench.migrations.left_out):
            self._skip(
                f"extension:{extension}",
                f"this engine does not have the extension, and the revisions ran without the "
                f"extension: use {engines_with(extension)}",
            )
        drift = list(self._judge_drift(rehearsed))
        inherited = (item for item in drift if item.code == "inherited-drift")
        findings = [*self._new.findings, *inherited]
        for evidence in rehearsed:
            revision = evidence.revision.identifier
            own = [item for item in (*drift, *combined) if item.revision == revision]
            findings += self._judge_revision(evidence, own)
        return GateReport(
            self._session.used,
            self._new.base,
            ", ".join(self._new.base_heads),
            tuple(
                replace(_revision_report(evidence, findings), estimates=self._estimates(evidence))
                for evidence in rehearsed
            ),
            tuple(sorted(findings, key=worst_first)),
            tuple(self._not_checked),
            sizes=self._sizes_told(rehearsed),
        )

    def _use_version_of_the_revisions(self) -> bool:
        """Use the version that the last revision leaves; whether a revision fails before that."""
        try:
            self._bench.migrations.use_their_version(self._session.engine)
        except MigrationFailed:
            return True  # The rehearsal reports the revision that fails.
        return False

    def _use_version_of_the_base(self) -> None:
        # Not by the reader: while it is open, the engine cannot connect to another database.
        with self._bench.connect() as connection:
            version = version_of(connection)
        if version is not None:
            self._session.engine.use(version)

    def _estimates(self, evidence: Evidence) -> tuple[Estimate, ...]:
        rows = {item.name: item.rows for item in evidence.before.contents.values()}
        if self._sizes is None:
            return ()
        statements, sizes = evidence.statements, self._sizes
        return (
            *estimates(statements, rows, sizes, sizes.limits),
            *volumes(statements, rows, sizes),
        )

    def _sizes_told(self, rehearsed: Sequence[Evidence]) -> str:
        if self._sizes is not None:
            return self._sizes.told
        if any(would_scale(evidence.statements) for evidence in rehearsed):
            return _SIZES_UNKNOWN
        return ""

    def _rehearse_all(self) -> list[Evidence]:
        rehearsed: list[Evidence] = []
        revisions = self._new.revisions
        scope = self._scope()
        self._rehearsed_scope = scope
        for number, revision in enumerate(revisions):
            rehearsal = Rehearsal(self._bench, revision, revisions[:number], scope, self._progress)
            is_last = revision is revisions[-1]
            evidence = rehearsal.run(self._compare_with_models if is_last else _skip_comparison)
            rehearsed.append(evidence)
            for check, reason in evidence.not_checked.items():
                self._skip(f"{check}:{revision.identifier}", reason)
            if evidence.failure is not None:
                self._skip(
                    revision.identifier,
                    "the upgrade fails: rows were not compared, and interruptions, downgrade and "
                    "offline SQL were not tried",
                )
                for later in revisions[number + 1 :]:
                    self._skip(
                        later.identifier, f"the earlier revision {revision.identifier} fails"
                    )
                break
        return rehearsed

    def _with_mended_writes(self, rehearsed: list[Evidence]) -> list[Evidence]:
        """What a later revision mends fails between the two only."""
        if rehearsed[-1].after is None or not any(item.failed_writes for item in rehearsed[:-1]):
            return rehearsed
        with self._bench.connect() as connection:
            found = failed_writes(connection, self._rehearsed_scope)
        left = {(each.verb, name) for each in found for name in (each.table, each.reason)}

        def told(each: FailedWrite) -> FailedWrite:
            still = {(each.verb, each.table), (each.verb, each.reason)} & left
            return replace(each, mended=not still)

        earlier = (
            replace(item, failed_writes=tuple(map(told, item.failed_writes)))
            for item in rehearsed[:-1]
        )
        return [*earlier, rehearsed[-1]]

    def _judge_combined(self, rehearsed: Sequence[Evidence]) -> list[GateFinding]:
        """Find what only occurs if several revisions run in one upgrade."""
        revisions = self._new.revisions
        if len(revisions) == 1 or len(rehearsed) < len(revisions) or rehearsed[-1].after is None:
            return []
        self._progress("all revisions in one upgrade")
        combined = run_together(self._bench, revisions, rehearsed[-1].after, self._models_scope)
        return [*judge_combined(combined), *judge_together(combined.statements)]

    def _scope(self) -> Scope:
        with self._bench.reader() as connection:
            return with_every_schema(connection, self._models_scope)

    def _compare_with_models(self, connection: Connection, facts: Facts) -> None:
        if not self._has_models:
            return
        # The facts are of all schemas that exist.
        read = with_every_schema(connection, self._rehearsed_scope)
        same_scope = read == self._models_scope
        self._comparison = check_database(
            connection,
            self._metadata,
            self._session.engine.capabilities,
            self._models_scope,
            observed=facts if same_scope else None,
        )
        connection.rollback()

    def _judge_drift(self, rehearsed: Sequence[Evidence]) -> Iterator[GateFinding]:
        if not self._has_models:
            self._skip("drift", "no models are configured, nor does env.py set target_metadata")
            return
        if self._comparison is None:
            self._skip("drift", "the last revision was not reached")
            return
        found = tuple(self._comparison.findings.values())
        # Another process imports the earlier models, so only if they matter.
        same = self._promised_before() if unchanged(found, rehearsed) else ()
        yield from judge_drift(found, rehearsed, self._new.base_heads, same)
        self._not_checked += self._comparison.not_checked.values()

    def _promised_before(self) -> set[str] | None:
        """The findings for which the models declare the same as before the new revisions."""
        assert self._comparison is not None
        before = self._earlier()
        if before is None:
            return None
        now = expected_facts(self._metadata, default_schema=self._models_scope.default_schema)
        promised = {found: promise for promise, found in self._comparison.names.items()}
        return {
            finding.id
            for found, finding in self._comparison.findings.items()
            if before.get(promised.get(found, found)) == now.get(promised.get(found, found))
        }

    def _judge_revision(
        self, evidence: Evidence, others: Sequence[GateFinding]
    ) -> Iterator[GateFinding]:
        revision = evidence.revision.identifier
        compressed = [
            table.fullname for table in tables_of(self._metadata) if compression_of(table)
        ]
        needed = server_requirement_of(self._metadata)
        versions = Versions(
            self._session.engine.server.timescaledb,
            needed.minimum if needed.declares_minimum else None,
        )
        findings = [
            *judge(evidence),
            *others,
            *judge_locks(revision, evidence.statements),
            *judge_zones(evidence),
            *judge_decompression(revision, evidence.statements),
            *judge_sizes(revision, self._estimates(evidence)),
            *judge_compression(evidence, compressed, versions),
        ]
        squawk = self._lint(evidence, {finding.code for finding in findings})
        if self._sizes is not None:
            for number, reason in not_estimated(evidence.statements, self._sizes):
                self._skip(f"sizes:{revision}:{number}", reason)
        for subject, reason in sorted(self._unobserved(evidence)):
            self._skip(f"rows:{revision}:{subject}", reason)
        yield from accept(
            revision,
            evidence.revision.accepted,
            [*findings, *(squawk or ())],
            judged=evidence.failure is None,
            squawk_ran=squawk is not None,
        )

    def _unobserved(self, evidence: Evidence) -> Iterator[tuple[str, str]]:
        """What of the upgrade generated rows cannot show: tables, columns, checks, statements."""
        known = {table for table, part in self._thin if not part}
        for (table, part), reason in self._thin.items():
            if table in affected_tables(evidence):
                yield f"{table}.{part}" if part else table, reason
        for table in tables_without_rows(evidence):
            if table not in known:
                yield table, "a new revision created the table; only the base has generated rows"
        yield from without_effect(evidence)

    def _lint(self, evidence: Evidence, codes: set[str]) -> list[GateFinding] | None:
        """Squawk's findings; None if squawk did not run."""
        revision = evidence.revision.identifier
        if evidence.offline is None:
            if evidence.failure is None:
                self._skip(f"squawk:{revision}", "there is no offline SQL to lint")
            return None
        try:
            violations = find_violations(
                evidence.offline.script, self._session.engine.server.postgresql
            )
        except SquawkUnavailable as error:
            self._skip(f"squawk:{revision}", str(error))
            return None
        hypertables, measured = self._hypertables(evidence), _measured_statements(evidence)
        return list(judge_squawk(revision, violations, codes, hypertables, measured))

    def _hypertables(self, evidence: Evidence) -> set[str]:
        declared = {table.name for table in tables_of(self._metadata) if hypertable_of(table)}
        return declared | {
            key.table
            for key in evidence.before.facts
            if key.kind == "hypertable" and key.attribute == EXISTS
        }

    def _skip(self, check: str, reason: str) -> None:
        self._not_checked.append(NotChecked(check, reason))


def _skip_comparison(_: Connection, __: Facts) -> None:
    """The models describe only the state after the last revision."""


def _measured_statements(evidence: Evidence) -> set[str]:
    """SQL of the statements whose row access was observed."""
    if tables_without_rows(evidence):
        return set()
    return {
        normalize(statement.sql)
        for statement in evidence.statements
        # Outside of a transaction locks are released before they can be read.
        if statement.transaction is not None
    }


def _revision_report(evidence: Evidence, findings: Sequence[GateFinding]) -> RevisionReport:
    revision, downgrade = evidence.revision, evidence.downgrade
    codes = {item.code for item in findings if item.revision == revision.identifier}
    return RevisionReport(
        revision.identifier,
        revision.title,
        revision.file,
        evidence.statements,
        tuple(_passed_checks(evidence, codes)),
        revision.irreversible or (downgrade.irreversible if downgrade else None),
    )


def _passed_checks(evidence: Evidence, codes: set[str]) -> Iterator[str]:
    """Describe the checks that passed."""
    if evidence.failure is not None:
        return
    filled = [item.rows for item in evidence.before.contents.values() if item.rows]
    if filled:
        tables = f"{len(filled)} table{'s' * (len(filled) > 1)}"
        yield f"upgrade on {sum(filled)} generated rows in {tables}"
    else:
        yield "upgrade, where no table had rows before"
    if evidence.interruptions and all(item.harmless for item in evidence.interruptions):
        again = sum(bool(item.left) for item in evidence.interruptions)
        completed = f", {again} times completed by the next run" if again else ""
        yield f"interrupted at {len(evidence.interruptions)} statements{completed}"
    down, offline = evidence.downgrade, evidence.offline
    if down is not None and down.after is not None and not codes & _DOWNGRADE_CODES:
        yield "downgrade restores the previous state"
    if offline is not None and offline.failure is None and not offline.differences:
        yield "offline SQL has the same effect"
