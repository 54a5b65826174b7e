"""`conformance fix`: from the choices of a caller to a revision and its report."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.adoption.stage import policy_for
from conformance.comparing.acceptance import judge
from conformance.comparing.facts import KINDS
from conformance.comparing.merging import split
from conformance.engines import open_engine
from conformance.errors import ConformanceError
from conformance.mending.plan import plan_for
from conformance.mending.reading import from_database, from_verdict
from conformance.mending.report import FixReport, Unmended
from conformance.mending.writing import printed_revision, printed_sql, write_revision
from conformance.process.progress import unwatched
from conformance.project.scripts import config_for, single_head

if TYPE_CHECKING:
    from conformance.comparing.findings import Finding
    from conformance.gate.evidence.report import GateReport
    from conformance.mending.plan import Plan
    from conformance.mending.reading import Read
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration

_OF_A_TEST = (
    "a test of the suite found it, not a fact of the schema: correct the migration or the models"
)
_OF_THE_VERSION_TABLE = (
    "a revision cannot mend Alembic's version table: the audit says what to do, and whether it is"
    " still so"
)


@dataclass(frozen=True)
class Choices:
    """The options of a run.

    Attributes:
        source: the URL of a database, or the path of a verdict.
        database: the URL of the database that the verdict at `source` is about; None for the
            verdict of a check.
        message: the revision's message; None: how many findings it mends.
        identifier: the revision's id; None: Alembic's.
        printed: `revision` or `sql` to print it; empty to write a file.
        gate: whether to run the gate on the revision.
    """

    project: Configuration
    source: str
    message: str | None = None
    identifier: str | None = None
    printed: str = ""
    gate: bool = True
    database: str | None = None


def fix(choices: Choices, progress: Progress = unwatched) -> FixReport:
    """Write the revision that mends the findings, and rehearse it.

    Nothing is executed in the user's database, which is only read.

    Raises:
        ConformanceError: the findings cannot be read, or the file cannot be written.
    """
    started = time.monotonic()
    # The statements alone need no migrations; otherwise report their errors before reading.
    config = None if choices.printed == "sql" else config_for(choices.project)
    head = "" if config is None else single_head(config)
    progress("reading")
    read = _read(choices, progress)
    plan, report = _planned(read, choices)
    if not plan.upgrade:
        why = "no statement mends anything" if report.unmended else "there is nothing to mend"
        report = replace(report, why_no_gate=why)
    elif config is None:
        report = replace(report, text=printed_sql(plan), why_no_gate="nothing was written")
    elif choices.printed:
        text = printed_revision(config, plan, choices.message, choices.identifier)
        report = replace(report, text=text, why_no_gate="nothing was written")
    else:
        path = write_revision(config, plan, choices.message, choices.identifier)
        report = replace(report, file=_shown(path))
        if choices.gate:
            report = replace(report, gate=_rehearsed(choices.project, head, progress))
        else:
            report = replace(report, why_no_gate="it was left out")
    return replace(report, seconds=time.monotonic() - started)


def _read(choices: Choices, progress: Progress) -> Read:
    if "://" in choices.source:
        return from_database(choices.source, choices.project)
    return from_verdict(Path(choices.source), choices.project, progress, choices.database)


def _planned(read: Read, choices: Choices) -> tuple[Plan, FixReport]:
    policy = policy_for(choices.project, "audit" if read.in_use else "check")

    # A person may have accepted one of several that were found as one.
    findings, consequences = split(read.comparison.findings, read.comparison.consequences)
    comparison = replace(read.comparison, findings=findings, consequences=consequences)

    def wanted(finding: Finding) -> bool:
        named = read.ids is None or finding.id in read.ids
        return named and judge(finding.names, policy).excused is None

    # psql may run all in one transaction, and does not know the search path of env.py.
    by_psql = choices.printed == "sql"
    plan = plan_for(
        comparison,
        wanted=wanted,
        guarded=read.in_use,
        online=not by_psql and _has_sessions(choices.project),
        schema=read.schema if by_psql or read.is_named else "",
    )
    there = {finding.id for finding in findings.values()}
    others = [name for name in read.ids or () if name not in there]
    left = {name: why for name in others if (why := _why_not_read(name, read))}
    return plan, FixReport(
        read.source,
        plan.mended,
        (*plan.unmended, *(Unmended(name, why) for name, why in left.items())),
        tuple(name for name in others if name not in left),
        plan.kept,
    )


def _why_not_read(name: str, read: Read) -> str:
    """Why facts do not say whether a finding is gone; empty if they do.

    `check:test_upgrade` is not the id of a check constraint.
    """
    kind, _, rest = name.partition(":")
    if read.in_use:
        # What else only an audit finds, such as a failed job, may be over since.
        return _OF_THE_VERSION_TABLE if kind == "migration" else ""
    return _OF_A_TEST if kind not in KINDS or ":" not in rest else ""


def _has_sessions(project: Configuration) -> bool:
    """Whether the project's engine runs statements that use several transactions."""
    try:
        return open_engine(project.engine, project.image, unwatched).name != "embedded"
    except ConformanceError:
        # The gate says why there is no engine.
        return True


def _rehearsed(project: Configuration, head: str, progress: Progress) -> GateReport:
    from conformance.comparing.verdict import EngineUsed
    from conformance.gate.evidence.report import GateReport
    from conformance.gate.rules.adopted import settle
    from conformance.gate.run import Choices as OfGate
    from conformance.gate.run import gate

    try:
        return settle(gate(OfGate(project, None, head), progress), policy_for(project, "gate"))
    except ConformanceError as error:
        return GateReport(EngineUsed("none", "no engine"), could_not_run=str(error))


def _shown(path: Path) -> str:
    here = Path.cwd()
    whole = path.resolve()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else path)
