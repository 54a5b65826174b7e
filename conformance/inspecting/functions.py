"""`Function` and `Procedure`, by the digests of their bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import parts_of_signature
from conformance.inspecting.code import Call, given
from conformance.inspecting.observed import sql_name, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Entry, Observed

_PROPERTIES = ("body", "language", "security", "settings")
_PLAIN = re.compile(r'[^\s("]+')
ATTRIBUTES = {
    "function": (*_PROPERTIES, "returns", "volatility", "strict"),
    "procedure": _PROPERTIES,
}


def declarations(observed: Observed) -> Iterator[Entry]:
    """The declaration of each function and procedure."""
    for kind, name, _, attributes in observed.all("function", "procedure"):
        if not {*ATTRIBUTES[kind]} <= {*attributes}:
            continue
        schema, signature = observed.split(name)
        call = Call(
            kind.capitalize(),
            (_quoted(signature),),
            {**_properties(kind, attributes), **given(schema=schema)},
        )
        yield observed.entry("", call, [(kind, name, "")], ATTRIBUTES[kind])


def _properties(kind: str, of: dict[str, Any]) -> dict[str, Any]:
    """Without what is PostgreSQL's default and no danger."""
    is_function = kind == "function"
    return given(
        digest=of["body"],
        language=of["language"],
        returns=text_of(of["returns"]) if is_function else None,
        volatility=of["volatility"] if is_function else None,
        strict=of["strict"] if is_function else None,
        security=of["security"],
        settings=list(of["settings"]),
    )


def _quoted(signature: str) -> str:
    """The signature with its name in quotes where it would be read otherwise."""
    name, arguments = parts_of_signature(signature)
    return signature if _PLAIN.fullmatch(name) else sql_name(name) + arguments
