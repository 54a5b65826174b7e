"""`Owner`, `Grant` and `DefaultGrant`."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import DERIVED, FactKey, Owner
from conformance.comparing.seen import is_never_judged
from conformance.declarations.privileges import FUTURE, NAMED_BY_KIND, PRIVILEGES
from conformance.inspecting.code import Call, given
from conformance.inspecting.observed import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.inspecting.observed import Observed

_RELATIONS = ("table", *DERIVED)
_OWNED = (*_RELATIONS, "type", "domain")
ATTRIBUTES = {
    **dict.fromkeys(_OWNED, ("owner",)),
    "privilege": ("privileges",),
    "default_privilege": ("privileges",),
}

_OPTION = " with grant option"
_FUTURE = re.compile(r"(?P<on>\w+) of (?P<by>.*?)(?: in (?P<schema>.*))?", re.DOTALL)


def declarations(observed: Observed) -> Iterator[Entry]:
    """Owners that differ from the usual one, and what is granted to other roles."""
    yield from _owners(observed)
    yield from _grants(observed)
    yield from _future(observed)


def _owners(observed: Observed) -> Iterator[Entry]:
    """Nothing where all tables have one owner, which is what no declaration means, too."""
    owned: dict[str, list[FactKey]] = defaultdict(list)
    for kind, name, _, attributes in observed.all(*_OWNED):
        owner = attributes.get("owner")
        if isinstance(owner, Owner) and owner.role != owner.usual:
            owned[owner.role].append(FactKey(kind, name, "", "owner"))
    for role, keys in owned.items():
        names = [key.table for key in keys]
        yield Entry("", Call("Owner", (role,), {"tables": names}), frozenset(keys))


def _grants(observed: Observed) -> Iterator[Entry]:
    """One declaration for all objects on which a role has the same privileges."""
    groups: dict[tuple[Any, ...], list[tuple[str, str]]] = defaultdict(list)
    for _, name, role, attributes in observed.all("privilege"):
        if is_never_judged(attributes["exists"]) or "privileges" not in attributes:
            continue
        kind, granted_on, column = _object(observed, name)
        for option, words in _by_option(attributes["privileges"]):
            if {*words} <= {*PRIVILEGES["column" if column else kind]}:
                of_table = granted_on if column else ""
                group = role, kind, of_table, words, option
                groups[group].append((name, column or granted_on))
    for (role, kind, of_table, words, option), objects in groups.items():
        names = [shown for _, shown in objects]
        call = Call(
            "Grant",
            (", ".join(words),),
            given(
                to=role,
                on=of_table or (None if kind == "database" else _one_or_more(names)),
                columns=names if of_table else None,
                kind=None if kind == "table" else kind,
                grant_option=option or None,
            ),
        )
        covered = [("privilege", name, role) for name, _ in objects]
        yield observed.entry("", call, covered, ATTRIBUTES["privilege"])


def _object(observed: Observed, name: str) -> tuple[str, str, str]:
    """Kind, name, and column of what a privilege is on."""
    for word in NAMED_BY_KIND:
        if name.startswith(f"{word} "):
            return word, name.removeprefix(f"{word} "), ""
    if name == "database":
        return "database", "", ""
    if any(observed.one(kind, name) for kind in _RELATIONS):
        return "table", name, ""
    relation, bracket, column = name.partition(" (")
    if bracket:
        return "table", relation, column.removesuffix(")")
    # A sequence of a column is no fact of its own.
    return "sequence", name, ""


def _by_option(privileges: Any) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """Privileges that may be granted to others, and those that may not, apart."""
    for option in (False, True):
        words = tuple(
            word.removesuffix(_OPTION) for word in privileges if word.endswith(_OPTION) is option
        )
        if words:
            yield option, words


def _future(observed: Observed) -> Iterator[Entry]:
    for kind, name, role, attributes in observed.all("default_privilege"):
        match = _FUTURE.fullmatch(name)
        if match is None or match["on"] not in FUTURE or is_never_judged(attributes["exists"]):
            continue
        for option, words in _by_option(attributes["privileges"]):
            call = Call(
                "DefaultGrant",
                (", ".join(words),),
                given(
                    to=role,
                    by=match["by"],
                    on=None if match["on"] == "tables" else match["on"],
                    schema=match["schema"],
                    grant_option=option or None,
                ),
            )
            yield observed.entry("", call, [(kind, name, role)], ATTRIBUTES[kind])


def _one_or_more(names: Sequence[str]) -> Any:
    return names[0] if len(names) == 1 else list(names)
