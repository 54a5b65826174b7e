"""The whole rehearsal: prepare on the old version, go every way to the new one, compare."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg2
from sqlalchemy.exc import DBAPIError

from conformance.comparing.findings import NotChecked
from conformance.comparing.verdict import EngineUsed
from conformance.errors import ConformanceError, MigrationFailed, one_line, why_no_verdict
from conformance.process.interrupts import heeded
from conformance.process.output import make_folder
from conformance.project.migrations import alembic_config, single_head
from conformance.project.models import load_metadata
from conformance.upgrade.changes import compare_states
from conformance.upgrade.failures import WayFailed, WayNotOpen
from conformance.upgrade.gaps import gap_changes
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
from conformance.upgrade.servers import open_servers
from conformance.upgrade.suite import SuiteOutcome, check_upgraded
from conformance.upgrade.ways import IN_ORDER, Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

    from conformance.upgrade.choices import Choices
    from conformance.upgrade.servers import Servers
    from conformance.upgrade.state import State

    #: Called with each way and its database at the new version, before its state is read.
    Arrived = Callable[[str, URL], None]


@dataclass
class _Seen:
    """What was seen so far, by way."""

    ways: dict[str, Way] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    failures: list[Change] = field(default_factory=list)
    copied: bool = False
    suite: SuiteOutcome = field(default_factory=SuiteOutcome)


def rehearse(
    choices: Choices,
    say: Callable[[str], None] = lambda _: None,
    *,
    arrived: Arrived = lambda _way, _url: None,
) -> UpgradeReport:
    """Rehearse the upgrade; nothing is left of it.

    Args:
        say: told what is being waited for.
        arrived: for steps of one's own that follow an update.

    Raises:
        ConformanceError: the servers, the models or the migration cannot be had, or this is no
            upgrade.
    """
    started = time.monotonic()
    project = Project(
        load_metadata(choices.models), alembic_config(choices.alembic_ini), datetime.now(UTC)
    )
    single_head(project.config)
    make_folder(choices.reports)
    opened = open_servers(choices.before, choices.after, choices.engine, choices.image, say)
    with opened as servers, servers.old.database() as source:
        say(f"Migrating and filling a database on {servers.old.server}.")
        before = _prepared(servers, project, source)
        seen = _Seen()
        for name in IN_ORDER:
            say(f"Bringing it to {servers.new.server}: {name}.")
            _go(name, servers, project, source, seen, choices, arrived)
        report = _report(servers, project, before, seen)
    return replace(report, seconds=time.monotonic() - started)


def rehearse_or_say_why(choices: Choices, say: Callable[[str], None]) -> UpgradeReport:
    """As `rehearse`; what keeps it from a verdict is in the report, no exception."""
    started = time.monotonic()
    try:
        with heeded(say) as hear:
            return rehearse(choices, hear)
    # Whatever it is, it is no verdict.
    except BaseException as error:
        reason = why_no_verdict(error)
    before, after = (_not_seen(end, choices) for end in (choices.before, choices.after))
    seconds = time.monotonic() - started
    return UpgradeReport(before, after, could_not_run=reason, seconds=seconds)


def _not_seen(end: str, choices: Choices) -> EngineUsed:
    """What was asked for; a URL may hold a password."""
    if choices.engine is None:
        return EngineUsed("container", f"container of {end}")
    name = "url" if "://" in choices.engine else choices.engine
    return EngineUsed(name, f"TimescaleDB {end} of one server")


def _prepared(servers: Servers, project: Project, source: URL) -> State:
    try:
        prepare(
            source,
            project.metadata,
            project.config,
            compress=servers.old.community,
            now=project.now,
        )
        return read_state(source, project.metadata)
    except (DBAPIError, ValueError) as error:
        raise ConformanceError(
            f"No rows can be written on {servers.old.server}: {one_line(error)}.",
            "Look at the models' constraints and triggers.",
        ) from None


def _go(  # noqa: PLR0913, PLR0917 - all that one way needs
    name: str,
    servers: Servers,
    project: Project,
    source: URL,
    seen: _Seen,
    choices: Choices,
    arrived: Arrived,
) -> None:
    """Go one way, and keep what is seen there."""
    try:
        with IN_ORDER[name](servers, project, source) as arrival:
            seen.ways[name] = Way(name, arrival.method, arrival.seconds, arrival.notices)
            arrived(name, arrival.url)
            seen.states[name] = read_state(arrival.url, project.metadata)
            seen.copied |= arrival.copied
            if choices.suite and name == _suite_on(servers):
                seen.suite = check_upgraded(arrival, choices)
    except WayNotOpen as error:
        seen.ways[name] = Way(name, not_checked=str(error))
    except (WayFailed, MigrationFailed) as error:
        _failed(name, str(error), seen)
    except (DBAPIError, psycopg2.Error, ValueError) as error:
        _failed(name, one_line(error), seen)


def _suite_on(servers: Servers) -> str:
    """The way whose database is the nearest to what an upgrade leaves."""
    return IN_PLACE if servers.old.postgresql == servers.new.postgresql else RESTORED


def _failed(name: str, reason: str, seen: _Seen) -> None:
    seen.ways.setdefault(name, Way(name))
    seen.failures.append(Change("failed", f"way:{name}", f"{name}: {reason}"))


def _report(servers: Servers, project: Project, before: State, seen: _Seen) -> UpgradeReport:
    compared = compare_states(
        before, seen.states, copied=seen.copied, moving=set(moving_values(project.metadata))
    )
    told = {change.subject for change in compared.changes}
    gaps = gap_changes(servers.old.server, servers.new.server)
    broken, known = seen.suite.split(told, before)
    not_gone = [
        NotChecked(f"way:{way.name}", way.not_checked)
        for way in seen.ways.values()
        if way.not_checked
    ]
    return UpgradeReport(
        servers.old.used,
        servers.new.used,
        tuple(seen.ways[name] for name in WAYS),
        worst_first([*seen.failures, *compared.changes, *broken, *gaps]),
        replace(compared.held, checks=seen.suite.passed),
        (*not_gone, *known, *seen.suite.not_checked),
    )
