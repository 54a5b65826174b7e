"""The gate's report as Markdown, for a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.report import LOCK_MODES
from conformance.reports.gate.copies import costs
from conformance.reports.gate.copies import told as told_of_copy
from conformance.reports.gate.diagram import WEAKEST_SHOWN, diagram
from conformance.reports.gate.estimates import told
from conformance.reports.grouping import by_reason
from conformance.reports.templates import code as as_code
from conformance.reports.templates import template

if TYPE_CHECKING:
    from conformance.gate.evidence.report import GateFinding, GateReport, RevisionReport, Statement

#: A comment on GitHub holds 65,536 characters; this leaves room for an added line.
_MOST_CHARACTERS = 65_000
#: Findings, statements of a revision, characters of a statement; the first set that fits is used.
_LIMITS = ((100, 60, 300), (40, 25, 150), (15, 8, 80), (5, 3, 40))


def render(report: GateReport, pages: str = "") -> str:
    """Render verdict and findings, then the statements and locks of each revision.

    Args:
        pages: the URL prefix for the path of a finding's page; empty if unknown, so that only
            pages of other projects are linked.
    """
    for findings, statements, characters in _LIMITS:
        rendered = template("gate/gate.md.jinja").render(
            report=report,
            open=[finding for finding in report.findings if finding.accepted is None],
            accepted=[finding for finding in report.findings if finding.accepted is not None],
            not_checked=by_reason(report.not_checked),
            diagram=diagram(report),
            most_findings=findings,
            most_statements=statements,
            code=lambda finding: _code(finding, pages),
            place=_place,
            sql=lambda statement: _cut(statement.sql, characters),  # noqa: B023 - used at once
            own=_own_statements,
            duration=duration,
            locks=locks,
            effects=effects,
            told=told,
            told_of_copy=told_of_copy,
        )
        if len(rendered) <= _MOST_CHARACTERS:
            break
    return rendered.strip() + "\n"


def duration(seconds: float | None) -> str:
    """`0.0042` -> `4 ms`, `12.3` -> `12.3 s`; empty if unknown."""
    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def locks(statement: Statement) -> list[str]:
    """The acquired locks, strongest first: `ACCESS EXCLUSIVE: curves and 5 chunks`."""
    held: dict[str, list[str]] = {}
    for lock in sorted(statement.locks, key=lambda lock: (-LOCK_MODES.index(lock.mode), str(lock))):
        if LOCK_MODES.index(lock.mode) >= WEAKEST_SHOWN:
            new = "" if lock.existed else " (new)"
            held.setdefault(lock.mode, []).append(f"{lock}{new}")
    return [f"{mode}: {', '.join(relations)}" for mode, relations in held.items()]


def effects(statement: Statement) -> list[str]:
    """The other effects: rewritten tables, rows read and written, WAL, disk, messages."""
    rewritten = [f"rewrites {item}" for item in statement.rewrites]
    unpacked = [f"leaves {item} partly compressed" for item in statement.partly_compressed]
    rows = [
        f"{what} {_count(number, 'row')} of {item}"
        for item in statement.rows
        for what, number in (("reads", item.read), ("writes", item.written))
        if number
    ]
    notices = [f"{notice.severity}: {notice.message}" for notice in statement.notices]
    return [*rewritten, *unpacked, *rows, *costs(statement), *notices]


def _own_statements(revision: RevisionReport) -> list[Statement]:
    return [statement for statement in revision.statements if not statement.by_alembic]


def _code(finding: GateFinding, pages: str) -> str:
    """The finding's code, linked with its page where that has an address."""
    words = f"`{as_code(finding.code)}`"
    address = finding.page if "://" in finding.page else pages and f"{pages}{finding.page}"
    return f"[{words}]({address})" if address else words


def _place(finding: GateFinding) -> str:
    """`0002, statement 3: market_data`."""
    where = finding.revision
    if finding.statement is not None:
        where += f", statement {finding.statement}"
    return ": ".join(part for part in (where, finding.subject) if part)


def _cut(text: str, characters: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= characters else flat[: characters - 1] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
