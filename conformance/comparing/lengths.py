"""The numbers of a type, such as those of `numeric(5,2)`. Pure."""

from __future__ import annotations

import re
from typing import Any


def with_length(kind: Any, spelled: str) -> Any:
    """The type with the numbers of its spelling: SQLAlchemy leaves out those of a domain's base.

    Args:
        kind: SQLAlchemy's type, which is changed.
        spelled: the type as PostgreSQL spells it.
    """
    numbers = re.search(r"\((-?\d+)(?:,(-?\d+))?\)", spelled)
    names = ("precision", "scale") if hasattr(kind, "precision") else ("length",)
    for name, number in zip(names, numbers.groups() if numbers else (), strict=False):
        if number is not None:
            setattr(kind, name, int(number))
    return kind
