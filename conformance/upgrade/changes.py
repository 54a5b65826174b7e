"""Compare the states before and after an upgrade. Pure: no database, no files, no clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import DERIVED, EXISTS, plain, show
from conformance.upgrade.report import AFRESH, RESTORED, Change, Unchanged, worst_first
from conformance.upgrade.state import (
    CHUNKS,
    OWN_JOB,
    POLICY_NAME,
    ROWS,
    VALUES,
    State,
    Subject,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

#: The purpose of the upgrade, which is not reported as a change.
_PURPOSE = Subject("extension", "timescaledb", "version")


class _Absent:
    """Stands for a missing value."""

    def __str__(self) -> str:
        return "none"


_ABSENT: Any = _Absent()


@dataclass(frozen=True)
class Comparison:
    """The changes, worst first, and how much is unchanged."""

    changes: tuple[Change, ...]
    unchanged: Unchanged


def compare_states(
    before: State,
    after: Mapping[str, State],
    *,
    copied: bool = False,
    volatile: Collection[Subject] = (),
) -> Comparison:
    """Compare the states before and after the upgrade, subject by subject.

    Args:
        after: the state after each way.
        copied: whether the rows of the restored database were copied, without the chunks' states.
        volatile: values that differ each time that the same rows are written; they are not
            compared with a database that was filled afresh.
    """
    subjects = dict.fromkeys(before.values)
    for state in after.values():
        subjects.update(dict.fromkeys(state.values))
    subjects.pop(_PURPOSE, None)
    versions = {_major(state) for state in (before, *after.values())}
    changes: list[Change] = []
    unchanged: Counter[str] = Counter()
    for subject in sorted(subjects, key=_causes_first):
        if len(versions) > 1 and subject.kind in DERIVED and subject.attribute == "definition":
            # Major versions of PostgreSQL print the same query differently.
            continue
        old = before.values.get(subject, _ABSENT)
        new = {way: state.values.get(subject, _ABSENT) for way, state in after.items()}
        new = _comparable(subject, old, new, changes)
        if subject in volatile:
            new.pop(AFRESH, None)
        if all(_same(old, value) for value in new.values()):
            unchanged.update(_amount(subject, old) if new else {})
        elif not _is_consequence(subject, changes):
            agreed = all(subject not in state.disagreements for state in after.values())
            kind = _kind(subject, old, new, copied=copied, agreed=agreed)
            changes.append(_change(kind, subject, old, new))
    return Comparison(worst_first(changes), Unchanged(**unchanged))


def _major(state: State) -> str:
    return state.server.postgresql.partition(".")[0]


def _causes_first(subject: Subject) -> tuple[bool, bool, bool]:
    relation = subject.kind in ("table", *DERIVED)
    return (subject.kind == VALUES, not relation, subject.attribute != EXISTS)


def _same(one: Any, other: Any) -> bool:
    return bool(type(one) is type(other) and one == other)


def _comparable(
    subject: Subject, old: Any, new: dict[str, Any], changes: list[Change]
) -> dict[str, Any]:
    """The values that can be compared; left out are those that another change explains."""
    if subject.kind == POLICY_NAME:
        # Another fact states whether the policy exists.
        return {way: value for way, value in new.items() if _ABSENT not in (old, value)}
    rows = str(Subject(ROWS, subject.object))
    change = next((change for change in changes if change.subject == rows), None)
    if subject.kind != VALUES or change is None:
        return new
    # Values are only comparable if the table has the same number of rows.
    return {way: value for way, value in new.items() if change.after[way] == change.before}


def _is_consequence(subject: Subject, changes: list[Change]) -> bool:
    """Whether the change follows from a table or object that was lost or added."""
    for change in changes:
        kind, _, rest = change.subject.partition(":")
        name, _, attribute = rest.rpartition(":")
        if attribute != EXISTS:
            continue
        part_of = subject.object == name or subject.object.startswith(f"{name}.")
        relation = kind in ("table", *DERIVED)
        if (relation and part_of) or (kind, name) == (subject.kind, subject.object):
            return True
    return False


def _amount(subject: Subject, value: Any) -> dict[str, int]:
    if subject.kind == ROWS:
        return {"rows": value if isinstance(value, int) else 0}
    return {"columns": 1} if subject.kind == VALUES else {"facts": 1}


def _kind(subject: Subject, old: Any, new: dict[str, Any], *, copied: bool, agreed: bool) -> str:
    if subject.kind in (OWN_JOB, POLICY_NAME):
        return {OWN_JOB: "own-job", POLICY_NAME: "renamed"}[subject.kind]
    values = _carried(subject, new, copied=copied)
    differing = {way: value for way, value in values.items() if not _same(old, value)}
    if not differing:
        return "not-fresh"
    if copied and subject.kind == CHUNKS and differing.keys() == {RESTORED}:
        return "not-carried"
    if any(_is_less(subject, old, value) for value in differing.values()):
        return "lost"
    if subject.kind not in (ROWS, VALUES) and agreed and _by_timescaledb(new):
        return "changed-by-timescaledb"
    return "added" if old is _ABSENT or subject.kind == ROWS else "altered"


def _carried(subject: Subject, new: dict[str, Any], *, copied: bool) -> dict[str, Any]:
    """The values that came from the old server; all values if none did.

    If rows were copied, the migration created the schema on the new server.
    """
    fresh = {AFRESH}
    if copied and subject.kind not in (ROWS, VALUES, CHUNKS):
        fresh.add(RESTORED)
    return {way: value for way, value in new.items() if way not in fresh} or new


def _is_less(subject: Subject, old: Any, value: Any) -> bool:
    if value is _ABSENT or isinstance(value, Unreadable):
        return True
    return subject.kind == ROWS and isinstance(old, int) and value < old


def _by_timescaledb(new: dict[str, Any]) -> bool:
    """Whether a fresh database has the same value."""
    return AFRESH in new and all(_same(new[AFRESH], value) for value in new.values())


def _change(kind: str, subject: Subject, old: Any, new: dict[str, Any]) -> Change:
    """Make a change: `rows of curves: 64 before, restored and afresh; 63 in place`."""
    values = "; ".join(_describe_values(subject, {"before": old, **new}))
    return Change(
        kind,
        str(subject),
        f"{_describe_subject(subject)}: {values}",
        _plain(subject, old),
        {way: _plain(subject, value) for way, value in new.items()},
    )


def _describe_values(subject: Subject, values: dict[str, Any]) -> Iterator[str]:
    groups: list[tuple[Any, list[str]]] = []
    for way, value in values.items():
        ways = next((ways for other, ways in groups if _same(other, value)), None)
        if ways is None:
            groups.append((value, [way]))
        else:
            ways.append(way)
    texts = [_describe_value(subject, value) for value, _ in groups]
    if len(set(texts)) < len(texts):
        # The summaries do not distinguish the values: show them in full.
        texts = [show(value) for value, _ in groups]
    for number, (value, ways) in enumerate(groups):
        if subject.kind == VALUES and isinstance(value, int):
            yield f"{'different' if number else 'the same'} {_listed(ways)}"
        else:
            yield f"{texts[number]} {_listed(ways)}"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _describe_value(subject: Subject, value: Any) -> str:
    if value is _ABSENT or (subject.attribute == EXISTS and value is True):
        return "missing" if value is _ABSENT else "exists"
    if subject.kind == CHUNKS:
        states = Counter(item.partition(": ")[2] for item in value)
        return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    return show(value)


_NOUNS = {
    ROWS: "rows of",
    VALUES: "values of",
    CHUNKS: "chunks of",
    POLICY_NAME: "name of policy",
    OWN_JOB: "TimescaleDB's job",
}


def _describe_subject(subject: Subject) -> str:
    noun = _NOUNS.get(subject.kind, subject.kind.replace("_", " "))
    if subject.kind == VALUES:
        return f"{noun} {subject.object}.{subject.attribute}"
    attribute = subject.attribute.replace("_", " ")
    detail = f", {attribute}" if attribute and attribute != EXISTS else ""
    return f"{noun} {subject.object}{detail}"


def _plain(subject: Subject, value: Any) -> Any:
    if value is _ABSENT:
        return None
    # A digest is larger than the integers that every JSON parser keeps exactly.
    return str(value) if subject.kind == VALUES else plain(value)
