"""Privileges of roles, on objects that there are and on those that will be created."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.privileges import usual
from conformance.mending.scene import CannotMend, Parts, Ref, Scene, Step, dropping, making
from conformance.mending.sql import block, literal, name, relation, signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_UNCLEAR = "its fact does not say where a name with white space ends; write GRANT by hand"
#: From this version on privileges on columns can be given while compression is on.
_FREER = (2, 29)
_OPTION = " with grant option"
#: No name with white space: its fact does not tell where a name ends.
_DEFAULT = re.compile(r"(?P<on>\w+) of (?P<by>\S+)(?: in (?P<schema>\S+))?")
_ON = re.compile(
    r"database|function .*|(?:schema |foreign server |foreign data wrapper )?\S+|\S+ \(\S+\)",
    re.DOTALL,
)


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """GRANT."""
    _refuse_beside_compression(ref, scene)
    yield from _granted(ref, _words(parts))


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """REVOKE what PostgreSQL does not give by itself, unless the table is dropped."""
    if not scene.is_gone(ref.table.partition(" (")[0]):
        _refuse_beside_compression(ref, scene)
        kept = usual(ref.table, ref.name)
        yield from _revoked(ref, [word for word in _words(parts) if word not in kept])


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """GRANT what is missing, and REVOKE what is too much."""
    _refuse_beside_compression(ref, scene)
    old, new = _words(before), _words(after)
    yield from _revoked(ref, [word for word in old if word not in new])
    yield from _granted(ref, [word for word in new if word not in old])


def _refuse_beside_compression(ref: Ref, scene: Scene) -> None:
    """TimescaleDB looked for the column in the table of compressed rows (timescaledb#10145)."""
    table, bracket, _ = ref.table.partition(" (")
    hypertable, compression = Ref("hypertable", table), Ref("compression", table)
    if bracket and scene.is_older_than(_FREER):
        for side in (scene.before, scene.after):
            if hypertable in side and compression in side:
                raise CannotMend(
                    "TimescaleDB before 2.29 refuses GRANT and REVOKE on a column of a hypertable"
                    " with compression; write them while compression is off"
                )


def _words(parts: Parts) -> list[str]:
    found = parts.get("privileges")
    return [str(word) for word in found] if isinstance(found, tuple) else []


def _granted(ref: Ref, words: list[str]) -> Iterator[Step]:
    for option in (False, True):
        some = [word.removesuffix(_OPTION) for word in words if word.endswith(_OPTION) is option]
        if some:
            end = " WITH GRANT OPTION" if option else ""
            yield making(ref.kind, _statement(ref, "GRANT", "TO", some, end))


def _revoked(ref: Ref, words: list[str]) -> Iterator[Step]:
    some = [word.removesuffix(_OPTION) for word in words]
    if some:
        yield dropping(ref.kind, _statement(ref, "REVOKE", "FROM", some))


def _statement(ref: Ref, verb: str, direction: str, some: Iterable[str], end: str = "") -> str:
    role = "PUBLIC" if ref.name == "PUBLIC" else name(ref.name)
    privileges = ", ".join(some).upper()
    if ref.kind == "default_privilege":
        match = _DEFAULT.fullmatch(ref.table)
        if match is None:
            raise CannotMend(_UNCLEAR)
        where = f" IN SCHEMA {name(match['schema'])}" if match["schema"] else ""
        return (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {name(match['by'])}{where}"
            f" {verb} {privileges} ON {match['on'].upper()} {direction} {role}{end}"
        )
    if _ON.fullmatch(ref.table) is None:
        raise CannotMend(_UNCLEAR)
    if ref.table == "database":
        sql = f"{verb} {privileges} ON DATABASE %I {direction} {role}{end}"
        return block(f"EXECUTE format({literal(sql)}, current_database());")
    for kind in ("schema", "foreign server", "foreign data wrapper"):
        if ref.table.startswith(f"{kind} "):
            named = name(ref.table.removeprefix(f"{kind} "))
            return f"{verb} {privileges} ON {kind.upper()} {named} {direction} {role}{end}"
    word, _, rest = ref.table.partition(" ")
    if word == "function":
        return f"{verb} {privileges} ON FUNCTION {signature(rest)} {direction} {role}{end}"
    table, bracket, column = ref.table.partition(" (")
    if bracket:
        listed = name(column.removesuffix(")"))
        privileges = ", ".join(f"{item} ({listed})" for item in privileges.split(", "))
    return f"{verb} {privileges} ON {relation(table)} {direction} {role}{end}"
