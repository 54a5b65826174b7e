"""Parts of the sentences that findings say. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: So many differences are named in one sentence.
_NAMED = 4
_SHOWN = 100


def listed(items: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return "; ".join(items[:_NAMED]) + more


def shortened(sql: str) -> str:
    """A statement on one line."""
    words = " ".join(sql.split())
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"
