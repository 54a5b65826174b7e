"""Functions and procedures: their properties, not their bodies."""

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
from conformance.mending.settings import assigned
from conformance.mending.sql import items_of, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

_BY_HAND = ("body", "language", "returns")


def make(_ref: Ref, _parts: Parts, _scene: Scene) -> Iterator[Step]:
    """Facts have neither the names of the parameters nor the body."""
    raise CannotMend("facts do not have its parameters and its body; write CREATE by hand")
    yield


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP FUNCTION."""
    yield dropping(ref.kind, f"DROP {ref.kind.upper()} {scene.if_exists}{_signature(ref)}")


def change(ref: Ref, before: Parts, after: Parts, _scene: Scene) -> Iterator[Step]:
    """ALTER FUNCTION, apart from what only CREATE OR REPLACE changes."""
    changed = differing(before, after)
    for attribute in _BY_HAND:
        if attribute in changed:
            raise CannotMend("write CREATE OR REPLACE by hand", attribute)
    head = f"ALTER {ref.kind.upper()} {_signature(ref)}"
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
        settings = after["settings"]
        for item in settings if isinstance(settings, tuple) else ():
            setting, _, value = str(item).partition("=")
            said = assigned(setting, value, items_of(value))
            yield making(ref.kind, f"{head} SET {said}", depth=1)


def _signature(ref: Ref) -> str:
    return signature(ref.table)
