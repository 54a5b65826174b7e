"""`Trigger`, `Rule`, `RowSecurity` and `RowSecurityPolicy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import FactKey
from conformance.inspecting.code import Call, given
from conformance.inspecting.expressions import bare
from conformance.inspecting.observed import Entry, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Observed

ATTRIBUTES = {
    "trigger": (
        "timing", "events", "level", "function", "condition", "deferrable", "transition_tables",
    ),
    "rule": ("definition",),
    "row_security_policy": ("command", "combined", "roles", "using", "check"),
    "table": ("row_security",),
}  # fmt: skip


def declarations(observed: Observed) -> Iterator[Entry]:
    """The declarations of triggers, rules and row security."""
    for kind, make in (("trigger", _trigger), ("rule", _rule), ("row_security_policy", _policy)):
        for _, table, name, attributes in observed.all(kind):
            call = make(name, attributes)
            yield observed.entry(table, call, [(kind, table, name)], ATTRIBUTES[kind])
    for _, table, _, attributes in observed.all("table"):
        security = attributes.get("row_security", "off")
        if security != "off":
            call = Call("RowSecurity", (), given(forced=security == "forced" or None))
            yield Entry(table, call, frozenset({FactKey("table", table, "", "row_security")}))


def _trigger(name: str, of: dict[str, Any]) -> Call:
    return Call(
        "Trigger",
        (name,),
        given(
            timing=of["timing"],
            events=" or ".join(of["events"]),
            function=of["function"],
            level=None if of["level"] == "row" else of["level"],
            condition=text_of(of["condition"]),
            deferrable=of["deferrable"],
            transition_tables=list(of["transition_tables"]) or None,
        ),
    )


def _rule(name: str, of: dict[str, Any]) -> Call:
    return Call("Rule", (name,), {"definition": of["definition"]})


def _policy(name: str, of: dict[str, Any]) -> Call:
    roles = list(of["roles"])
    return Call(
        "RowSecurityPolicy",
        (name,),
        given(
            command=None if of["command"] == "all" else of["command"],
            using=_bare(of["using"]),
            check=_bare(of["check"]),
            roles=None if roles == ["public"] else roles,
            permissive=None if of["combined"] == "permissive" else False,
        ),
    )


def _bare(expression: Any) -> str | None:
    text = text_of(expression)
    return None if text is None else bare(text)
