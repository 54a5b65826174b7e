"""What became of rows that were there before a revision. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, show
from conformance.gate.evidence.report import GateFinding
from conformance.gate.evidence.state import changed_rows, counterpart, same_column
from conformance.gate.rules.sentences import capitalized
from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.gate.evidence.evidence import Evidence
    from conformance.gate.evidence.state import State

#: What is lost with a table or column, and with rows.
_IT = {False: "it what its rows", True: "them what they"}
_MATERIALIZE = (
    "Create it anew WITH NO DATA and refresh it after the revision, as far back as its source "
    "still has rows; or accept it with the reason."
)
_KEEP_ROWS = "Keep them in another table first; or accept it with the reason."


def judge_rows(evidence: Evidence) -> Iterator[GateFinding]:
    """Rows that were there before: gone, others, or soon gone."""
    if evidence.after is None:
        return
    yield from _retention(evidence.revision.identifier, evidence.before, evidence.after)
    yield from _behind(evidence)
    gone = _gone(evidence.before, evidence.after)
    lost = {**_lost(evidence), **gone}
    for name, what in lost.items():
        yield GateFinding(
            "data-lost",
            evidence.revision.identifier,
            name,
            f"{capitalized(what)}, and with {_IT[name in gone]} held.",
            _hint(evidence, name, gone=name in gone),
            _writer(evidence, name) if name in gone else None,
        )
    for name, what in changed_rows(evidence.before, evidence.after):
        if name not in lost:
            yield GateFinding(
                "data-changed",
                evidence.revision.identifier,
                name,
                f"Rows that were there are not as before: {what}.",
                "If that is meant, accept it with the reason; if not, look for the statement.",
                _writer(evidence, name.partition(".")[0]),
            )


def _hint(evidence: Evidence, name: str, *, gone: bool) -> str:
    if _is_aggregate(evidence.before, name):
        return _MATERIALIZE
    if gone:
        return _KEEP_ROWS
    return "Stop using it first, and drop it in a later revision; or accept it with the reason."


def _is_aggregate(state: State, name: str) -> bool:
    return FactKey("continuous_aggregate", name, "", EXISTS) in state.facts


def _behind(evidence: Evidence) -> Iterator[GateFinding]:
    for item in evidence.behind:
        yield GateFinding(
            "sequence-behind",
            evidence.revision.identifier,
            item.column,
            f"{capitalized(str(item))}.",
            f"Bring it as far: {item.catch_up}.",
        )


def _lost(evidence: Evidence) -> dict[str, str]:
    """Tables with rows, and columns of such, that were dropped."""
    assert evidence.after is not None
    found: dict[str, str] = {}
    for oid, earlier in evidence.before.contents.items():
        if not earlier.rows:
            continue
        later = counterpart(evidence.after.contents, oid, earlier.name)
        if later is None:
            aggregate = _is_aggregate(evidence.before, earlier.name)
            noun = "continuous aggregate" if aggregate else "table"
            found[earlier.name] = f"{noun} {earlier.name} is dropped"
            continue
        for number, column in earlier.columns.items():
            if same_column(earlier, number, later) is None:
                name = f"{earlier.name}.{column.name}"
                found[name] = f"column {name} is dropped"
    return found


def _gone(before: State, after: State) -> dict[str, str]:
    """Tables that have fewer rows."""
    found: dict[str, str] = {}
    for oid, earlier in before.contents.items():
        later = counterpart(after.contents, oid, earlier.name)
        if later is not None and later.rows < earlier.rows:
            number = earlier.rows - later.rows
            found[earlier.name] = f"{number} of {earlier.rows} rows of {earlier.name} are gone"
    return found


def _writer(evidence: Evidence, table: str) -> int | None:
    """The first statement that wrote rows of the table."""
    for statement in evidence.statements:
        if any(item.relation == table and item.written for item in statement.rows):
            return statement.number
    return None


def _retention(revision: str, before: State, after: State) -> Iterator[GateFinding]:
    """Policies that drop rows which nothing dropped before."""
    filled = {contents.name for contents in before.contents.values() if contents.rows}
    for key, age in after.facts.items():
        if (key.kind, key.name, key.attribute) != ("policy", "retention", "drop_after"):
            continue
        if key.table in filled and _shorter(age, before.facts.get(key)):
            yield GateFinding(
                "data-lost",
                revision,
                f"{key.table}.retention",
                f"The retention policy of {key.table} drops chunks older than {show(age)}, from "
                "its first run on, which comes at once.",
                "Keep what is older elsewhere first; or accept it with the reason.",
            )


def _shorter(age: object, earlier: object) -> bool:
    if isinstance(age, Interval) and isinstance(earlier, Interval):
        return age.microseconds < earlier.microseconds
    if isinstance(age, int) and isinstance(earlier, int):
        return age < earlier
    return True
