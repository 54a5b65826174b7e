"""Two sets of facts -> findings. Pure: no database, no files, no clock."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import Any

from conformance.comparing.capabilities import NO_AGGREGATES, REASONS, Capabilities
from conformance.comparing.facts import (
    DERIVED,
    EXISTS,
    FactKey,
    Facts,
    Query,
    Value,
    agrees,
    plain,
)
from conformance.comparing.findings import Finding, NotChecked, Seen
from conformance.comparing.messages import hint_for, message_for
from conformance.comparing.seen import PRIVILEGES, accounted, is_excused, is_seen, seen_of

#: What only the Community edition can have.
_COMMUNITY_KINDS = ("compression", "policy", "job")
#: The same of attributes; the function for integer time is called by policies alone.
_COMMUNITY_ATTRIBUTES = ("other_compression_settings", "integer_now")


@dataclass(frozen=True)
class Comparison:
    """The outcome for every fact of either side; each key is in exactly one of the first five.

    Attributes:
        conforming: both sides agree; not sorted.
        findings: they do not, and nothing else is the cause; causes first.
        consequences: facts that could not hold because of a finding, with that finding.
        not_checked: facts that this server cannot decide, with the reason.
        seen: what no model declares and nothing judges.
        accounted: how many objects of each kind the database has, all outcomes together.
        names: for expected objects without a promised name, the key under which they were found.
    """

    conforming: tuple[FactKey, ...]
    findings: dict[FactKey, Finding]
    consequences: dict[FactKey, Finding]
    not_checked: dict[FactKey, NotChecked]
    seen: tuple[Seen, ...]
    accounted: dict[str, int]
    names: dict[FactKey, FactKey]


def compare(expected: Facts, observed: Facts, capabilities: Capabilities) -> Comparison:
    """Hold what the models promise against what the catalog shows, in both directions."""
    names = match_unnamed(expected, observed)
    if names:
        expected = dict(expected)
        for promised, found in names.items():
            expected[found] = expected.pop(promised)
    agreeing, differing = _divided(expected, observed)
    unjudged = _unjudged(differing, expected, observed)
    differing -= unjudged
    seen, counts = tuple(seen_of(unjudged, observed)), accounted(observed)
    if not differing and capabilities.community_edition:
        return Comparison(tuple(agreeing), {}, {}, {}, seen, counts, names)
    conforming: list[FactKey] = []
    findings: dict[FactKey, Finding] = {}
    consequences: dict[FactKey, Finding] = {}
    not_checked: dict[FactKey, NotChecked] = {}
    # Causes before consequences; sorting what agrees as well would take half of the time.
    for key in chain(sorted(differing, key=FactKey.sort_key), agreeing):
        cause = _cause(key, findings)
        reason = _undecidable(key, capabilities)
        if reason is None and key in differing:
            reason = _undecided(expected.get(key), observed.get(key))
        if reason is not None:
            not_checked[key] = NotChecked(key.id, reason)
        elif cause is not None:
            consequences[key] = cause
        elif key in differing:
            findings[key] = _finding(key, expected, observed)
        else:
            conforming.append(key)
    ordered = dict(sorted(not_checked.items(), key=lambda item: item[0].sort_key()))
    return Comparison(tuple(conforming), findings, consequences, ordered, seen, counts, names)


def _unjudged(differing: set[FactKey], expected: Facts, observed: Facts) -> set[FactKey]:
    """What no model declares and nothing judges."""
    # Of a role that the models speak of, they declare everything.
    roles = {key.name for key in expected if key.kind in PRIVILEGES}
    found = set()
    for key in differing:
        if key in expected:
            continue
        if key.kind in PRIVILEGES and key.name in roles and not is_excused(observed[key.existence]):
            continue
        # An undeclared object is seen or found as a whole; of a declared one, by the attribute.
        whole = key if key.existence in expected else key.existence
        if is_seen(whole if whole in observed else key, observed.get(whole)):
            found.add(key)
    return found


#: Not among the values of facts: None is one of them.
_ABSENT: Any = object()


def _divided(expected: Facts, observed: Facts) -> tuple[list[FactKey], set[FactKey]]:
    """The keys on which both sides agree, and all others."""
    agreeing: list[FactKey] = []
    differing = observed.keys() - expected.keys()
    for key, value in expected.items():
        seen = observed.get(key, _ABSENT)
        if seen is not _ABSENT and agrees(value, seen):
            agreeing.append(key)
        else:
            differing.add(key)
    return agreeing, differing


def _cause(key: FactKey, findings: dict[FactKey, Finding]) -> Finding | None:
    if not findings:
        return None
    return next((findings[cause] for cause in key.causes() if cause in findings), None)


def _undecided(expected: Value, observed: Value) -> str | None:
    """Why it is not known whether two queries are the same."""
    if not isinstance(observed, Query) or not isinstance(expected, Query):
        return None
    if observed.refused:
        return f"PostgreSQL does not spell this query apart from its tables: {observed.refused}"
    if expected.canonical == observed.canonical:
        clauses = ", ".join(sorted({*observed.hidden} ^ {*expected.hidden}))
        return f"PostgreSQL's plans do not show these clauses, whose spelling differs: {clauses}"
    return None


def _undecidable(key: FactKey, capabilities: Capabilities) -> str | None:
    if capabilities.community_edition:
        return None
    if key.kind == "continuous_aggregate":
        return NO_AGGREGATES
    community_only = (
        key.kind in _COMMUNITY_KINDS
        or key == FactKey("extension", "timescaledb", "", "edition")
        or key.attribute in _COMMUNITY_ATTRIBUTES
    )
    return REASONS["community_edition"] if community_only else None


def _finding(key: FactKey, expected: Facts, observed: Facts) -> Finding:
    if key not in observed:
        disagreement = "missing"
    elif key not in expected:
        disagreement = "unexpected"
    else:
        disagreement = "different"
    wanted, seen = expected.get(key), observed.get(key)
    instead = _instead(key, observed if disagreement == "missing" else expected)
    return Finding(
        id=key.id,
        kind=key.kind,
        object=key.object,
        attribute=key.attribute,
        disagreement=disagreement,
        expected=plain(wanted),
        observed=plain(seen),
        message=message_for(key, disagreement, wanted, seen, instead),
        hint=hint_for(key, disagreement, instead),
    )


def _instead(key: FactKey, other_side: Facts) -> str | None:
    """The kind of relation that the other side has under the same name."""
    kinds = ("table", *DERIVED)
    if key.attribute != EXISTS or key.kind not in kinds:
        return None
    there = (kind for kind in kinds if key._replace(kind=kind) in other_side)
    return next((kind for kind in there if kind != key.kind), None)


def match_unnamed(expected: Facts, observed: Facts) -> dict[FactKey, FactKey]:
    """Where objects that were promised without a name are found: under that of an equal one.

    A constraint that the models leave unnamed, or an index that TimescaleDB makes, is promised by
    its definition; whatever it is called in the database is right.
    """
    # Only those that an unnamed one may be found among: all would be most of the facts.
    sought = {(key.kind, key.table) for key in expected if key.name.startswith("<")}
    if not sought:
        return {}
    promised = _objects(expected, sought)
    unnamed = {parts: found for parts, found in promised.items() if parts[2].startswith("<")}
    free: dict[tuple[str, str], dict[str, dict[str, Value]]] = defaultdict(dict)
    for (kind, table, name), attributes in _objects(observed, sought).items():
        if (kind, table, name) not in promised:
            free[kind, table][name] = attributes
    renamed: dict[tuple[str, str, str], str] = {}
    # All definitions first: an object that is what another one should be is that other one.
    for recognise in (_of_definition, _of_name, _of_being_left):
        for (kind, table, name), attributes in unnamed.items():
            candidates = free[kind, table]
            if (kind, table, name) in renamed:
                continue
            found = recognise(kind, attributes, candidates, name[1:-1])
            if found is not None:
                del candidates[found]
                renamed[kind, table, name] = found
    return {
        FactKey(*parts, attribute): FactKey(parts[0], parts[1], name, attribute)
        for parts, name in renamed.items()
        for attribute in unnamed[parts]
    }


def _objects(
    facts: Facts, sought: set[tuple[str, str]]
) -> dict[tuple[str, str, str], dict[str, Value]]:
    """The attributes of the objects of these kinds and tables, by (kind, table, name)."""
    objects: dict[tuple[str, str, str], dict[str, Value]] = defaultdict(dict)
    for key, value in facts.items():
        if (key.kind, key.table) in sought:
            objects[key.kind, key.table, key.name][key.attribute] = value
    return objects


#: What an unnamed object is recognised by: the rest may differ and is then a finding.
_DEFINITION = {
    "unique": ("columns",),
    "foreign_key": ("columns", "references"),
    "check": ("expression",),
    "exclusion": ("columns", "operators", "predicate"),
    "index": ("columns", "predicate", "unique"),
    "policy": ("start_offset", "end_offset"),
    "job": ("config", "schedule_interval"),
}


def _of_definition(
    kind: str, wanted: dict[str, Value], candidates: dict[str, dict[str, Value]], usual_name: str
) -> str | None:
    """The candidate with the same definition, by preference the one with the usual name."""
    same = [
        name
        for name, attributes in candidates.items()
        if all(agrees(wanted[part], attributes.get(part)) for part in _DEFINITION[kind])
    ]
    return usual_name if usual_name in same else min(same, default=None)


def _of_name(
    _kind: str, _wanted: dict[str, Value], candidates: dict[str, dict[str, Value]], usual_name: str
) -> str | None:
    """The candidate with the usual name: the same object, altered."""
    return usual_name if usual_name in candidates else None


def _of_being_left(
    kind: str, _wanted: dict[str, Value], candidates: dict[str, dict[str, Value]], _usual_name: str
) -> str | None:
    """A refresh of another window, or a job of another config: the same one, altered."""
    if kind == "job":
        return min(candidates, default=None)
    left = (name for name in candidates if kind == "policy" and name.startswith("refresh"))
    return min(left, default=None)
