"""Settings of the database, and of roles in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.mending.scene import Parts, Ref, Scene, Step, dropping, making
from conformance.mending.sql import block, literal, name

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Settings whose value is a list of names.
_LISTS = ("search_path", "datestyle", "local_preload_libraries", "session_preload_libraries")


def make(ref: Ref, parts: Parts, _scene: Scene) -> Iterator[Step]:
    """ALTER DATABASE ... SET, of the database in which the revision runs."""
    value = str(parts["value"])
    said = ", ".join(map(literal, value.split(", "))) if ref.table in _LISTS else literal(value)
    yield making("setting", _in_database(ref, f"SET {ref.table} TO {said}"))


def drop(ref: Ref, _parts: Parts, _scene: Scene) -> Iterator[Step]:
    """ALTER DATABASE ... RESET, and for a role that of all databases as well."""
    yield dropping("setting", _in_database(ref, f"RESET {ref.table}"))
    if ref.name:
        yield dropping("setting", f"ALTER ROLE {name(ref.name)} RESET {ref.table}")


def _in_database(ref: Ref, words: str) -> str:
    who = f"ROLE {name(ref.name)} IN DATABASE" if ref.name else "DATABASE"
    sql = f"ALTER {who} %I {words.replace('%', '%%')}"
    return block(f"EXECUTE format({literal(sql)}, current_database());")
