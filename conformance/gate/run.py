"""`conformance gate`: from the choices of a caller to a report."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import MetaData

from conformance.comparing.findings import NotChecked
from conformance.comparing.verdict import EngineUsed
from conformance.engines.started import start_session
from conformance.errors import NoModels
from conformance.gate.evidence.report import GateReport
from conformance.gate.rehearsing.base import base_template
from conformance.gate.revisions.earlier_models import earlier_promises
from conformance.gate.revisions.new import new_since_commit, new_since_revision
from conformance.gate.sizes import read_sizes
from conformance.process.progress import unwatched
from conformance.project.migrations import Migrations
from conformance.project.models import metadata_for
from conformance.project.scripts import config_for

if TYPE_CHECKING:
    from alembic.config import Config

    from conformance.comparing.facts import Facts
    from conformance.engines.started import Session
    from conformance.gate.on_copy.choices import OnCopy
    from conformance.gate.revisions.new import NewRevisions
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration


@dataclass(frozen=True)
class Choices:
    """The options of a run.

    Attributes:
        project: models, migrations and engine.
        base: the branch, tag or commit to compare with; None for the main branch.
        from_revision: the last old revision, instead of a base; None to use git.
        on: a copy of a real database to rehearse on, instead of generated rows.
    """

    project: Configuration
    base: str | None = None
    from_revision: str | None = None
    on: OnCopy | None = None


def gate(choices: Choices, progress: Progress = unwatched) -> GateReport:
    """Rehearse the new revisions and judge them.

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
    sizes = None if choices.project.sizes is None else read_sizes(choices.project.sizes)
    if not new.revisions:
        engine = EngineUsed("none", "no engine was needed")
        drift = NotChecked("drift", "no revision is new; conformance check compares the models")
        return GateReport(
            engine, new.base, heads, (), new.findings, (drift,), None, _seconds_since(started)
        )
    if choices.on is not None:
        from conformance.gate.on_copy.rehearse import rehearse_on_copy

        report = rehearse_on_copy(choices.on, config, new, progress)
        return replace(report, seconds=_seconds_since(started))
    metadata = _models_of(choices.project)
    if choices.project.leave:
        from conformance.pipeline import scope_of

        # A pattern that takes in the models' own is known before anything is started.
        scope_of(metadata or MetaData(), choices.project.schemas, choices.project.leave)
    session = start_session(choices.project.engine, choices.project.image, progress)
    try:
        _anticipate_base(session, config, new)
        # The database starts while these modules are imported.
        from conformance.gate.rehearse import rehearse

        report = rehearse(
            session,
            config,
            new,
            metadata,
            progress,
            schemas=choices.project.schemas,
            leave=choices.project.leave,
            earlier=partial(_earlier, choices.project, new),
            sizes=sizes,
        )
        return replace(report, seconds=_seconds_since(started))
    finally:
        session.engine.stop()


def _models_of(project: Configuration) -> MetaData | None:
    """The models' metadata; None if the project has none, which only drift needs."""
    with suppress(NoModels):
        return metadata_for(project)
    return None


def _anticipate_base(session: Session, config: Config, new: NewRevisions) -> None:
    if new.base_heads:
        migrations = Migrations.on(session.engine, config)
        version = session.engine.server.timescaledb
        session.engine.anticipate(base_template(migrations, new, version=version))


def _earlier(project: Configuration, new: NewRevisions) -> Facts | None:
    """The facts that the models expected before the new revisions; None if git lacks them."""
    if new.repository is None or new.commit is None:
        return None
    return earlier_promises(project, new.repository, new.commit, project.schemas[0])


def _seconds_since(started: float) -> float:
    return time.monotonic() - started
