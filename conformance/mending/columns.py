"""Columns: type, nullability, default, identity, generation, collation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, Expression, Value
from conformance.mending import sequences
from conformance.mending.casts import is_no_text, lack_a_cast
from conformance.mending.scene import (
    LAST,
    CannotMend,
    Parts,
    Ref,
    Scene,
    Step,
    apart,
    differing,
    dropping,
    making,
)
from conformance.mending.sql import block, literal, name, relation, shadow, texts, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERIAL = "serial"
#: Type -> the type with a sequence of its own.
_SERIALS = {"integer": "serial", "bigint": "bigserial", "smallint": "smallserial"}


def definition(column: str, parts: Parts) -> str:
    """The column as in CREATE TABLE."""
    words = [name(column), type_of(parts["type"])]
    collation, identity = parts.get("collation"), parts.get("identity")
    if collation is not None:
        words.append(f"COLLATE {name(str(collation))}")
    if isinstance(parts.get("generated"), Expression):
        storage = "VIRTUAL" if parts.get("generated_storage") == "virtual" else "STORED"
        words.append(f"GENERATED ALWAYS AS ({parts['generated']}) {storage}")
    elif identity == _SERIAL:
        words[1] = _SERIALS.get(words[1].lower(), words[1])
    elif identity is not None:
        words.append(
            f"GENERATED {_generation(identity)} AS IDENTITY{sequences.given(str(identity))}"
        )
    elif isinstance(parts.get("default"), Expression):
        words.append(f"DEFAULT {parts['default']}")
    if parts.get("nullable") is not True:
        words.append("NOT NULL")
    return " ".join(words)


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """ADD COLUMN, unless the table is created with its columns."""
    if scene.is_new(ref.table):
        return
    scene.refuse_absent(parts)
    if _needs_no_compression(parts):
        scene.lift(ref.table)
    required = parts.get("nullable") is not True and _has_no_value(parts)
    yield making(
        "column",
        f"ALTER TABLE {relation(ref.table)} ADD COLUMN {scene.if_not_exists}"
        f"{definition(ref.name, parts)}",
        depth=_depth(parts),
        note="Fails if the table has rows: give them a value first." if required else "",
    )


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP COLUMN, unless the table is dropped."""
    if scene.is_gone(ref.table):
        return
    if _is_used_by_compression(ref, scene):
        scene.lift(ref.table)
    note = "" if ref in scene.remade else "Loses the values of the column."
    for other in _maybe_renamed(ref, scene):
        note += f" If it is the later {name(other)}, write RENAME COLUMN instead."
    yield dropping(
        "column",
        f"ALTER TABLE {relation(ref.table)} DROP COLUMN {scene.if_exists}{name(ref.name)}",
        depth=_depth(parts),
        note=note,
    )


def _depth(parts: Parts) -> int:
    """Generated columns are above the others, from which they are computed."""
    return int(parts.get("generated") is not None)


def _maybe_renamed(ref: Ref, scene: Scene) -> list[str]:
    """The new columns of the same table and type; it is a guess, so that a person decides."""
    kind = scene.before[ref].get("type") if ref in scene.before else None
    return [
        other.name
        for other, parts in scene.after.items()
        if other[:2] == ref[:2] and other not in scene.before and parts.get("type") == kind
    ]


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """ALTER COLUMN, attribute by attribute."""
    changed = differing(before, after)
    if changed & {"generated", "generated_storage"}:
        yield from _generation_changed(ref, before, after, scene)
        return
    old, new = before.get("identity"), after.get("identity")
    if _alters_identity(old, new):
        scene.lift(ref.table)
    if old != new and old is not None and _of_other_sort(old, new):
        # Only integers have one.
        yield from _without_identity(ref, old, after)
    retyped = bool(changed & {"type", "collation"})
    if retyped:
        scene.refuse_absent(after, *(changed & {"type", "collation"}))
        scene.lift(ref.table)
        yield from _retyped(ref, before, after, scene)
    if "default" in changed or (retyped and before.get("default") is not None):
        yield from _default(ref, after)
    if "nullable" in changed:
        yield from _nullable(ref, before, after, scene)
    if old != new and new is not None:
        yield from _identity(ref, old, new, after)


def _alter(ref: Ref, words: str, note: str = "") -> Step:
    sql = f"ALTER TABLE {relation(ref.table)} ALTER COLUMN {name(ref.name)} {words}"
    return making("column", sql, note=note)


def _retyped(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    if before.get("default") is not None:
        yield _alter(ref, "DROP DEFAULT")
    words = f"TYPE {type_of(after['type'])}"
    if after.get("collation") is not None:
        words += f" COLLATE {name(str(after['collation']))}"
    between, note = _between(before, after, scene)
    way = f"{name(ref.name)}{between}::{type_of(after['type'])}"
    yield _alter(ref, f"{words} USING {way}", note=note)


def _between(before: Parts, after: Parts, scene: Scene) -> tuple[str, str]:
    """The cast to text where the old type has none to the new one, and what may fail then."""
    old, new = (type_of(parts["type"]) for parts in (before, after))
    kinds = [str(parts["type"]) for parts in (before, after)]
    enums = [scene.is_enum(kind.removesuffix("[]")) for kind in (old, new)]
    if all(enums):
        return "::text[]" if new.endswith("[]") else "::text", ""
    # Of a type that is neither an enum nor a text.
    if lack_a_cast(*kinds) or (any(enums) and any(map(is_no_text, kinds))):
        return "::text", f"Fails if a row has a value that is none of {new} in words."
    return "", ""


def _default(ref: Ref, after: Parts) -> Iterator[Step]:
    default = after.get("default")
    if default == ANYTHING:
        raise CannotMend("the models do not say which default the column has", "default")
    yield _alter(ref, "DROP DEFAULT" if default is None else f"SET DEFAULT {default}")


def _refuse_in_a_key(ref: Ref, scene: Scene) -> None:
    """Columns of a key that stays as it is stay NOT NULL."""
    key = scene.after.get(Ref("primary_key", ref.table), {})
    time = scene.after.get(Ref("hypertable", ref.table), {}).get("time_column")
    if ref.name in texts(key.get("columns")):
        raise CannotMend("a column of the primary key is NOT NULL", "nullable")
    if ref.name == time:
        raise CannotMend("the time column of a hypertable is NOT NULL", "nullable")


def _nullable(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    scene.lift_for_constraint(ref.table)
    if after["nullable"] is True:
        _refuse_in_a_key(ref, scene)
        yield _alter(ref, "DROP NOT NULL")
        return
    if before["nullable"] == "not validated":
        yield _alter(ref, "DROP NOT NULL")
    if after["nullable"] == "not validated":
        sql = f"ALTER TABLE {relation(ref.table)} ADD NOT NULL {name(ref.name)} NOT VALID"
        yield making("column", sql)
        return
    note = "Fails if a row has no value in the column."
    if not scene.is_quiet(ref.table) or before.get("identity") != after.get("identity"):
        yield _alter(ref, "SET NOT NULL", note=note)
        return
    # With a valid check PostgreSQL reads no rows under the lock of SET NOT NULL.
    table, check = relation(ref.table), name(shadow(f"{ref.table.rpartition('.')[2]}_{ref.name}"))
    dropped = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check}"
    condition = f"CHECK ({name(ref.name)} IS NOT NULL) NOT VALID"
    yield making("column", f"{dropped}, ADD CONSTRAINT {check} {condition}")
    validated = f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}"
    yield apart("column", validated, phase=LAST, note=note)
    yield _alter(ref, "SET NOT NULL")._replace(phase=LAST)
    yield apart("column", dropped, phase=LAST)


def _alters_identity(old: Value, new: Value) -> bool:
    """Whether a statement of the change is refused while compression is on."""
    kinds = {_generation(value) for value in (old, new)}
    return len(kinds) > 1 and not kinds <= {"NONE", _SERIAL.upper()}


def _of_other_sort(old: Value, new: Value) -> bool:
    """Whether one is an identity and the other is not."""
    return new is None or (old == _SERIAL) is not (new == _SERIAL)


def _without_identity(ref: Ref, old: Value, after: Parts) -> Iterator[Step]:
    if old != _SERIAL and not str(old).startswith(_SERIAL):
        yield _alter(ref, "DROP IDENTITY")
        return
    yield _alter(ref, "DROP DEFAULT")
    found = sequences.of_column(ref)
    # A default may draw from the same sequence, without owning it.
    stays = str(after.get("default")).startswith("nextval(")
    what = f"'ALTER SEQUENCE ' || {found} || ' OWNED BY NONE'"
    what = what if stays else f"'DROP SEQUENCE ' || {found}"
    yield making("column", block(f"EXECUTE {what};"))


def _identity(ref: Ref, old: Value, new: Value, after: Parts) -> Iterator[Step]:
    kind = type_of(after["type"]).lower()
    if not _of_other_sort(old, new) and old is not None:
        if _generation(old) != _generation(new) and new != _SERIAL:
            yield _alter(ref, f"SET GENERATED {_generation(new)}")
        own = sequences.of_column(ref), str(new), kind, name(ref.name), relation(ref.table)
        yield making("column", sequences.altered(*own))
        return
    if str(new).startswith(_SERIAL):
        sequence = relation(f"{ref.table}_{ref.name}_seq")
        # The column may own it without drawing from it.
        yield making("column", f"CREATE SEQUENCE IF NOT EXISTS {sequence} AS {kind}")
        owner = f"{relation(ref.table)}.{name(ref.name)}"
        yield making("column", f"ALTER SEQUENCE {sequence} OWNED BY {owner}")
        yield _alter(ref, f"SET DEFAULT nextval({literal(sequence)})")
    else:
        words = f"ADD GENERATED {_generation(new)} AS IDENTITY{sequences.given(str(new))}"
        yield _alter(ref, words)
    yield _continued(ref)


def _continued(ref: Ref) -> Step:
    """The new sequence goes on behind the largest value that is there."""
    return making(
        "column",
        f"SELECT setval({sequences.of_column(ref)}, max({name(ref.name)}))"
        f" FROM {relation(ref.table)} HAVING max({name(ref.name)}) > 0",
    )


def _generation(identity: Value) -> str:
    return str(identity).partition(" (")[0].upper()


def _generation_changed(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """A generated column that becomes plain keeps its values; every other change makes it anew."""
    if after.get("generated") is None and before.get("generated_storage") == "stored":
        scene.lift(ref.table)
        # Before the columns that it is computed from are changed or dropped.
        step = _alter(ref, "DROP EXPRESSION")
        yield dropping("column", step.sql, depth=_depth(before))
        rest = {**before, "generated": None, "default": None}
        rest.pop("generated_storage", None)
        yield from change(ref, rest, {**after, "generated": None}, scene)
        return
    yield from drop(ref, before, scene)
    yield from make(ref, after, scene)


def _has_no_value(parts: Parts) -> bool:
    """Whether nothing gives existing rows a value."""
    return all(parts.get(source) is None for source in ("default", "identity", "generated"))


def _needs_no_compression(parts: Parts) -> bool:
    """Whether TimescaleDB refuses to add such a column while compression is on."""
    default = parts.get("default")
    computed = isinstance(default, Expression) and "(" in default.text
    return (
        computed
        or parts.get("identity") is not None
        or parts.get("generated") is not None
        or (parts.get("nullable") is not True and default is None)
    )


def _is_used_by_compression(ref: Ref, scene: Scene) -> bool:
    found = scene.before.get(Ref("compression", ref.table), {})
    segments, orders = found.get("segment_by") or (), found.get("order_by") or ()
    if not isinstance(segments, tuple) or not isinstance(orders, tuple):
        return False
    return ref.name in segments or any(str(item).rsplit(" ", 3)[0] == ref.name for item in orders)
