"""Functions and procedures: their properties, and the bodies that declarations have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.facts import Body, parts_of_signature
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
from conformance.mending.settings import assigned
from conformance.mending.sql import (
    dollar_quoted,
    items_of,
    name,
    relation,
    signature,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_BY_HAND = ("body", "language", "returns")
_RETURNED = re.compile(r"[(,]\s*(?:in\s*)?out\s", re.IGNORECASE)
#: As pg_dump does: a body in SQL may name tables that are created later.
_UNCHECKED = "check_function_bodies"


def make(ref: Ref, parts: Parts, _scene: Scene) -> Iterator[Step]:
    """CREATE OR REPLACE FUNCTION, of a declaration that says all of it."""
    body = parts.get("body")
    if not isinstance(body, Body):
        raise CannotMend(
            f"its declaration has no body; declare {ref.kind.capitalize()}({ref.table!r}, body=...,"
            f" language=...{_RETURNS[ref.kind]}), or write CREATE {ref.kind.upper()} here"
        )
    definition = body.definition or _definition(ref, parts, body)
    called = relation(parts_of_signature(ref.table)[0])
    create = f"CREATE OR REPLACE {ref.kind.upper()} {called}{body.arguments}\n{definition}"
    yield making(ref.kind, f"SET LOCAL {_UNCHECKED} = off", depth=-1)
    yield making(ref.kind, create)
    yield making(ref.kind, f"RESET {_UNCHECKED}", depth=2)


#: What a function has and a procedure has not.
_RETURNS = {"function": ", returns=...", "procedure": ""}


def _definition(ref: Ref, parts: Parts, body: Body) -> str:
    """What follows the arguments in CREATE FUNCTION."""
    returned = ref.kind == "procedure" or _RETURNED.search(body.arguments)
    missing = [
        f"{part}="
        for part in ("language", "returns")
        if parts.get(part) is None and not (part == "returns" and returned)
    ]
    if missing:
        raise CannotMend(
            f"its declaration has no {' and no '.join(missing)}; add that, or write"
            f" CREATE {ref.kind.upper()} here"
        )
    words = [
        f"RETURNS {type_of(parts['returns'])}" if parts.get("returns") else "",
        f"LANGUAGE {name(str(parts['language']))}",
        str(parts.get("volatility") or "").upper(),
        "STRICT" if parts.get("strict") else "",
        f"SECURITY {str(parts['security']).upper()}" if parts.get("security") else "",
        *(f"SET {item}" for item in _settings(parts.get("settings"))),
    ]
    return f"{' '.join(filter(None, words))}\nAS {dollar_quoted(body.text)}"


def _settings(settings: object) -> Iterator[str]:
    for item in settings if isinstance(settings, tuple) else ():
        setting, _, value = str(item).partition("=")
        yield assigned(setting, value, items_of(value))


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP FUNCTION."""
    yield dropping(ref.kind, f"DROP {ref.kind.upper()} {scene.if_exists}{signature(ref.table)}")


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """ALTER FUNCTION, or CREATE OR REPLACE of a declaration that says all of it."""
    changed = differing(before, after)
    if "body" in changed and "returns" not in changed and isinstance(after.get("body"), Body):
        yield from make(ref, after, scene)
        return
    for attribute in _BY_HAND:
        if attribute in changed:
            raise CannotMend("write CREATE OR REPLACE by hand", attribute)
    head = f"ALTER {ref.kind.upper()} {signature(ref.table)}"
    words = {
        "volatility": str(after.get("volatility")).upper(),
        "strict": "STRICT" if after.get("strict") else "CALLED ON NULL INPUT",
        "security": f"SECURITY {str(after.get('security')).upper()}",
    }
    for attribute, text in words.items():
        if attribute in changed:
            yield making(ref.kind, f"{head} {text}")
    if "settings" in changed:
        yield making(ref.kind, f"{head} RESET ALL")
        for said in _settings(after["settings"]):
            yield making(ref.kind, f"{head} SET {said}", depth=1)
