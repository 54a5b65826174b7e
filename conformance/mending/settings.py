"""Settings of the database, and of roles in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Detail
from conformance.comparing.settings import normal
from conformance.mending.scene import Parts, Ref, Scene, Step, dropping, making
from conformance.mending.sql import block, literal, name, parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Settings whose value is a list of names.
_LISTS = ("search_path", "datestyle", "local_preload_libraries", "session_preload_libraries")


#: What a switch and a number understand.
_NUMBERS = {"on": "1", "off": "0"}


def assigned(setting: str, value: str, items: Iterable[str]) -> str:
    """`search_path TO 'app', 'public'`.

    Args:
        items: the names in the value, if the setting is a list.
    """
    said = ", ".join(map(literal, items)) if setting in _LISTS else literal(value)
    return f"{parameter(setting)} TO {said}"


def make(ref: Ref, parts: Parts, _scene: Scene) -> Iterator[Step]:
    """ALTER DATABASE ... SET, of the database in which the revision runs."""
    value = str(parts["value"])
    if value in _NUMBERS:
        # Facts have the words for numbers as well, which only a switch understands.
        written = parts.get(EXISTS)
        if isinstance(written, Detail) and normal(written) == value:
            value = written
        elif "." not in ref.table:
            value = _NUMBERS[value]
    words = assigned(ref.table, value, value.split(", "))
    yield making("setting", _in_database(ref, f"SET {words}"))


def drop(ref: Ref, _parts: Parts, _scene: Scene) -> Iterator[Step]:
    """ALTER DATABASE ... RESET, and that of all databases as well."""
    setting = parameter(ref.table)
    yield dropping("setting", _in_database(ref, f"RESET {setting}"))
    if ref.name:
        yield dropping("setting", f"ALTER ROLE {name(ref.name)} RESET {setting}")
    else:
        # Only a superuser resets what was set for all roles.
        body = (
            "IF EXISTS (SELECT FROM pg_catalog.pg_db_role_setting, unnest(setconfig) entry\n"
            "           WHERE setrole = 0 AND setdatabase = 0"
            f" AND lower(split_part(entry, '=', 1)) = {literal(ref.table)})\n"
            f"THEN ALTER ROLE ALL RESET {setting}; END IF;"
        )
        yield dropping("setting", block(body))


def _in_database(ref: Ref, words: str) -> str:
    who = f"ROLE {name(ref.name)} IN DATABASE" if ref.name else "DATABASE"
    sql = f"ALTER {who} %I {words.replace('%', '%%')}"
    return block(f"EXECUTE format({literal(sql)}, current_database());")
