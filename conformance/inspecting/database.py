"""`TimescaleDB`, `Extension`, `Setting` and `DatabaseObject`: what belongs to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS
from conformance.comparing.seen import is_part
from conformance.declarations.objects import OBJECT_KINDS
from conformance.inspecting.code import Call, given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Entry, Observed

ATTRIBUTES = {
    "extension": ("version", "edition", "schema"),
    "setting": ("value",),
    **dict.fromkeys(OBJECT_KINDS, ("definition",)),
}


def declarations(observed: Observed) -> Iterator[Entry]:
    """Extensions, settings, and objects by kind and name."""
    for kind, name, _, attributes in _whole(observed, "extension"):
        call = _extension(name, attributes)
        yield observed.entry("", call, [(kind, name, "")], ATTRIBUTES["extension"])
    for kind, name, role, attributes in _whole(observed, "setting"):
        call = Call("Setting", (name, attributes["value"]), given(role=role or None))
        yield observed.entry("", call, [(kind, name, role)], ATTRIBUTES["setting"])
    for kind, name, _, attributes in _whole(observed, *OBJECT_KINDS):
        if is_part(attributes["exists"]):
            continue
        schema, local = observed.split(name)
        definition: Any = attributes.get("definition")
        call = Call(
            "DatabaseObject",
            (kind.replace("_", " "), local, *([definition] if definition else [])),
            given(schema=schema),
        )
        yield observed.entry("", call, [(kind, name, "")], ("definition",))


def _whole(observed: Observed, *kinds: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Without those of which only something unusual is known, such as their owner."""
    return (found for found in observed.all(*kinds) if EXISTS in found[3])


def _extension(name: str, attributes: dict[str, Any]) -> Call:
    """Of TimescaleDB the version that the server runs; of others no version, any will do."""
    if name != "timescaledb":
        return Call("Extension", (name,), given(schema=attributes.get("schema")))
    version = ".".join(str(attributes["version"]).partition("-")[0].split(".")[:2])
    return Call("TimescaleDB", (), {"minimum": version})
