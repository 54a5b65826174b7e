"""Both states of a schema, object by object, and the steps from one to the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from conformance.comparing.capabilities import version_tuple
from conformance.comparing.facts import DERIVED, EXISTS, FactKey, Facts, Value
from conformance.mending.sql import relation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The attributes of an object with their values.
Parts = dict[str, Value]


class Ref(NamedTuple):
    """An object: a fact's key without the attribute."""

    kind: str
    table: str
    name: str = ""

    @classmethod
    def of(cls, key: FactKey) -> Ref:
        """The object that a fact is about."""
        return cls(key.kind, key.table, key.name)


Objects = dict[Ref, Parts]

#: Kinds in the order in which objects are created; they are dropped in the reverse order.
ORDER = (
    "extension",
    "schema",
    "type",
    "domain",
    "composite_type",
    "range_type",
    "sequence",
    "function",
    "procedure",
    "table",
    "column",
    "hypertable",
    "primary_key",
    "unique",
    "check",
    "exclusion",
    "foreign_key",
    "view",
    "materialized_view",
    "continuous_aggregate",
    "index",
    "chunk_skipping",
    "compression",
    "chunk",
    "policy",
    "job",
    "trigger",
    "rule",
    "row_security_policy",
    "storage",
    "comment",
    "privilege",
    "default_privilege",
    "setting",
)
#: Columns, defaults and triggers use these, and may be changed so that they no longer do.
_USED = frozenset({"extension", "type", "domain", "sequence", "function", "procedure"})
_RANK = {kind: rank for rank, kind in enumerate(ORDER, start=1)}
# One may read from the other; their depth says which.
_RANK |= dict.fromkeys(DERIVED, _RANK[DERIVED[0]])
#: From this version on constraints can be added while compression is on.
_FREER = (2, 20)


class Step(NamedTuple):
    """One statement, and when it runs among the others.

    Attributes:
        rank: the smaller one runs first; most statements that drop have negative ones.
        depth: of views the number of views below.
        note: what a reader of the revision must know, as a comment.
        phase: FIRST and LAST run outside of a transaction, before and after the others.
    """

    rank: int
    depth: int
    sql: str
    note: str = ""
    phase: int = 0

    @property
    def order(self) -> tuple[int, int, int]:
        """What the steps are sorted by."""
        return self.phase, self.rank, self.depth


def making(kind: str, sql: str, *, depth: int = 0, note: str = "") -> Step:
    """A statement that creates or changes an object of the kind."""
    return Step(_RANK[kind], depth, sql, note)


#: The phases of steps that run outside of a transaction.
FIRST, LAST = -1, 1


def apart(kind: str, sql: str, *, phase: int, note: str = "") -> Step:
    """A statement that commits by itself, or is slow and must not hold the locks of others."""
    return Step(_RANK[kind], 0, sql, note, phase)


def dropping(kind: str, sql: str, *, depth: int = 0, note: str = "") -> Step:
    """A statement that drops an object of the kind: what others use is dropped at the end."""
    rank = len(ORDER) + _RANK["table"] - _RANK[kind] if kind in _USED else -_RANK[kind]
    return Step(rank, -depth, sql, note)


class CannotMend(Exception):
    """No SQL leads from one value to the other.

    Attributes:
        reason: why not, and what to do instead.
        attributes: those that are left as they are; empty: the whole object.
    """

    def __init__(self, reason: str, *attributes: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.attributes = attributes


@dataclass
class Scene:
    """The state before and the state after.

    Attributes:
        guarded: whether the statements also run where the state after is there already.
        online: whether slow work on tables with rows is done outside of a transaction, without
            blocking others.
        undo: whether this is the way back.
        lifted: hypertables whose compression is off while other statements run.
        remade: objects that are dropped and created although they do not differ.
    """

    before: Objects
    after: Objects
    guarded: bool = False
    online: bool = False
    undo: bool = False
    lifted: set[str] = field(default_factory=set)
    remade: set[Ref] = field(default_factory=set)
    _depths: dict[int, dict[Ref, int]] = field(default_factory=dict)

    @cached_property
    def enums(self) -> set[str]:
        """The enum types of both states, as in SQL."""
        return {relation(ref.table) for ref in (*self.before, *self.after) if ref.kind == "type"}

    def is_enum(self, kind: str) -> bool:
        """Whether a column's type is an enum. One of the default schema may name that."""
        return kind in self.enums or kind.rpartition(".")[2] in self.enums

    def refuse_absent(self, parts: Parts, *attributes: str) -> None:
        """Refuse a column whose type or collation is missing and is not created from facts.

        Raises:
            CannotMend: the database has no such type or collation.
        """
        kind = getattr(parts.get("type"), "text", "").removesuffix("[]")
        collation = str(parts.get("collation"))
        for ref in self._absent:
            short = ref.table.rpartition(".")[2]
            # The facts of a column have no schema of its collation, and may have one of its type.
            if (
                collation == short
                if ref.kind == "collation"
                else kind == relation(ref.table) or kind.rpartition(".")[2] == ref.table
            ):
                raise CannotMend(
                    f"the {ref.kind.replace('_', ' ')} {ref.table} is missing; create it by hand",
                    *attributes,
                )

    @cached_property
    def _absent(self) -> list[Ref]:
        kinds = ("composite_type", "range_type", "collation")
        return [ref for ref in self.after if ref.kind in kinds and ref not in self.before]

    @property
    def if_exists(self) -> str:
        """`IF EXISTS ` where it is needed."""
        return "IF EXISTS " if self.guarded else ""

    @property
    def if_not_exists(self) -> str:
        """`IF NOT EXISTS ` where it is needed."""
        return "IF NOT EXISTS " if self.guarded else ""

    def depth(self, ref: Ref, objects: Objects, below: Callable[[Ref], Iterable[Ref]]) -> int:
        """How many objects in a row are below the object; those in a circle count as one.

        Args:
            objects: one of the two states.
            below: the objects directly below one, which need not be in the state.
        """
        found = self._depths.setdefault(id(objects), {})
        if ref not in found:
            _measure(ref, lambda item: (each for each in below(item) if each in objects), found)
        return found[ref]

    def is_new(self, table: str) -> bool:
        """Whether the relation is created."""
        there, then = relation_of(self.before, table), relation_of(self.after, table)
        return then is not None and (there is None or then.kind != there.kind)

    def is_hypertable(self, table: str) -> bool:
        """Whether the relation is a hypertable already."""
        return EXISTS in self.before.get(Ref("hypertable", table), {})

    def is_quiet(self, table: str) -> bool:
        """Whether slow work on the plain table is done without blocking others."""
        return self._stays(table) and not any(
            EXISTS in side.get(Ref("hypertable", table), {}) for side in (self.before, self.after)
        )

    def validates_quietly(self, table: str) -> bool:
        """Whether a constraint of the table is validated without blocking others.

        With compression on, a hypertable refuses VALIDATE CONSTRAINT.
        """
        return self.is_quiet(table) or (
            self._stays(table)
            and all(
                EXISTS in side.get(Ref("hypertable", table), {})
                and Ref("compression", table) not in side
                for side in (self.before, self.after)
            )
        )

    def _stays(self, table: str) -> bool:
        """Whether slow work must not block others, and the table is one before and after."""
        there, then = (side.get(Ref("table", table), {}) for side in (self.before, self.after))
        return self.online and EXISTS in there and then.get("kind", there.get("kind")) == "table"

    def is_gone(self, table: str) -> bool:
        """Whether the relation is dropped; its parts go with it."""
        there, then = relation_of(self.before, table), relation_of(self.after, table)
        return there is not None and (then is None or then.kind != there.kind)

    def is_remade(self, table: str) -> bool:
        """Whether the relation is dropped and created again."""
        return any(ref.table == table and ref.kind in RELATIONS for ref in self.remade)

    def lift(self, table: str) -> None:
        """Turn compression off while the other statements run.

        Raises:
            CannotMend: TimescaleDB would remove the policies of direct compression as well.
        """
        compression = self.before.get(Ref("compression", table))
        if compression is None:
            return
        if compression.get("direct"):
            raise CannotMend(
                "compression is off for a while meanwhile, and timescaledb.direct_compress and its "
                "policies would be gone afterwards; write it by hand"
            )
        self.lifted.add(table)

    def lift_for_constraint(self, table: str) -> None:
        """Turn compression off where TimescaleDB refuses a new constraint beside it."""
        if self.is_older_than(_FREER):
            self.lift(table)

    def is_older_than(self, version: tuple[int, ...]) -> bool:
        """Whether the database has an older TimescaleDB."""
        found = self.before.get(Ref("extension", "timescaledb"), {}).get("version")
        return isinstance(found, str) and version_tuple(found) < version


def _measure(start: Ref, below: Callable[[Ref], Iterable[Ref]], found: dict[Ref, int]) -> None:
    """Add the depths of an object and of all below it.

    Source: R. Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972.
    """
    numbers: dict[Ref, int] = {}
    unfinished: list[Ref] = []

    def visit(ref: Ref) -> tuple[int, int]:
        """The first object of the circle that it is in, by number; the depth below that circle."""
        number = first = numbers[ref] = len(numbers)
        place, deepest = len(unfinished), -1
        unfinished.append(ref)
        for other in below(ref):
            if other not in found and other not in numbers:
                its_first, its_deepest = visit(other)
                if other not in found:
                    first, deepest = min(first, its_first), max(deepest, its_deepest)
            if other in found:
                deepest = max(deepest, found[other])
            else:
                first = min(first, numbers[other])
        if first == number:
            found.update(dict.fromkeys(unfinished[place:], deepest + 1))
            del unfinished[place:]
        return first, deepest

    visit(start)


RELATIONS = ("table", *DERIVED)


def relation_of(objects: Objects, table: str) -> Ref | None:
    """The table or view of the name."""
    refs = (Ref(kind, table) for kind in RELATIONS)
    return next((ref for ref in refs if EXISTS in objects.get(ref, {})), None)


def schema_of_indexes(table: str, objects: Objects) -> str:
    """The schema of the relation's indexes: those of an aggregate are on the table of its rows."""
    if Ref("continuous_aggregate", table) in objects:
        return "_timescaledb_internal"
    return table.rpartition(".")[0]


def objects_of(facts: Facts) -> Objects:
    """The facts by object, in their order."""
    found: Objects = {}
    for key, value in facts.items():
        found.setdefault(Ref.of(key), {})[key.attribute] = value
    return found


def differing(before: Parts, after: Parts, ignored: Iterable[str] = ()) -> set[str]:
    """The attributes with different values, or on one side only."""
    both = before.keys() | after.keys()
    return {name for name in both if before.get(name) != after.get(name)} - set(ignored)
