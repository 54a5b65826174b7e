"""Triggers, rules and row security policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from conformance.mending.sql import name, relation, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENABLED = {
    "enabled": "ENABLE",
    "disabled": "DISABLE",
    "always": "ENABLE ALWAYS",
    "on replicas only": "ENABLE REPLICA",
}
_WORDS = {"trigger": "TRIGGER", "rule": "RULE", "row_security_policy": "POLICY"}


def make(ref: Ref, parts: Parts, _scene: Scene) -> Iterator[Step]:
    """CREATE TRIGGER, CREATE RULE or CREATE POLICY."""
    yield making(ref.kind, _STATEMENTS[ref.kind](ref, parts))
    if parts.get("enabled", "enabled") != "enabled":
        yield from _enabled(ref, parts)


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP TRIGGER, DROP RULE or DROP POLICY, unless the table is dropped."""
    if scene.is_gone(ref.table):
        return
    sql = f"DROP {_WORDS[ref.kind]} {scene.if_exists}{name(ref.name)} ON {relation(ref.table)}"
    yield dropping(ref.kind, sql)


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """Enable or disable it, or create it anew."""
    if differing(before, after) == {"enabled"}:
        yield from _enabled(ref, after)
        return
    yield from drop(ref, before, scene)
    yield from make(ref, after, scene)


def _enabled(ref: Ref, parts: Parts) -> Iterator[Step]:
    words = f"{_ENABLED[str(parts['enabled'])]} {_WORDS[ref.kind]} {name(ref.name)}"
    yield making(ref.kind, f"ALTER TABLE {relation(ref.table)} {words}", depth=1)


def _trigger(ref: Ref, parts: Parts) -> str:
    deferrable, condition = parts.get("deferrable"), parts.get("condition")
    happening = " OR ".join(_event(event) for event in texts(parts["events"]))
    words = [
        f"CREATE {'' if deferrable is None else 'CONSTRAINT '}TRIGGER {name(ref.name)}",
        f"{str(parts['timing']).upper()} {happening} ON {relation(ref.table)}",
    ]
    if deferrable not in (None, "no"):
        words.append(f"DEFERRABLE {str(deferrable).upper()}")
    words += _tables(parts)
    words.append(f"FOR EACH {str(parts['level']).upper()}")
    words += [f"WHEN ({condition})"] if condition is not None else []
    return " ".join([*words, f"EXECUTE FUNCTION {parts['function']}"])


def _event(event: str) -> str:
    word, of, columns = event.partition(" of ")
    if not of:
        return word.upper()
    return f"{word.upper()} OF {', '.join(name(column) for column in columns.split(', '))}"


def _tables(parts: Parts) -> list[str]:
    tables = texts(parts.get("transition_tables"))
    events = texts(parts["events"])
    of_one = "NEW" if any(event.startswith("insert") for event in events) else "OLD"
    sides = ("OLD", "NEW") if tables[1:] else (of_one,)
    named = [f"{side} TABLE AS {name(table)}" for side, table in zip(sides, tables, strict=False)]
    return ["REFERENCING", *named] if named else []


def _rule(ref: Ref, parts: Parts) -> str:
    if any(text != " ".join(text.split()) for text in ref[1:]):
        # The fact has the definition on one line.
        raise CannotMend("its definition has a name with white space; write CREATE RULE by hand")
    return str(parts["definition"])


def _policy(ref: Ref, parts: Parts) -> str:
    listed = ", ".join(_role(role) for role in texts(parts.get("roles")))
    using, check = parts.get("using"), parts.get("check")
    return (
        f"CREATE POLICY {name(ref.name)} ON {relation(ref.table)}"
        f" AS {str(parts['combined']).upper()} FOR {str(parts['command']).upper()}"
        + (f" TO {listed}" if listed else "")
        + ("" if using is None else f" USING ({using})")
        + ("" if check is None else f" WITH CHECK ({check})")
    )


def _role(role: str) -> str:
    return "PUBLIC" if role == "public" else name(role)


_STATEMENTS = {"trigger": _trigger, "rule": _rule, "row_security_policy": _policy}
