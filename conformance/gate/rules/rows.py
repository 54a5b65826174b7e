"""Judge what a revision does to existing rows. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, show
from conformance.gate.evidence.report import GateFinding
from conformance.gate.evidence.state import (
    changed_rows,
    counterpart,
    overwritten,
    same_column,
)
from conformance.gate.rules.attribution import (
    definer_of,
    is_named,
    is_written,
    remover_of,
    writer_of,
)
from conformance.gate.rules.sentences import capitalized, without_comments
from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.gate.evidence.evidence import Evidence
    from conformance.gate.evidence.state import State

_MATERIALIZE = (
    "Recreate the continuous aggregate WITH NO DATA and refresh it after the revision, as far back "
    "as its source still has rows; or accept the finding with the reason."
)
_KEEP_VALUES = (
    "Keep the old values in another column or table and restore them in downgrade(), or accept the "
    "finding with the reason."
)
_DETACHES = re.compile(
    r"\bdetach_(?P<chunk>chunk)\s*\(|\bDETACH\s+(?P<partition>PARTITION)\b", re.IGNORECASE
)
_KEEP_ROWS = "Copy the rows to another table first, or accept the finding with the reason."
_DROP_LATER = (
    "Stop using it first and drop it in a later revision, or accept the finding with the reason."
)


def judge_rows(evidence: Evidence) -> Iterator[GateFinding]:
    """Find existing rows that are deleted, changed, or about to be dropped."""
    if evidence.after is None:
        return
    yield from _retention(evidence, evidence.after)
    yield from _lagging_sequences(evidence)
    deleted = deleted_rows(evidence.before, evidence.after)
    detached = {name: found for name in deleted if (found := _detacher(evidence, name))}
    lost = {**_dropped(evidence), **deleted}
    for name, (number, part) in detached.items():
        left = lost.pop(name).replace("are deleted", f"leave it with a detached {part}")
        yield GateFinding(
            "data-changed",
            evidence.revision.identifier,
            name,
            f"{capitalized(left)}.",
            f"The {part} becomes a table of its own with its rows. If that is intended, accept the "
            "finding with the reason.",
            number,
        )
    for name, description in lost.items():
        yield GateFinding(
            "data-lost",
            evidence.revision.identifier,
            name,
            f"{capitalized(description)}.",
            _hint(evidence, name, deleted=name in deleted),
            (writer_of(evidence.statements, name, removed=True) if name in deleted else None)
            or remover_of(evidence.statements, name),
        )
    replaced = dict(_overwritten(evidence))
    for name, description in replaced.items():
        yield GateFinding(
            "data-overwritten",
            evidence.revision.identifier,
            name,
            f"The upgrade overwrites {description}, and the downgrade does not restore them.",
            _KEEP_VALUES,
            writer_of(evidence.statements, name),
        )
    for name, description in changed_rows(evidence.before, evidence.after):
        if name not in lost and name not in detached and name not in replaced:
            yield GateFinding(
                "data-changed",
                evidence.revision.identifier,
                name,
                f"Existing data changes: {description}.",
                "If the change is intended, accept the finding with the reason; if not, find the "
                "statement that makes it.",
                writer_of(evidence.statements, name),
            )


def _overwritten(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Describe columns whose values no downgrade restores, if a downgrade was tried or declined."""
    assert evidence.after is not None
    outcome = evidence.downgrade
    if outcome is None and evidence.revision.irreversible is None:
        return
    final = outcome.after if outcome is not None and outcome.after is not None else evidence.after
    lost = {name for name, _, _ in overwritten(evidence.before, final)}
    for name, changed, number in overwritten(evidence.before, evidence.after):
        # A continuous aggregate can be computed from its source again.
        if name in lost and not _is_aggregate(evidence.before, name.rpartition(".")[0]):
            yield name, f"{changed} of {number} values of {name}"


def _hint(evidence: Evidence, name: str, *, deleted: bool) -> str:
    if _is_aggregate(evidence.before, name):
        return _MATERIALIZE
    return _KEEP_ROWS if deleted else _DROP_LATER


def _is_aggregate(state: State, name: str) -> bool:
    return FactKey("continuous_aggregate", name, "", EXISTS) in state.facts


def _lagging_sequences(evidence: Evidence) -> Iterator[GateFinding]:
    for item in evidence.lagging_sequences:
        yield GateFinding(
            "sequence-behind",
            evidence.revision.identifier,
            item.column,
            f"{capitalized(str(item))}.",
            f"Advance the sequence: {item.advance}.",
        )


def _dropped(evidence: Evidence) -> dict[str, str]:
    """Describe dropped tables that had rows, and dropped columns of such tables."""
    assert evidence.after is not None
    found: dict[str, str] = {}
    for oid, earlier in evidence.before.contents.items():
        if not earlier.rows:
            continue
        later = counterpart(evidence.after.contents, oid, earlier.name)
        if later is None:
            aggregate = _is_aggregate(evidence.before, earlier.name)
            noun = "continuous aggregate" if aggregate else "table"
            found[earlier.name] = f"{noun} {earlier.name} is dropped with its rows"
            continue
        for number, column in earlier.columns.items():
            if same_column(earlier, number, later) is None:
                name = f"{earlier.name}.{column.name}"
                found[name] = f"column {name} is dropped with its values"
    return found


def deleted_rows(before: State, after: State) -> dict[str, str]:
    """Describe tables that have fewer rows."""
    found: dict[str, str] = {}
    for oid, earlier in before.contents.items():
        later = counterpart(after.contents, oid, earlier.name)
        if later is not None and later.rows < earlier.rows:
            number = earlier.rows - later.rows
            found[earlier.name] = f"{number} of {earlier.rows} rows of {earlier.name} are deleted"
    return found


def _detacher(evidence: Evidence, name: str) -> tuple[int, str] | None:
    """The statement that detached a chunk or partition, and which; none if one wrote rows."""
    if is_written(evidence.statements, name):
        return None
    for statement in evidence.statements:
        sql = without_comments(statement.sql)
        if statement.transaction is None:  # Its locks were gone before anybody looked.
            touched = is_named(name, sql)
        else:
            touched = any(lock.relation == name for lock in statement.locks)
        if touched and (found := _DETACHES.search(sql)):
            return statement.number, "chunk" if found["chunk"] else "partition"
    return None


def _retention(evidence: Evidence, after: State) -> Iterator[GateFinding]:
    """Find retention policies that are new or drop younger chunks than before."""
    before = evidence.before
    filled = {contents.name for contents in before.contents.values() if contents.rows}
    for key, age in after.facts.items():
        if (key.kind, key.name, key.attribute) != ("policy", "retention", "drop_after"):
            continue
        if key.table in filled and _shorter(age, before.facts.get(key)):
            yield GateFinding(
                "data-lost",
                evidence.revision.identifier,
                f"{key.table}.retention",
                f"The retention policy of {key.table} drops chunks older than {show(age)}, and its "
                "first run starts immediately.",
                "Copy the older rows elsewhere first, or accept the finding with the reason.",
                definer_of(evidence.statements, key.table, key.kind),
            )


def _shorter(age: object, earlier: object) -> bool:
    if isinstance(age, Interval) and isinstance(earlier, Interval):
        return age.microseconds < earlier.microseconds
    if isinstance(age, int) and isinstance(earlier, int):
        return age < earlier
    return True
