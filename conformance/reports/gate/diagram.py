"""Revisions and the tables that they lock, as a Mermaid flowchart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.gate.evidence.report import LOCK_MODES
from conformance.process.visible import visible

if TYPE_CHECKING:
    from conformance.gate.evidence.report import GateReport, Lock, RevisionReport

#: The weakest lock that reports show; statements that only read take weaker ones.
WEAKEST_SHOWN = LOCK_MODES.index("ROW EXCLUSIVE")
#: The number of tables that fits a screen.
_MOST_TABLES = 20

_BLOCKS_READS, _BLOCKS_WRITES = "#cf222e", "#bf8700"


@dataclass
class _TableEffect:
    """The effect of all statements of a revision on one table."""

    strongest: Lock
    chunks: int = 0
    written: int = 0
    rewritten: bool = False

    @property
    def label(self) -> str:
        parts = [self.strongest.mode]
        if self.chunks:
            parts.append(f"{self.chunks} chunk{'s' * (self.chunks != 1)}")
        if self.rewritten:
            parts.append("rewritten")
        if self.written:
            parts.append(f"{self.written:,} row{'s' * (self.written != 1)} written")
        return "<br>".join(parts)


def diagram(report: GateReport) -> str | None:
    """The flowchart's text; None if no table is locked."""
    nodes: dict[str, str] = {}
    lines: list[str] = []
    styles: list[str] = []
    edges = 0
    for number, revision in enumerate(report.revisions):
        affected = _affected_tables(revision)
        if affected:
            title = _text(f"{revision.revision}: {revision.title.removesuffix('.')}")
            lines.append(f'    r{number}(["{title}"])')
        for relation, effect in list(affected.items())[:_MOST_TABLES]:
            if relation not in nodes:
                nodes[relation] = f"t{len(nodes)}"
                new = "" if effect.strongest.existed else ":::new"
                lines.append(f'    {nodes[relation]}[("{_text(relation)}")]{new}')
            lines.append(f'    r{number} -- "{effect.label}" --> {nodes[relation]}')
            styles += _style(edges, effect.strongest)
            edges += 1
    if not nodes:
        return None
    return "\n".join(["flowchart LR", *lines, "    classDef new stroke-dasharray: 4", *styles])


def _affected_tables(revision: RevisionReport) -> dict[str, _TableEffect]:
    """The tables that the revision's own statements lock, the strongest lock first."""
    affected: dict[str, _TableEffect] = {}
    statements = [item for item in revision.statements if not item.by_alembic]
    for statement in statements:
        for lock in statement.locks:
            if LOCK_MODES.index(lock.mode) < WEAKEST_SHOWN:
                continue
            effect = affected.setdefault(lock.relation, _TableEffect(lock))
            effect.chunks = max(effect.chunks, lock.chunks)
            if LOCK_MODES.index(lock.mode) > LOCK_MODES.index(effect.strongest.mode):
                effect.strongest = lock
    for statement in statements:
        for rewrite in statement.rewrites:
            if rewrite.relation in affected:
                affected[rewrite.relation].rewritten = True
        for rows in statement.rows:
            if rows.relation in affected:
                affected[rows.relation].written += rows.written
    order = sorted(affected.items(), key=lambda item: (_rank(item[1].strongest), item[0]))
    return dict(order)


def _rank(lock: Lock) -> tuple[bool, int]:
    return not lock.existed, -LOCK_MODES.index(lock.mode)


def _style(edge: int, lock: Lock) -> list[str]:
    if not lock.existed or not lock.blocks:
        return []
    colour = _BLOCKS_WRITES if lock.blocks == "writes" else _BLOCKS_READS
    return [f"    linkStyle {edge} stroke:{colour},stroke-width:2px"]


def _text(value: str) -> str:
    """Escape a label for Mermaid, where it stands between double quotes."""
    escaped = visible(" ".join(value.split())).replace("#", "#35;")
    for character, name in (('"', "quot"), ("<", "lt"), (">", "gt"), ("`", "96")):
        escaped = escaped.replace(character, f"#{name};")
    return escaped
