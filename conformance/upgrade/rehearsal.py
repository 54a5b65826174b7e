"""Rehearse an upgrade: prepare on the old version, upgrade in every way, compare."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from sqlalchemy.exc import DBAPIError

from conformance.comparing.findings import NotChecked
from conformance.engines.connecting import trouble_of_server
from conformance.errors import ConformanceError, MigrationFailed, one_line
from conformance.gate.evidence.sizes import Sizes, sizes_of
from conformance.gate.sizes import read_sizes
from conformance.process.output import make_folder
from conformance.process.progress import unwatched
from conformance.project.models import metadata_for
from conformance.project.scripts import config_for, heads_of
from conformance.upgrade.changes import compare_states
from conformance.upgrade.failures import WayFailed, WayUnavailable
from conformance.upgrade.gaps import gap_changes
from conformance.upgrade.opening import open_servers
from conformance.upgrade.preparing import prepare, volatile_values
from conformance.upgrade.reading import read_sizes_of, read_state
from conformance.upgrade.report import (
    IN_PLACE,
    RESTORED,
    WAYS,
    Change,
    UpgradeReport,
    Way,
    worst_first,
)
from conformance.upgrade.scaling import UNKNOWN, estimates
from conformance.upgrade.suite import SuiteOutcome, check_upgraded
from conformance.upgrade.ways import RUNNERS, Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

    from conformance.process.progress import Progress
    from conformance.upgrade.choices import Choices
    from conformance.upgrade.report import ExtensionUpdate
    from conformance.upgrade.servers import Servers
    from conformance.upgrade.state import State
    from conformance.upgrade.ways import UpgradedDatabase

    #: Called with the name of each way and its upgraded database, before the state is read.
    OnUpgraded = Callable[[str, URL], None]


def rehearse(
    choices: Choices,
    progress: Progress = unwatched,
    *,
    on_upgraded: OnUpgraded = lambda _way, _url: None,
) -> UpgradeReport:
    """Rehearse the upgrade, and remove everything that the rehearsal created.

    Args:
        progress: called before each step.
        on_upgraded: runs the caller's own steps after an update.

    Raises:
        ConformanceError: the servers, the models or the migration are not available, or the
            options do not name an upgrade.
    """
    started = time.monotonic()
    project = Project(
        metadata_for(choices.project),
        config_for(choices.project),
        datetime.now(UTC),
    )
    heads_of(project.config)
    make_folder(Path(choices.project.reports))
    sizes = choices.project.sizes
    there = None if sizes is None else read_sizes(sizes)
    with (
        open_servers(choices, progress) as servers,
        servers.old.database(project.home(servers.old)) as source,
    ):
        rehearsal = Rehearsal(servers, project, choices, progress, on_upgraded, there=there)
        report = rehearsal.run(source)
    return replace(report, seconds=time.monotonic() - started)


class Rehearsal:
    """The rehearsal of every way from the old to the new version.

    Args:
        on_upgraded: called with the name of each way and its upgraded database.
        there: the sizes of a real database; None if they are not known.
    """

    def __init__(  # noqa: PLR0913 - what is rehearsed, where, and for whom
        self,
        servers: Servers,
        project: Project,
        choices: Choices,
        progress: Progress,
        on_upgraded: OnUpgraded,
        *,
        there: Sizes | None = None,
    ) -> None:
        self._there = there
        self._servers = servers
        self._project = project
        self._choices = choices
        self._progress = progress
        self._on_upgraded = on_upgraded
        self._ways: dict[str, Way] = {}
        self._states: dict[str, State] = {}
        self._failures: list[Change] = []
        self._copied = False
        self._suite = SuiteOutcome()
        self._update: ExtensionUpdate | None = None
        self._here = Sizes()

    def run(self, source: URL) -> UpgradeReport:
        """Prepare the database on the old version, upgrade in every way, compare.

        Args:
            source: a database with nothing but the extension; the last way removes it.

        Raises:
            ConformanceError: the old version rejects the rows.
        """
        self._progress(f"Migrating and filling a database on {self._servers.old.server}.")
        before = self._prepared(source)
        for name in RUNNERS:
            self._progress(f"Upgrading the database to {self._servers.new.server}: {name}.")
            self._try_way(name, source)
        return self._report(before)

    def _prepared(self, source: URL) -> State:
        project, old = self._project, self._servers.old
        try:
            prepare(source, project.metadata, project.migrations(old), now=project.now)
            self._here = sizes_of(read_sizes_of(source, project.metadata))
            return read_state(source, project.metadata)
        except (DBAPIError, ValueError) as error:
            raise trouble_of_server(error, "the upgrade") or ConformanceError(
                f"No rows can be written on {old.server}: {one_line(error)}.",
                "Check the models' constraints and triggers.",
            ) from None

    def _try_way(self, name: str, source: URL) -> None:
        try:
            with RUNNERS[name](self._servers, self._project, source) as upgraded:
                self._record(name, upgraded)
        except WayUnavailable as error:
            self._ways[name] = Way(name, not_checked=str(error))
        except (WayFailed, MigrationFailed) as error:
            self._failed(name, str(error))
        except (DBAPIError, psycopg2.Error, ValueError) as error:
            if (trouble := trouble_of_server(error, f"the upgrade, {name}")) is not None:
                raise trouble from None
            self._failed(name, one_line(error))

    def _record(self, name: str, upgraded: UpgradedDatabase) -> None:
        self._ways[name] = Way(name, upgraded.method, upgraded.seconds, upgraded.notices)
        self._on_upgraded(name, upgraded.url)
        self._states[name] = read_state(upgraded.url, self._project.metadata)
        self._copied |= upgraded.copied
        self._update = self._update or upgraded.update
        if self._choices.suite and name == self._way_of_suite():
            self._suite = check_upgraded(upgraded, self._choices)

    def _way_of_suite(self) -> str:
        """The way whose database is closest to the result of a real upgrade."""
        same = self._servers.old.postgresql == self._servers.new.postgresql
        return IN_PLACE if same else RESTORED

    def _failed(self, name: str, reason: str) -> None:
        self._ways.setdefault(name, Way(name))
        self._failures.append(Change("failed", f"way:{name}", f"{name}: {reason}"))

    def _report(self, before: State) -> UpgradeReport:
        old, new = self._servers.old, self._servers.new
        volatile = set(volatile_values(self._project.metadata))
        compared = compare_states(before, self._states, copied=self._copied, volatile=volatile)
        reported = {change.subject for change in compared.changes}
        broken, known = self._suite.split(reported, before)
        gaps = gap_changes(old.server, new.server)
        there, copied = self._there, self._copied
        unavailable = [
            NotChecked(f"way:{way.name}", way.not_checked)
            for way in self._ways.values()
            if way.not_checked
        ]
        return UpgradeReport(
            old.used,
            new.used,
            tuple(self._ways[name] for name in WAYS),
            worst_first([*self._failures, *compared.changes, *broken, *gaps]),
            replace(compared.unchanged, checks=self._suite.passed),
            (*unavailable, *known, *self._suite.not_checked),
            update=self._update,
            estimates=()
            if there is None
            else tuple(estimates(self._update, self._ways, self._here, there, copied=copied)),
            sizes=UNKNOWN if there is None else there.told,
        )
