"""SQLAlchemy's `Sequence`, and the options of identity columns, which are described alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.comparing.seen import is_part
from conformance.inspecting.code import Call, Name, given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Entry, Observed

ATTRIBUTES = {"sequence": ("options",)}

_TYPES = {"bigint": "BigInteger", "integer": "Integer", "smallint": "SmallInteger"}
_DESCRIBED = re.compile(r"(?P<first>[a-z ]+?)(?: \((?P<options>.*)\))?")


def declarations(observed: Observed, metadata: str = "Base.metadata") -> Iterator[Entry]:
    """The declaration of each sequence that belongs to no column.

    Args:
        metadata: the code of the metadata.
    """
    for kind, name, _, attributes in observed.all("sequence"):
        if is_part(attributes["exists"]) or "options" not in attributes:
            continue
        schema, local = observed.split(name)
        first, options = described(str(attributes["options"]))
        call = Call(
            "Sequence",
            (local,),
            {
                "metadata": Name(metadata),
                "data_type": Call(_TYPES[first], module="sqlalchemy"),
                **given(schema=schema),
                **options,
            },
            module="sqlalchemy",
        )
        yield observed.entry("", call, [(kind, name, "")], ATTRIBUTES["sequence"])


def described(text: str) -> tuple[str, dict[str, Any]]:
    """`always (start 100, cycle)` -> `always` and `{"start": 100, "cycle": True}`."""
    match = _DESCRIBED.fullmatch(text)
    assert match is not None
    options: dict[str, Any] = {}
    for option in filter(None, (match["options"] or "").split(", ")):
        name, _, number = option.partition(" ")
        options[name] = int(number) if number else True
    return match["first"], options
