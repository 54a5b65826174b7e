"""Enum types, domains, and the owners of composite and range types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import Expression
from conformance.mending.scene import (
    CannotMend,
    Parts,
    Ref,
    Scene,
    Step,
    differing,
    dropping,
    making,
)
from conformance.mending.sql import block, literal, name, regclass, relation, texts, type_of
from conformance.mending.tables import new_owner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


#: Kind -> why it is neither made nor changed.
_UNKNOWN = {
    kind: f"facts do not say how a {kind.replace('_', ' ')} is made; create it or change it by hand"
    for kind in ("composite_type", "range_type")
}


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """CREATE TYPE ... AS ENUM, or CREATE DOMAIN; neither can ask whether there is one."""
    if ref.kind in _UNKNOWN:
        raise CannotMend(_UNKNOWN[ref.kind])
    create = _domain(ref, parts) if ref.kind == "domain" else _enum(ref, parts)
    if scene.guarded:
        create = block(f"{create}; EXCEPTION WHEN duplicate_object THEN NULL;")
    yield making(ref.kind, create)


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP TYPE or DROP DOMAIN."""
    word = "DOMAIN" if ref.kind == "domain" else "TYPE"
    yield dropping(ref.kind, f"DROP {word} {scene.if_exists}{relation(ref.table)}")


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """Another owner; labels more; other conditions of a domain."""
    changed = differing(before, after)
    if "owner" in changed:
        word = "DOMAIN" if ref.kind == "domain" else "TYPE"
        to = new_owner(after["owner"])
        yield making(ref.kind, f"ALTER {word} {relation(ref.table)} OWNER TO {to}")
    if ref.kind == "domain":
        yield from _altered(ref, before, after, scene)
    elif "definition" in changed:
        raise CannotMend(_UNKNOWN[ref.kind], "definition")
    elif "labels" in changed:
        yield from _relabelled(ref, before, after, scene)


def _relabelled(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    if is_replaced(before, after):
        yield from _replaced(ref, after, scene)
    else:
        yield from _added(ref, texts(before["labels"]), texts(after["labels"]), scene)


def is_replaced(before: Parts, after: Parts) -> bool:
    """Whether an enum type needs a new type in its place: PostgreSQL only adds labels."""
    old, new = texts(before.get("labels")), texts(after.get("labels"))
    known = set(old)
    return [label for label in new if label in known] != list(old)


def _added(ref: Ref, old: Sequence[str], new: Sequence[str], scene: Scene) -> Iterator[Step]:
    known = set(old)
    for position, label in enumerate(new):
        if label not in known:
            place = (
                f"AFTER {literal(new[position - 1])}" if position else f"BEFORE {literal(old[0])}"
            )
            value = f"{scene.if_not_exists}{literal(label)} {place}"
            yield making("type", f"ALTER TYPE {relation(ref.table)} ADD VALUE {value}")


def _replaced(ref: Ref, after: Parts, scene: Scene) -> Iterator[Step]:
    """A new type in place of the old one; PostgreSQL removes no label."""
    old = relation(f"{ref.table}_old")
    short = name(f"{ref.table.rpartition('.')[2]}_old")
    kind = relation(ref.table)
    yield making("type", f"ALTER TYPE {kind} RENAME TO {short}")
    yield making("type", _enum(ref, after))
    for part, parts in scene.before.items():
        text = type_of(parts.get("type"))
        # A column that is to be dropped is gone by now.
        of_type = part.kind == "column" and text.removesuffix("[]") == kind
        if not of_type or part not in scene.after:
            continue
        scene.lift(part.table)
        column, table = name(part.name), relation(part.table)
        default = parts.get("default")
        if default is not None:
            yield making("type", f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
        way = "text[]" if text.endswith("[]") else "text"
        yield making(
            "type",
            f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {text} USING {column}::{way}::{text}",
            note="Fails if a row has a label that there is no longer.",
        )
        if default is not None:
            yield making("type", f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default}")
    yield making("type", f"DROP TYPE {old}")


def _domain(ref: Ref, parts: Parts) -> str:
    words = [f"CREATE DOMAIN {relation(ref.table)} AS {type_of(parts['type'])}"]
    if parts.get("collation") is not None:
        words.append(f"COLLATE {name(str(parts['collation']))}")
    if isinstance(parts.get("default"), Expression):
        words.append(f"DEFAULT {parts['default']}")
    words += [] if parts.get("nullable") else ["NOT NULL"]
    words += [f"CHECK ({check})" for check in texts(parts["checks"])]
    return " ".join(words)


def _altered(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    changed = differing(before, after)
    domain = f"ALTER DOMAIN {relation(ref.table)}"
    if changed & {"type", "collation"}:
        raise CannotMend("a domain keeps its type; create another domain for its columns")
    if "default" in changed:
        default = after.get("default")
        words = "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"
        yield making("domain", f"{domain} {words}")
    if "nullable" in changed:
        yield making("domain", f"{domain} {'DROP' if after['nullable'] else 'SET'} NOT NULL")
    if changed & {"checks", "validated"}:
        # Facts do not have the names of the conditions.
        body = (
            "FOR found IN SELECT conname FROM pg_constraint WHERE contype = 'c' AND contypid ="
            f" {regclass(ref.table)}::regtype LOOP EXECUTE"
            f" format({literal(f'{domain} DROP CONSTRAINT %I')}, found); END LOOP;"
        )
        # A database that has the conditions must not get them twice.
        if before["checks"] or scene.guarded:
            yield making("domain", block(body, "found name;"))
        valid = "" if after.get("validated", True) else " NOT VALID"
        for check in texts(after["checks"]):
            yield making("domain", f"{domain} ADD CHECK ({check}){valid}")


def _enum(ref: Ref, parts: Parts) -> str:
    return f"CREATE TYPE {relation(ref.table)} AS ENUM {_labels(parts)}"


def _labels(parts: Parts) -> str:
    return f"({', '.join(literal(label) for label in texts(parts['labels']))})"
