"""What becomes of rows as they age: positions on a time line, from the picture of a relation.

Pure. Positions are percentages of the line's width; now is on the right, at 100.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from conformance.comparing.facts import UNBOUNDED
from conformance.intervals import Interval

#: The number of chunks that can be told apart on a line.
_MOST_CHUNKS = 72
#: A line shows at least so many chunks, and so much more than its oldest age.
_LEAST_CHUNKS, _BEYOND = 4, 1.2


@dataclass(frozen=True)
class Zone:
    """A stretch of the line.

    Attributes:
        name: `plain`, `compressed`, `dropped` or `refreshed`.
        left: where it begins, in percent.
        width: in percent.
        text: the stretch in words.
    """

    name: str
    left: float
    width: float
    text: str


@dataclass(frozen=True)
class Timeline:
    """The line of a relation.

    Attributes:
        oldest: the age at the left end, in words.
        zones: states of the rows, oldest first; they cover the line.
        windows: what refresh policies cover, on a track of their own.
        boundaries: boundaries of chunks, as if one ended now; empty if there are too many.
        notes: what the line shows, in sentences.
    """

    oldest: str
    zones: tuple[Zone, ...]
    windows: tuple[Zone, ...]
    boundaries: tuple[float, ...]
    notes: tuple[str, ...]


def timeline(relation: dict[str, Any]) -> Timeline | None:
    """The line of a relation of the picture; None if nothing about its rows' age is known."""
    if relation["time"] is None:
        return None
    chunk = _length(relation["time"]["chunk_interval"])
    policies = relation["policies"]
    compress, drop = _after(policies, "compress_"), _after(policies, "drop_")
    refreshes = [policy for policy in policies if "start" in policy]
    ages = [_length(policy.get(name)) for policy in refreshes for name in ("start", "end")]
    known = [age for age in (compress, drop, *ages) if age is not None and age > 0]
    if not chunk and not known:
        return None
    span = max(_LEAST_CHUNKS * (chunk or 0), _BEYOND * max(known, default=0))
    if chunk and span / chunk <= _MOST_CHUNKS:
        span = chunk * math.ceil(span / chunk)
    return Timeline(
        _age(span, relation),
        tuple(_zones(span, compress, drop, relation)),
        tuple(zone for policy in refreshes if (zone := _window(span, policy)) is not None),
        tuple(_boundaries(span, chunk)),
        tuple(_notes(relation, policies)),
    )


def _zones(
    span: float, compress: float | None, drop: float | None, relation: dict[str, Any]
) -> list[Zone]:
    """The states of the rows, oldest first."""
    # Rows that are dropped before they would be compressed are never compressed.
    end = span if drop is None else drop
    plain_end = end if compress is None else min(compress, end)
    ends = [("plain", plain_end)]
    if plain_end < end:
        ends.append(("compressed", end))
    if drop is not None:
        ends.append(("dropped", span))
    zones, start = [], 0.0
    for name, end in ends:
        words = _ZONES[name].format(age=_age(start, relation))
        zones.append(Zone(name, _place(end, span), 100 * (end - start) / span, words))
        start = end
    return zones[::-1]


_ZONES = {
    "plain": "rows in plain chunks",
    "compressed": "compressed after {age}",
    "dropped": "dropped after {age}",
}


def _window(span: float, policy: dict[str, Any]) -> Zone | None:
    start, end = policy["start"], policy["end"]
    oldest = span if start == UNBOUNDED else _length(start)
    newest = 0.0 if end in (UNBOUNDED, None) else _length(end)
    if oldest is None or newest is None:
        return None
    left = _place(min(oldest, span), span)
    width = max(_place(max(newest, 0), span) - left, 0)
    return Zone("refreshed", left, width, _refreshed(policy))


def _boundaries(span: float, chunk: float | None) -> list[float]:
    if not chunk or span / chunk > _MOST_CHUNKS:
        return []
    return [_place(chunk * number, span) for number in range(1, math.ceil(span / chunk))]


def _notes(relation: dict[str, Any], policies: list[dict[str, Any]]) -> list[str]:
    interval = relation["time"]["chunk_interval"]
    notes = [] if interval is None else [f"A chunk holds {_words(interval)}."]
    if relation["compression"] is not None and not any("compress" in p["name"] for p in policies):
        notes.append("Compression is on, and no policy compresses.")
    for policy in policies:
        if "after" in policy:
            verb = "compressed" if policy["age"].startswith("compress") else "dropped"
            after = f"after {_words(policy['after'])}"
            if policy["age"].endswith("created_before"):
                after = f"{_words(policy['after'])} after its creation"
            notes.append(f"A chunk is {verb} {after}.")
        elif "start" in policy:
            notes.append(f"{_refreshed(policy).capitalize()}.")
        if not policy["scheduled"]:
            notes.append(f"The {policy['name']} policy is not scheduled.")
    return notes


def _refreshed(policy: dict[str, Any]) -> str:
    start, end = policy["start"], policy["end"]
    since = "the first row" if start == UNBOUNDED else f"{_words(start)} ago"
    until = "now" if end in (UNBOUNDED, None) else f"{_words(end)} ago"
    every = "" if policy["schedule"] is None else f", every {_words(policy['schedule'])}"
    return f"refreshed from {since} to {until}{every}"


def _after(policies: list[dict[str, Any]], prefix: str) -> float | None:
    """The age of the first such policy."""
    found = (policy["after"] for policy in policies if policy.get("age", "").startswith(prefix))
    return _length(next(found, None))


def _length(value: Any) -> float | None:
    """The length of an interval in microseconds, or of integer time in its own unit."""
    if isinstance(value, str):
        try:
            return Interval.parse(value).microseconds
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _place(age: float, span: float) -> float:
    return 100 * (1 - age / span)


def _age(length: float, relation: dict[str, Any]) -> str:
    """An age in words; integer time has no unit."""
    given = [relation["time"]["chunk_interval"], *(p.get("after") for p in relation["policies"])]
    if any(isinstance(value, int) for value in given):
        return f"{length:,.0f}"
    return Interval(round(length)).plain()


def _words(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
