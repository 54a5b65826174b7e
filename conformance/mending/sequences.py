"""Sequences, alone and of columns, from their description in facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.sequences import INTEGER_TYPES
from conformance.mending.scene import Parts, Ref, Scene, Step, dropping, making
from conformance.mending.sql import block, literal, relation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.facts import Value

_PART = re.compile(r"(start|increment|minvalue|maxvalue|cache) (-?\d+)")
_WORDS = {"start": "START WITH", "increment": "INCREMENT BY"}
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def options(described: str, kind: str) -> str:
    """`by default (start 100)` as all options of CREATE SEQUENCE for a column of the type."""
    values = _values(described, kind)
    words = [f"{_WORDS.get(name, name.upper())} {value}" for name, value in values.items()]
    return " ".join([*words, "CYCLE" if "cycle" in described else "NO CYCLE"])


def _values(described: str, kind: str) -> dict[str, int]:
    found = {match[1]: int(match[2]) for match in _PART.finditer(described)}
    down = found.get("increment", 1) < 0
    largest = _LARGEST.get(kind, _LARGEST["bigint"])
    return {
        "increment": 1,
        "minvalue": -largest - 1 if down else 1,
        "maxvalue": -1 if down else largest,
        "start": found.get("maxvalue", -1) if down else found.get("minvalue", 1),
        "cache": 1,
        **found,
    }


def given(described: str) -> str:
    """The options that are not PostgreSQL's defaults: ` (START WITH 100)`; empty without one."""
    found = [f"{_WORDS.get(m[1], m[1].upper())} {m[2]}" for m in _PART.finditer(described)]
    found += ["CYCLE"] if "cycle" in described else []
    return f" ({' '.join(found)})" if found else ""


def altered(sequence: str, described: str, kind: str, column: str = "", table: str = "") -> str:
    """ALTER SEQUENCE; one that has not come to its new range begins there, behind given values.

    Args:
        sequence: an SQL expression for its name.
        column: the column that draws from it.
    """
    values = _values(described, kind)
    # A number behind the range stays an error of the server: it would be given twice.
    before, last, since = f"< {values['minvalue']}", "max", ">="
    if values["increment"] < 0:
        before, last, since = f"> {values['maxvalue']}", "min", "<="
    lines = [
        f"EXECUTE 'SELECT last_value {before} FROM ' || its INTO early;",
        f"EXECUTE 'ALTER SEQUENCE ' || its || ' AS {kind} {options(described, kind)}'",
        "    || CASE WHEN early THEN ' RESTART' ELSE '' END;",
    ]
    if column:
        lines += [
            "IF early THEN",
            f"    PERFORM setval(its, {last}({column})) FROM {table}",
            f"    HAVING {last}({column}) {since} {values['start']};",
            "END IF;",
        ]
    return block("\n    " + "\n    ".join(lines) + "\n", f"its text := {sequence}; early boolean;")


def of_column(ref: Ref) -> str:
    """The name of a column's sequence, which only the catalog knows."""
    return f"pg_get_serial_sequence({literal(relation(ref.table))}, {literal(ref.name)})"


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """CREATE SEQUENCE."""
    logged = "" if parts.get("logged", True) else "UNLOGGED "
    kind, listed = _kind_and_options(parts.get("options"))
    yield making(
        "sequence",
        f"CREATE {logged}SEQUENCE {scene.if_not_exists}{relation(ref.table)} AS {kind}{listed}",
    )


def change(ref: Ref, before: Parts, after: Parts, _scene: Scene) -> Iterator[Step]:
    """ALTER SEQUENCE."""
    name = relation(ref.table)
    if before.get("options") != after.get("options"):
        described = str(after["options"])
        kind = described.partition(" (")[0]
        yield making("sequence", altered(literal(name), described, kind))
    if before.get("logged") != after.get("logged"):
        word = "LOGGED" if after["logged"] else "UNLOGGED"
        yield making("sequence", f"ALTER SEQUENCE {name} SET {word}")


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP SEQUENCE."""
    yield dropping("sequence", f"DROP SEQUENCE {scene.if_exists}{relation(ref.table)}")


def _kind_and_options(described: Value) -> tuple[str, str]:
    kind = str(described).partition(" (")[0]
    kind = kind if kind in INTEGER_TYPES else "bigint"
    return kind, given(str(described)).replace(" (", " ").rstrip(")")
