"""Rehearse new revisions on a copy of a real database, and report what they really took."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.engines.connecting import connect, parse_url, place, scrubbed
from conformance.engines.server.answering import Answering
from conformance.gate.evidence.amounts import in_bytes
from conformance.gate.evidence.copy import Copy
from conformance.gate.on_copy.admission import CopyRefused, admit
from conformance.gate.on_copy.choices import AS_FOUND, DROPPED
from conformance.gate.on_copy.found import bring_back, look
from conformance.gate.on_copy.holding import CannotHold, Holding
from conformance.gate.on_copy.redaction import Redaction
from conformance.gate.on_copy.reporting import report
from conformance.gate.on_copy.running import Ran, run, safe, why_not_held
from conformance.gate.on_copy.ways import (
    drop,
    mark_again,
    second_copy,
    take_mark_off,
    watched_from,
)
from conformance.gate.on_copy.workers import without_policies
from conformance.gate.rehearsing.base import connected
from conformance.gate.rehearsing.committed import committed_since, next_transaction
from conformance.observed.version_table import applied_revisions
from conformance.project.leading import opened_by
from conformance.project.migrations import Migrations

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import URL

    from conformance.gate.evidence.report import GateReport
    from conformance.gate.on_copy.admission import Admitted
    from conformance.gate.on_copy.choices import OnCopy
    from conformance.gate.revisions.new import NewRevisions
    from conformance.process.progress import Progress


def rehearse_on_copy(
    on: OnCopy, config: Config, new: NewRevisions, progress: Progress
) -> GateReport:
    """Run the revisions on the copy, and leave it as asked.

    Raises:
        ConformanceError: no rehearsal may run on the database, or it cannot be left as asked; the
            error says why, and nothing has been changed.
    """
    progress("looking at the copy")
    copy = admit(on, safe(parse_url(on.url)))
    with Answering(watched_from(copy)):
        return _OnCopy(on, copy, config, new, progress).run()


class _OnCopy:
    """One rehearsal on an admitted copy."""

    def __init__(
        self, on: OnCopy, copy: Admitted, config: Config, new: NewRevisions, progress: Progress
    ) -> None:
        self._on = on
        self._copy = copy
        self._migrations = Migrations(config, copy.server.edition)
        self._new = new
        self._progress = progress
        sources = [revision.path.read_text("utf-8") for revision in new.revisions]
        self._redaction = Redaction(sources, lambda words: scrubbed(words, copy.url))
        self._probe = Holding()
        self._version_table = self._check_base()

    def run(self) -> GateReport:
        """Rehearse in the way that fits, and report."""
        reason = why_not_held(self._new.revisions, self._probe)
        if self._on.leave == AS_FOUND and reason is not None:
            self._check_room(reason)
        with without_policies(self._copy) as policies:
            if self._on.leave != AS_FOUND:
                ran, told = self._for_good()
            elif reason is not None:
                ran, told = self._on_second_copy(reason)
            else:
                ran, told = self._held_if_possible()
        if self._on.leave == DROPPED:
            drop(self._copy)
        return report(self._copy, self._new, ran, replace(told, policies=policies))

    def _check_base(self) -> str:
        """Check the recorded revisions; returns the name of Alembic's version table."""
        url, config = self._copy.url, self._migrations.config
        with opened_by(self._probe), connected(url, config) as connection:
            name = self._migrations.version_table(connection)
            connection.rollback()
            recorded = applied_revisions(connection, name)
        wanted = sorted(self._new.base_heads)
        if sorted(recorded) != wanted:
            base = ", ".join(wanted) or "base"
            has = ", ".join(recorded) or "base"
            known = f"at revision {has}" if recorded else "at no revision of Alembic"
            new = {revision.identifier for revision in self._new.revisions}
            raise CopyRefused(
                f"The {self._copy.shown} is {known}, but the new revisions begin after {base}.",
                "Restore the copy again, as it was before the new revisions."
                if new.intersection(recorded)
                else f"Upgrade the copy to {base} first, or say --from-revision {has}.",
            )
        return name

    def _check_room(self, reason: str) -> None:
        """Check that a second copy may be made.

        Raises:
            CopyRefused: it may not; nothing was executed.
        """
        needed = self._copy.bytes
        other = "or, if the copy may be changed, --leave upgraded or --leave dropped"
        if self._on.room is None:
            raise CopyRefused(
                f"The copy could not be left as found: {reason}. Nothing was changed.",
                f"Say --room SIZE, if the server has room for a second copy ({in_bytes(needed)} and"
                f" what the upgrade adds), on which the upgrade then runs; {other}.",
            )
        if self._on.room < needed:
            raise CopyRefused(
                f"A second copy needs {in_bytes(needed)}, but --room allows only"
                f" {in_bytes(self._on.room)}.",
                f"Allow more, {other}.",
            )
        if self._copy.others:
            raise CopyRefused(
                f"Nobody may be connected to the {self._copy.shown} while a second copy is made.",
                "Disconnect the other clients.",
            )

    def _held_if_possible(self) -> tuple[Ran, Copy]:
        before = look(self._copy.url, self._version_table)
        holding = Holding()
        try:
            ran = self._run(self._copy.url, holding)
        except CannotHold as refusal:
            # What the file did not show. Everything so far was rolled back.
            if not self._copy.others:
                bring_back(self._copy.url, before, self._version_table)
            reason = refusal.problem.rstrip(".").partition(": ")[2]
            self._check_room(reason)
            return self._on_second_copy(reason)
        if self._copy.others:
            after = look(self._copy.url, self._version_table)
            checked = "other clients were connected, so that sequences were not set back"
        else:
            after = bring_back(self._copy.url, before, self._version_table)
            checked = "its catalogs and sequences are as before"
            if after.sequences != before.sequences:
                checked = (
                    "its catalogs are as before; what was drawn from sequences of another owner, "
                    "such as TimescaleDB's, stays drawn"
                )
        grown = after.bytes - before.bytes
        bloat = (
            f" Its files are {in_bytes(grown)} larger; VACUUM makes the space usable again."
            if grown > 0
            else ""
        )
        way = "In one transaction, which was rolled back."
        if holding.commits > 1:
            way = (
                f"In one transaction, which was rolled back; the upgrade itself commits "
                f"{holding.commits} times, so that it holds locks shorter."
            )
        return ran, self._told(way, f"As found: {checked}.{bloat}", before.bytes, after.bytes)

    def _on_second_copy(self, reason: str) -> tuple[Ran, Copy]:
        self._progress(f"making a second copy of {in_bytes(self._copy.bytes)}")
        with second_copy(self._copy) as url:
            ran = self._run(url, None)
        way = f"On a second copy, because {reason}."
        left = "As found: only a second copy was changed, which was dropped."
        return ran, self._told(way, left, self._copy.bytes, self._copy.bytes)

    def _for_good(self) -> tuple[Ran, Copy]:
        revision = self._new.revisions[-1].identifier
        told = self._told(
            "For good, with the commits of the upgrade.",
            "Dropped." if self._on.leave == DROPPED else f"Upgraded to {revision}.",
            self._copy.bytes,
        )
        take_mark_off(self._copy, revision)
        with connect(self._copy.url) as connection:
            first = next_transaction(connection)
        ran = self._run(self._copy.url, None)
        if self._on.leave == DROPPED:
            return ran, told
        left = told.left
        with connect(self._copy.url) as connection:
            changed = committed_since(connection, first)
        if ran.failure is None or not changed:
            mark_again(self._copy)
        if ran.failure is not None:
            left = (
                "Partly upgraded: the upgrade failed, and its mark was taken off."
                if changed
                else ("As found: the upgrade failed, and its transaction was rolled back.")
            )
        after = look(self._copy.url, self._version_table).bytes
        return ran, replace(told, left=left, bytes_after=after)

    def _told(self, way: str, left: str, before: int, after: int | None = None) -> Copy:
        name, at = self._copy.name, place(self._copy.url)
        return Copy(name, at, way, left, bytes_before=before, bytes_after=after)

    def _run(self, url: URL, holding: Holding | None) -> Ran:
        return run(
            url,
            self._migrations,
            self._new.revisions,
            redaction=self._redaction,
            holding=holding,
            progress=self._progress,
        )
