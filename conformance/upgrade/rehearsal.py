"""The whole rehearsal: prepare on the old version, go every way to the new one, compare."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from sqlalchemy.exc import DBAPIError

from conformance.comparing.findings import NotChecked
from conformance.errors import ConformanceError, MigrationFailed, one_line
from conformance.process.output import make_folder
from conformance.process.progress import unwatched
from conformance.project.models import metadata_for
from conformance.project.scripts import config_for, single_head
from conformance.upgrade.changes import compare_states
from conformance.upgrade.failures import WayFailed, WayNotOpen
from conformance.upgrade.gaps import gap_changes
from conformance.upgrade.opening import open_servers
from conformance.upgrade.preparing import moving_values, prepare
from conformance.upgrade.reading import read_state
from conformance.upgrade.report import (
    IN_PLACE,
    RESTORED,
    WAYS,
    Change,
    UpgradeReport,
    Way,
    worst_first,
)
from conformance.upgrade.suite import SuiteOutcome, check_upgraded
from conformance.upgrade.ways import IN_ORDER, Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

    from conformance.process.progress import Progress
    from conformance.upgrade.choices import Choices
    from conformance.upgrade.servers import Servers
    from conformance.upgrade.state import State
    from conformance.upgrade.ways import Arrival

    #: Called with each way and its database at the new version, before its state is read.
    Arrived = Callable[[str, URL], None]


def rehearse(
    choices: Choices,
    progress: Progress = unwatched,
    *,
    arrived: Arrived = lambda _way, _url: None,
) -> UpgradeReport:
    """Rehearse the upgrade; nothing is left of it.

    Args:
        progress: told what is waited for.
        arrived: for steps of one's own that follow an update.

    Raises:
        ConformanceError: the servers, the models or the migration cannot be had, or this is no
            upgrade.
    """
    started = time.monotonic()
    project = Project(
        metadata_for(choices.project),
        config_for(choices.project),
        datetime.now(UTC),
    )
    single_head(project.config)
    make_folder(Path(choices.project.reports))
    with (
        open_servers(choices, progress) as servers,
        servers.old.database(project.home(servers.old)) as source,
    ):
        report = Rehearsal(servers, project, choices, progress, arrived).run(source)
    return replace(report, seconds=time.monotonic() - started)


class Rehearsal:
    """Every way from one version to the other, and what was seen on each.

    Args:
        arrived: called with each way and its database at the new version.
    """

    def __init__(
        self,
        servers: Servers,
        project: Project,
        choices: Choices,
        progress: Progress,
        arrived: Arrived,
    ) -> None:
        self._servers = servers
        self._project = project
        self._choices = choices
        self._progress = progress
        self._arrived = arrived
        self._ways: dict[str, Way] = {}
        self._states: dict[str, State] = {}
        self._failures: list[Change] = []
        self._copied = False
        self._suite = SuiteOutcome()

    def run(self, source: URL) -> UpgradeReport:
        """Prepare the database on the old version, go every way, compare.

        Args:
            source: a database with nothing but the extension; the last way takes it away.

        Raises:
            ConformanceError: the old version takes no rows of these models.
        """
        self._progress(f"Migrating and filling a database on {self._servers.old.server}.")
        before = self._prepared(source)
        for name in IN_ORDER:
            self._progress(f"Bringing it to {self._servers.new.server}: {name}.")
            self._go(name, source)
        return self._report(before)

    def _prepared(self, source: URL) -> State:
        project, old = self._project, self._servers.old
        try:
            prepare(source, project.metadata, project.migrations(old), now=project.now)
            return read_state(source, project.metadata)
        except (DBAPIError, ValueError) as error:
            raise ConformanceError(
                f"No rows can be written on {old.server}: {one_line(error)}.",
                "Look at the models' constraints and triggers.",
            ) from None

    def _go(self, name: str, source: URL) -> None:
        """Go one way, and keep what is seen there."""
        try:
            with IN_ORDER[name](self._servers, self._project, source) as arrival:
                self._look_around(name, arrival)
        except WayNotOpen as error:
            self._ways[name] = Way(name, not_checked=str(error))
        except (WayFailed, MigrationFailed) as error:
            self._failed(name, str(error))
        except (DBAPIError, psycopg2.Error, ValueError) as error:
            self._failed(name, one_line(error))

    def _look_around(self, name: str, arrival: Arrival) -> None:
        self._ways[name] = Way(name, arrival.method, arrival.seconds, arrival.notices)
        self._arrived(name, arrival.url)
        self._states[name] = read_state(arrival.url, self._project.metadata)
        self._copied |= arrival.copied
        if self._choices.suite and name == self._suite_on():
            self._suite = check_upgraded(arrival, self._choices)

    def _suite_on(self) -> str:
        """The way whose database is the nearest to what an upgrade leaves."""
        same = self._servers.old.postgresql == self._servers.new.postgresql
        return IN_PLACE if same else RESTORED

    def _failed(self, name: str, reason: str) -> None:
        self._ways.setdefault(name, Way(name))
        self._failures.append(Change("failed", f"way:{name}", f"{name}: {reason}"))

    def _report(self, before: State) -> UpgradeReport:
        old, new = self._servers.old, self._servers.new
        moving = set(moving_values(self._project.metadata))
        compared = compare_states(before, self._states, copied=self._copied, moving=moving)
        told = {change.subject for change in compared.changes}
        broken, known = self._suite.split(told, before)
        gaps = gap_changes(old.server, new.server)
        not_gone = [
            NotChecked(f"way:{way.name}", way.not_checked)
            for way in self._ways.values()
            if way.not_checked
        ]
        return UpgradeReport(
            old.used,
            new.used,
            tuple(self._ways[name] for name in WAYS),
            worst_first([*self._failures, *compared.changes, *broken, *gaps]),
            replace(compared.held, checks=self._suite.passed),
            (*not_gone, *known, *self._suite.not_checked),
        )
