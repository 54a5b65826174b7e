"""Compare the expected with the observed facts. Pure: no database, no files, no clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from conformance.comparing.capabilities import NO_AGGREGATES, REASONS, Capabilities
from conformance.comparing.codes import ERROR, WARNING
from conformance.comparing.fact_table import FactTable, Keys, ObjectKey
from conformance.comparing.facts import (
    DERIVED,
    EXISTS,
    Default,
    Expression,
    FactKey,
    Facts,
    Query,
    Value,
    agrees,
    plain,
)
from conformance.comparing.findings import Finding, Left, NotChecked, Seen
from conformance.comparing.merging import merge
from conformance.comparing.policies.rules import add_broken_rules
from conformance.comparing.seen import PRIVILEGES, accounted, is_never_judged, is_seen, seen_of
from conformance.comparing.serials import written_out
from conformance.comparing.wording import MODELS, expected_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.comparing.policies.circumstances import Circumstances
    from conformance.comparing.wording import Reference

#: Kinds of which only the Community edition has objects.
_COMMUNITY_KINDS = ("compression", "policy", "job")
#: Attributes that only matter on the Community edition: only policies call integer_now.
_COMMUNITY_ATTRIBUTES = ("other_compression_settings", "integer_now")


@dataclass(frozen=True)
class Comparison:
    """The outcome for every fact of either side.

    Each key is in exactly one of the first five attributes.

    Attributes:
        conforming: facts on which both sides agree; not sorted.
        findings: facts on which the sides disagree without another cause; causes first. Also
            broken rules over several objects, under keys whose kind is the code of the rule.
        consequences: facts that cannot hold because of a finding -> that finding.
        not_checked: facts that this server cannot decide, with the reason.
        seen: undeclared objects that are not judged.
        accounted: how many objects of each kind the database has, all outcomes together.
        left: objects that the project leaves to others.
        names: key of an expected object without a declared name -> key under which it was found.
        sides: the facts that were compared, expected and observed.
        schemas: those that stand before names of the facts.
    """

    conforming: Sequence[FactKey]
    findings: dict[FactKey, Finding]
    consequences: dict[FactKey, Finding]
    not_checked: dict[FactKey, NotChecked]
    seen: tuple[Seen, ...]
    accounted: dict[str, int]
    names: dict[FactKey, FactKey]
    left: tuple[Left, ...] = ()
    sides: tuple[Facts, Facts] = field(default=({}, {}), repr=False, compare=False)
    schemas: tuple[str, ...] = field(default=(), repr=False, compare=False)


def compare(
    expected: Facts,
    observed: Facts,
    capabilities: Capabilities,
    circumstances: Circumstances | None = None,
    reference: Reference = MODELS,
) -> Comparison:
    """Compare what the models declare with what the catalog shows, in both directions.

    Args:
        circumstances: what the rules over several objects need beside facts; None: no rule is
            applied.
        reference: where the expected facts come from.
    """
    comparison = _compare_facts(expected, observed, capabilities, reference)
    if circumstances is not None:
        add_broken_rules(observed, circumstances, comparison.findings, comparison.consequences)
        comparison.not_checked.update(
            (key, NotChecked(key.id, reason)) for key, reason in circumstances.unread
        )
    return comparison


def _compare_facts(
    promised: Facts, found: Facts, capabilities: Capabilities, reference: Reference
) -> Comparison:
    expected, observed = FactTable.of(promised), FactTable.of(found)
    expected = expected.without(_made_once(expected, observed))
    names = match_unnamed(expected, observed)
    expected = expected.renamed({old[:3]: new[:3] for old, new in names.items()})
    expected = written_out(expected, observed)
    agreeing, differing = _split_by_agreement(expected, observed)
    unjudged = _not_judged(differing, expected, observed, reference)
    differing -= unjudged
    # Others write comments on tables that have none in the models. A table whose comments are
    # declared has those alone, as Alembic understands it.
    commented = {table for kind, table, _ in expected.objects if kind == "comment"}
    seen, counts = tuple(seen_of(unjudged, observed, commented)), accounted(observed)
    if not differing and capabilities.community_edition:
        return Comparison(Keys(agreeing), {}, {}, {}, seen, counts, names)
    conforming: list[FactKey] = []
    findings: dict[FactKey, Finding] = {}
    consequences: dict[FactKey, Finding] = {}
    not_checked: dict[FactKey, NotChecked] = {}
    # Causes before consequences. Sorting the agreeing keys, too, would take half of the time.
    for key in chain(sorted(differing, key=FactKey.sort_key), agreeing):
        cause = _cause(key, findings)
        reason = _why_server_cannot_decide(key, capabilities)
        if reason is None and key in differing:
            reason = _why_incomparable(expected.get(key), observed.get(key))
        if reason is not None:
            not_checked[key] = NotChecked(key.id, reason)
        elif cause is not None:
            consequences[key] = cause
        elif key in differing:
            findings[key] = _finding(key, expected, observed, reference)
        else:
            conforming.append(key)
    if reference is MODELS:
        merge(expected, observed, findings, consequences)
    ordered = dict(sorted(not_checked.items(), key=lambda item: item[0].sort_key()))
    return Comparison(tuple(conforming), findings, consequences, ordered, seen, counts, names)


def _made_once(expected: FactTable, observed: FactTable) -> set[ObjectKey]:
    """The unique constraints that are missing because another constraint has the same index.

    Of equal ones, and of a primary key of the same columns, CREATE TABLE makes one; ALTER TABLE
    makes each. Source: transformIndexConstraints() in PostgreSQL's parse_utilcmd.c.
    """
    alike: dict[tuple[Value, ...], list[ObjectKey]] = defaultdict(list)
    for parts, unique in expected.objects.items():
        if parts[0] == "unique":
            alike[_index_of(parts, unique)].append(parts)
    primary = {
        _index_of(parts, {**key, "nulls": "distinct"})
        for parts, key in expected.objects.items()
        if parts[0] == "primary_key"
    }
    alike = {index: keys for index, keys in alike.items() if len(keys) > 1 or index in primary}
    if not alike:
        return set()
    unclaimed = Counter(
        _index_of(parts, unique)
        for parts, unique in observed.objects.items()
        if parts[0] == "unique" and parts not in expected.objects
    )
    left_out: set[ObjectKey] = set()
    for index, keys in alike.items():
        made = [parts for parts in keys if parts in observed.objects]
        unnamed = [parts for parts in keys if parts[2].startswith("<")]
        made += unnamed[: unclaimed[index]]
        # One remains to be missed where none was made.
        left_out |= {*keys} - {*(made or ([] if index in primary else keys[:1]))}
    return left_out


def _index_of(parts: ObjectKey, key: Mapping[str, Value]) -> tuple[Value, ...]:
    """The table, and what two constraints have in common that one index serves."""
    attributes = ("columns", "include", "deferrable", "nulls")
    return parts[1], *(key.get(attribute) for attribute in attributes)


def _not_judged(
    differing: set[FactKey], expected: FactTable, observed: FactTable, reference: Reference
) -> set[FactKey]:
    """The keys of undeclared objects and attributes that are not judged."""
    if reference.whole:
        return differing - expected.keys() - expected_of(observed).keys()
    # Models that name a role declare all privileges of that role.
    roles = {name for kind, _, name in expected.objects if kind in PRIVILEGES}
    found = set()
    for key in differing:
        if key in expected:
            continue
        if (
            key.kind in PRIVILEGES
            and key.name in roles
            and not is_never_judged(observed[key.existence])
        ):
            continue
        # An undeclared object counts as a whole; of another one, each attribute counts.
        whole = key if key.existence in expected else key.existence
        if is_seen(key, observed.get(whole, observed[key])):
            found.add(key)
    return found


#: Stands for a missing fact; None is a value that a fact can have.
_ABSENT: Any = object()
#: The attributes of a missing object.
_NOTHING: Mapping[str, Value] = MappingProxyType({})


def _split_by_agreement(expected: FactTable, observed: FactTable) -> tuple[FactTable, set[FactKey]]:
    """The facts on which both sides agree, and all other keys."""
    agreeing = FactTable()
    differing: set[FactKey] = set()
    for parts, wanted in expected.objects.items():
        seen = observed.objects.get(parts, _NOTHING)
        # Most objects agree as a whole. True is not 1, so that the types must be the same, too.
        if wanted == seen and [*map(type, wanted.values())] == [
            type(seen[name]) for name in wanted
        ]:
            agreeing.objects[parts] = wanted
            continue
        same = {
            name: value for name, value in wanted.items() if _holds(value, seen.get(name, _ABSENT))
        }
        if same:
            agreeing.objects[parts] = same
        differing.update(FactKey(*parts, name) for name in (*wanted, *seen) if name not in same)
    for parts, seen in observed.objects.items():
        if parts not in expected.objects:
            differing.update(FactKey(*parts, name) for name in seen)
    return agreeing, differing


def _holds(expected: Value, observed: Value) -> bool:
    return isinstance(expected, Default) if observed is _ABSENT else agrees(expected, observed)


def _cause(key: FactKey, findings: dict[FactKey, Finding]) -> Finding | None:
    if not findings:
        return None
    return next((findings[cause] for cause in key.causes() if cause in findings), None)


def _why_incomparable(expected: Value, observed: Value) -> str | None:
    """Why it is unknown whether two expressions or queries are the same; None if it is known."""
    if isinstance(observed, Expression) and isinstance(expected, Expression):
        return observed.refused or expected.refused or None
    if not isinstance(observed, Query) or not isinstance(expected, Query):
        return None
    if observed.refused:
        return observed.refused
    if expected.canonical == observed.canonical:
        clauses = ", ".join(sorted({*observed.hidden} ^ {*expected.hidden}))
        return f"these clauses are written differently, and a plan does not show them: {clauses}"
    return None


def _why_server_cannot_decide(key: FactKey, capabilities: Capabilities) -> str | None:
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


def _finding(key: FactKey, expected: Facts, observed: Facts, reference: Reference) -> Finding:
    if key not in observed:
        disagreement = "missing"
    elif key not in expected:
        disagreement = "unexpected"
    else:
        disagreement = "different"
    wanted, seen = expected.get(key), observed.get(key)
    other_side = observed if disagreement == "missing" else expected
    instead = _relation_kind_there(key, other_side)
    return Finding(
        id=key.id,
        kind=key.kind,
        object=key.object,
        attribute=key.attribute,
        disagreement=disagreement,
        expected=plain(wanted),
        observed=plain(seen),
        message=reference.message(key, disagreement, wanted, seen, instead),
        hint=reference.hint(key, disagreement, instead),
        # A comment changes nothing but what people read.
        severity=WARNING if key.kind == "comment" else ERROR,
    )


def _relation_kind_there(key: FactKey, other_side: Facts) -> str | None:
    """The kind of relation that the other side has under the same name."""
    kinds = ("table", *DERIVED)
    if key.attribute != EXISTS or key.kind not in kinds:
        return None
    there = (kind for kind in kinds if key._replace(kind=kind) in other_side)
    return next((kind for kind in there if kind != key.kind), None)


def match_unnamed(expected: Facts, observed: Facts) -> dict[FactKey, FactKey]:
    """Find the observed object for every expected object without a declared name.

    The models may leave a constraint unnamed, and TimescaleDB creates indexes by itself. Such an
    object is expected by its definition, and may have any name in the database.

    Returns:
        Expected key -> observed key, for every attribute of the objects that were found.
    """
    # Only kinds and tables with an unnamed object: the others are most of the facts.
    expected, observed = FactTable.of(expected), FactTable.of(observed)
    sought = {(kind, table) for kind, table, name in expected.objects if name.startswith("<")}
    if not sought:
        return {}
    promised = _objects(expected, sought)
    unnamed = {parts: found for parts, found in promised.items() if parts[2].startswith("<")}
    free: dict[tuple[str, str], dict[str, dict[str, Value]]] = defaultdict(dict)
    for (kind, table, name), attributes in _objects(observed, sought).items():
        if (kind, table, name) not in promised:
            free[kind, table][name] = attributes
    renamed: dict[tuple[str, str, str], str] = {}
    # All definitions first: an object with the definition of another expected object is that one.
    for recognise in (_find_by_definition, _find_by_name, _find_any):
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
    facts: FactTable, sought: set[tuple[str, str]]
) -> dict[tuple[str, str, str], dict[str, Value]]:
    """The attributes of the objects of these kinds and tables, by (kind, table, name)."""
    return {parts: attributes for parts, attributes in facts.objects.items() if parts[:2] in sought}


#: The attributes that identify an unnamed object; a difference in the others is a finding.
_DEFINITION = {
    "unique": ("columns",),
    "foreign_key": ("columns", "references"),
    "check": ("expression",),
    "exclusion": ("columns", "operators", "predicate"),
    "index": ("columns", "predicate", "unique"),
    "policy": ("start_offset", "end_offset"),
    "job": ("config", "schedule_interval"),
}


def _find_by_definition(
    kind: str, wanted: dict[str, Value], candidates: dict[str, dict[str, Value]], usual_name: str
) -> str | None:
    """The candidate with the same definition.

    Of several, one that agrees in the rest as well; of these, the one with the usual name.
    """
    same = {
        name: attributes
        for name, attributes in candidates.items()
        if all(agrees(wanted[part], attributes.get(part)) for part in _DEFINITION[kind])
    }

    def order(name: str) -> tuple[bool, bool, str]:
        rest = all(agrees(value, same[name].get(part)) for part, value in wanted.items())
        return not rest, name != usual_name, name

    return min(same, key=order, default=None)


def _find_by_name(
    _kind: str, _wanted: dict[str, Value], candidates: dict[str, dict[str, Value]], usual_name: str
) -> str | None:
    """The candidate with the usual name: the same object with another definition."""
    return usual_name if usual_name in candidates else None


def _find_any(
    kind: str, _wanted: dict[str, Value], candidates: dict[str, dict[str, Value]], _usual_name: str
) -> str | None:
    """Any job or refresh policy that is left: the same one with another config or window."""
    if kind == "job":
        return min(candidates, default=None)
    left = (name for name in candidates if kind == "policy" and name.startswith("refresh"))
    return min(left, default=None)
