"""The plan: the statements up and down, in the right order, and what no statement mends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import DERIVED, EXISTS, FactKey, referred
from conformance.mending import (
    chunks,
    columns,
    comments,
    compression,
    constraints,
    extensions,
    functions,
    hypertables,
    indexes,
    jobs,
    policies,
    privileges,
    schemas,
    sequences,
    settings,
    skipping,
    storage,
    tables,
    triggers,
    types,
    views,
)
from conformance.mending.remaking import objects_to_remake
from conformance.mending.renaming import renamed, renames, settled
from conformance.mending.renaming import steps as renaming_steps
from conformance.mending.report import Unmended
from conformance.mending.scene import (
    FIRST,
    LAST,
    ORDER,
    RELATIONS,
    CannotMend,
    Objects,
    Parts,
    Ref,
    Scene,
    Step,
    differing,
    objects_of,
)
from conformance.mending.sql import literal, relation
from conformance.mending.target import target_of
from conformance.mending.unclear import REASON, unclear

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from conformance.comparing.comparison import Comparison
    from conformance.comparing.findings import Finding

#: Kind -> the module with make(), drop() and, where it is not both, change().
_MODULES: dict[str, Any] = {
    "extension": extensions,
    "setting": settings,
    "type": types,
    "domain": types,
    "composite_type": types,
    "range_type": types,
    "sequence": sequences,
    "function": functions,
    "procedure": functions,
    "table": tables,
    "column": columns,
    "primary_key": constraints,
    "unique": constraints,
    "foreign_key": constraints,
    "check": constraints,
    "exclusion": constraints,
    "hypertable": hypertables,
    "view": views,
    "materialized_view": views,
    "continuous_aggregate": views,
    "index": indexes,
    "compression": compression,
    "policy": policies,
    "job": jobs,
    "chunk": chunks,
    "chunk_skipping": skipping,
    "trigger": triggers,
    "rule": triggers,
    "row_security_policy": triggers,
    "storage": storage,
    "comment": comments,
    "privilege": privileges,
    "default_privilege": privileges,
}
#: Kinds that are dropped first where they may be there already, because CREATE cannot ask.
_REPLACED = frozenset(
    {
        "primary_key", "unique", "foreign_key", "check", "exclusion", "index", "policy", "job",
        "trigger", "rule", "row_security_policy",
    }
)  # fmt: skip
#: Kinds whose `exists` is the only sign that there is such an object.
_EXISTING = frozenset(_MODULES) - {"storage", "chunk"}
_ALL = frozenset(_MODULES)
#: How long a statement waits for its lock.
TIMEOUT = "SET LOCAL lock_timeout = '5s'"
_UNKNOWN = "the facts do not say how it was made; drop it or create it by hand"


@dataclass(frozen=True)
class Plan:
    """The statements of a revision.

    Attributes:
        upgrade: in their order.
        downgrade: in their order.
        mended: the ids of the findings that the upgrade mends.
        unmended: the other findings that are errors.
        kept: what the downgrade does not restore: the object, and why.
    """

    upgrade: tuple[Step, ...]
    downgrade: tuple[Step, ...]
    mended: tuple[str, ...] = ()
    unmended: tuple[Unmended, ...] = ()
    kept: tuple[Unmended, ...] = ()


def plan_for(  # noqa: PLR0913 - how the statements are to run
    comparison: Comparison,
    *,
    wanted: Callable[[Finding], bool] = lambda _: True,
    guarded: bool = False,
    online: bool = False,
    kinds: Collection[str] = _ALL,
    schema: str = "",
) -> Plan:
    """The statements that mend the findings.

    Args:
        comparison: with the facts of both sides.
        wanted: whether a finding is to be mended.
        guarded: whether the statements also run where there is nothing to mend.
        online: whether the upgrade does slow work outside of a transaction.
        kinds: the kinds of objects that get statements.
        schema: the schema of names without one, if sessions may look elsewhere first.
    """
    before, after, left = _sides(comparison, wanted)
    upgrade, failed, reached = steps_between(
        before, after, guarded=guarded, online=online, kinds=kinds
    )
    failed.update(left)
    # From where the upgrade leads: what it leaves as it is was never away.
    downgrade, kept, _ = steps_between(reached, before, guarded=guarded, undo=True, kinds=kinds)
    mended, unmended, found = [], [], set()
    for key, finding in comparison.findings.items():
        if not wanted(finding):
            continue
        found.add(key)
        reason = _why_not(Ref.of(key), key.attribute, failed, before, after)
        if reason is None:
            mended.append(finding.id)
        elif finding.fails:
            unmended.append(Unmended(finding.id, reason))
    # What a new object, or a new relation, lacks has no finding as yet.
    unmended += [
        Unmended(key.id, reason)
        for (ref, attribute), reason in failed.items()
        if ref not in before and ref in after and (attribute or _is_of_a_new(ref, before))
        if (key := FactKey(*ref, attribute or EXISTS)) not in found
    ]
    return Plan(
        tuple(_looking_in(schema, upgrade)),
        tuple(_looking_in(schema, downgrade)),
        tuple(mended),
        tuple(unmended),
        tuple(
            Unmended(f"{ref.kind}:{FactKey(*ref, EXISTS).object}", reason)
            for (ref, _), reason in kept.items()
        ),
    )


def mendable(comparison: Comparison) -> set[str]:
    """The ids of the findings that a plan for all of them mends."""
    before, after, left = _sides(comparison, lambda _: True)
    _, failed, _ = steps_between(before, after)
    failed.update(left)
    return {
        finding.id
        for key, finding in comparison.findings.items()
        if _why_not(Ref.of(key), key.attribute, failed, before, after) is None
    }


def _is_of_a_new(ref: Ref, before: Objects) -> bool:
    """Whether the finding of a missing relation stands for this part of it."""
    relation = ref.table.partition(" (")[0]
    return not any(Ref(kind, relation) in before for kind in RELATIONS)


#: (object, attribute) -> why it stays; the attribute is empty for the whole object.
Failed = dict[tuple[Ref, str], str]


def _sides(
    comparison: Comparison, wanted: Callable[[Finding], bool]
) -> tuple[Objects, Objects, Failed]:
    """Both states without the objects that no statement can name, and why these stay."""
    before = objects_of(comparison.sides[1])
    after = objects_of(target_of(comparison, wanted))
    left = unclear(after, before, comparison.schemas)
    clear = ({k: v for k, v in side.items() if k not in left} for side in (before, after))
    return *clear, {(ref, ""): REASON for ref in left}  # type: ignore[return-value]


def _why_not(
    ref: Ref, attribute: str, failed: Failed, before: Objects, after: Objects
) -> str | None:
    if ref.kind not in _MODULES:
        broken = "no statement mends what breaks a rule: decide what to change; the finding advises"
        judged = ref in before or ref in after
        return _UNKNOWN if judged else broken
    return failed.get((ref, "")) or failed.get((ref, attribute))


def steps_between(  # noqa: PLR0913 - how the statements are to run
    before: Objects,
    after: Objects,
    *,
    guarded: bool = False,
    online: bool = False,
    undo: bool = False,
    kinds: Collection[str] = _ALL,
) -> tuple[list[Step], Failed, Objects]:
    """The statements from one state to the other, what they leave as it is, and where they lead."""
    failed: Failed = {}
    while True:
        names = renames(before, after, kinds)
        there = renamed(before, names)
        after = settled(before, there, after, names)
        scene = Scene(there, after, guarded, online, undo)
        scene.remade = objects_to_remake(scene.before, after)
        stays: list[_Stays] = []
        found = [
            *renaming_steps(names, before, there, guarded=guarded),
            *_steps(scene, kinds, stays),
        ]
        found += schemas.steps(scene)
        if not stays:
            # Functions have a setting in common, of which one statement is enough.
            steps = [step for step, _ in groupby(sorted(found, key=lambda step: step.order))]
            if not guarded and steps and steps[-1].phase:
                # After an interruption what was committed runs again.
                guarded = True
                continue
            return _conforming(_timed(steps)), failed, after
        after = dict(after)
        for item in stays:
            item.leave(scene.before, after)
            failed.update(item.failed)


def _timed(steps: list[Step]) -> list[Step]:
    """With the lock timeout that a statement outside of a transaction takes from the others."""
    if not steps or steps[0].phase == steps[-1].phase == 0:
        return steps
    numbers = {step.phase for step in steps}
    steps = [*steps]
    if FIRST in numbers and 0 in numbers:
        steps.append(Step(-len(ORDER) - 2, 0, TIMEOUT))
    if LAST in numbers:
        steps.append(Step(-1, 0, "SET lock_timeout = '5s'", phase=LAST))
        steps.append(Step(len(ORDER) + 1, 0, "RESET lock_timeout", phase=LAST))
    return sorted(steps, key=lambda step: step.order)


def _conforming(steps: list[Step]) -> list[Step]:
    """With the setting under which a backslash in quotes is a backslash."""
    if not any("\\" in step.sql for step in steps):
        return steps
    phase, words = steps[0].phase, "standard_conforming_strings"
    if phase == steps[-1].phase == 0:
        return [Step(-len(ORDER) - 3, 0, f"SET LOCAL {words} = on"), *steps]
    first = Step(-len(ORDER) - 3, 0, f"SET {words} = on", phase=phase)
    return [first, *steps, Step(len(ORDER) + 2, 0, f"RESET {words}", phase=steps[-1].phase)]


def _looking_in(schema: str, steps: list[Step]) -> list[Step]:
    """The steps with the schema first on the search path; afterwards the path is as before."""
    if not schema or not steps:
        return steps
    # Not of the transaction alone: psql runs each statement in one of its own.
    path, kept = "current_setting('search_path')", literal("conformance.search_path")
    found = f"concat_ws(', ', {literal(relation(schema))}, nullif({path}, ''))"
    sql = (
        f"SELECT set_config({kept}, {path}, false),\n"
        f"       set_config('search_path', {found}, false)"
    )
    back = f"SELECT set_config('search_path', current_setting({kept}), false)"
    return [
        Step(-len(ORDER) - 4, 0, sql, phase=steps[0].phase),
        *steps,
        Step(len(ORDER) + 3, 0, back, phase=steps[-1].phase),
    ]


class _Stays:
    """An object, or an attribute of it, stays as it is in the state before."""

    def __init__(self, ref: Ref, error: CannotMend) -> None:
        self.ref = ref
        self.attributes = error.attributes
        self.failed = {(ref, name): error.reason for name in error.attributes or ("",)}

    def leave(self, before: Objects, after: Objects) -> None:
        """Take the change out of the state after."""
        old = before.get(self.ref)
        if not self.attributes:
            if old is None and self.ref.kind in RELATIONS:
                self._leave_out(self.ref, before, after)
            elif old is None:
                after.pop(self.ref, None)
            else:
                after[self.ref] = old
            return
        parts = dict(after.get(self.ref, {}))
        for name in self.attributes:
            if old is not None and name in old:
                parts[name] = old[name]
            else:
                parts.pop(name, None)
        if self.ref in after:
            after[self.ref] = parts

    def _leave_out(self, relation: Ref, before: Objects, after: Objects) -> None:
        """Take a relation that is not created out of the state after, and what needs it."""
        # What belongs to the relation cannot be there without it.
        for ref in [ref for ref in after if ref.table == relation.table]:
            del after[ref]
        for ref, parts in [*after.items()]:
            if not _needs(ref, parts, relation.table) or parts == before.get(ref):
                continue
            self.failed[ref, ""] = f"the {relation.kind} {relation.table} is not created"
            if ref in before:
                after[ref] = before[ref]
            elif ref.kind in DERIVED:
                self._leave_out(ref, before, after)
            else:
                after.pop(ref, None)


def _needs(ref: Ref, parts: Parts, table: str) -> bool:
    """Whether a foreign key refers to the relation, or a view names it."""
    if ref.kind == "foreign_key":
        return referred(parts.get("references"))[0] == table
    return ref.kind in DERIVED and views.names_relation(parts, table)


def _steps(scene: Scene, kinds: Collection[str], stays: list[_Stays]) -> Iterator[Step]:
    """All statements; those of compression last, which the others may turn off.

    Args:
        stays: gets what no statement mends.
    """
    refs = [*scene.after, *(ref for ref in scene.before if ref not in scene.after)]
    changed = [ref for ref in refs if _is_of(ref, kinds, scene) and _differs(ref, scene)]
    for ref in changed:
        if ref.kind != "compression":
            yield from _tried(ref, scene, stays)
    for ref in refs:
        if ref.kind != "compression":
            continue
        if ref.table in scene.lifted and not scene.is_gone(ref.table):
            yield from compression.off(ref, scene)
            if ref in scene.after:
                yield from compression.make(ref, scene.after[ref], scene)
        elif ref in changed:
            yield from _tried(ref, scene, stays)


def _is_of(ref: Ref, kinds: Collection[str], scene: Scene) -> bool:
    """Whether the object is of the kinds; an index of a view is a part of the view."""
    views = (Ref(kind, ref.table) for kind in DERIVED if kind in kinds)
    of_view = ref.kind == "index" and any(
        view in scene.before or view in scene.after for view in views
    )
    return ref.kind in kinds or of_view


def _differs(ref: Ref, scene: Scene) -> bool:
    if ref.kind not in _MODULES:
        return False
    before, after = scene.before.get(ref), scene.after.get(ref)
    if ref.kind in _EXISTING:
        before, after = _existing(before), _existing(after)
    return (
        ref in scene.remade
        or bool(differing(before or {}, after or {}, ignored=[EXISTS]))
        or ((before is None) is not (after is None))
    )


def _existing(parts: Parts | None) -> Parts | None:
    return parts if parts is not None and EXISTS in parts else None


def _tried(ref: Ref, scene: Scene, stays: list[_Stays]) -> Iterable[Step]:
    try:
        return list(_of(ref, scene))
    except CannotMend as error:
        stays.append(_Stays(ref, error))
    except KeyError as error:
        # A database may show a part of an object, such as one that the server cannot decide.
        stays.append(_Stays(ref, CannotMend(f"its {error.args[0]} is not known".replace("_", " "))))
    return ()


def _of(ref: Ref, scene: Scene) -> Iterator[Step]:
    module = _MODULES[ref.kind]
    before, after = scene.before.get(ref), scene.after.get(ref)
    if before is not None and after is not None and ref not in scene.remade:
        if hasattr(module, "change"):
            yield from module.change(ref, before, after, scene)
        else:
            yield from module.drop(ref, before, scene)
            yield from module.make(ref, after, scene)
        return
    # What belongs to a view is dropped with it.
    goes_along = ref.kind not in RELATIONS and scene.is_remade(ref.table)
    if before is not None and not goes_along:
        yield from module.drop(ref, before, scene)
    if after is not None:
        if before is None and scene.guarded and ref.kind in _REPLACED:
            yield from module.drop(ref, after, scene)
        yield from module.make(ref, after, scene)
