"""Relations as boxes in layers, and their references as lines. Pure: numbers for an SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Sizes in SVG units, which are pixels at the drawing's own size.
WIDTH, HEIGHT = 204, 54
_ACROSS, _DOWN, _MARGIN = 92, 18, 8
#: A name with more characters does not fit into its box.
_MOST_CHARACTERS = 25
#: The number of relations that a drawing shows well.
MOST_RELATIONS = 60


@dataclass(frozen=True)
class Box:
    """A relation.

    Attributes:
        number: its place in the picture.
        label: its name, shortened to fit.
        relation: its description in the picture.
    """

    number: int
    label: str
    x: float
    y: float
    relation: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A reference: a foreign key, or the source of an aggregate.

    Attributes:
        kind: `key` or `source`.
        path: the attribute `d` of an SVG path.
        text: the reference in words.
    """

    kind: str
    path: str
    text: str


@dataclass(frozen=True)
class Diagram:
    """All boxes and lines, and the size of the drawing."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def diagram(relations: list[dict[str, Any]]) -> Diagram | None:
    """Arrange the relations: what is referred to on the left. None if there are none, or too many.

    Relations without any reference come last in their layer.
    """
    if not 0 < len(relations) <= MOST_RELATIONS:
        return None
    references = _references(relations)
    layers = _layers(len(relations), references)
    places = _places(layers, references)
    boxes = tuple(
        Box(number, _shortened(relations[number]["name"]), *places[number], relations[number])
        for number in range(len(relations))
    )
    lines = tuple(
        Line(kind, _curve(places[target], places[source]), text)
        for source, target, kind, text in references
    )
    across = max(x for x, _ in places.values()) + WIDTH + _MARGIN
    down = max(y for _, y in places.values()) + HEIGHT + _MARGIN
    return Diagram(boxes, lines, across, down)


def _references(relations: list[dict[str, Any]]) -> list[tuple[int, int, str, str]]:
    """Each reference once: from, to, kind and words."""
    numbers = {relation["name"]: number for number, relation in enumerate(relations)}
    found: dict[tuple[int, int, str], str] = {}
    for number, relation in enumerate(relations):
        name = relation["name"]
        for key in relation["foreign_keys"]:
            if (target := numbers.get(key["table"])) is not None and target != number:
                columns = ", ".join(key["columns"])
                found.setdefault(
                    (number, target, "key"), f"{name} ({columns}) references {key['references']}"
                )
        aggregate = relation["aggregate"] or {}
        target = numbers.get(aggregate.get("source", ""))
        if target is not None and target != number:
            text = f"{name} is computed from {aggregate['source']}"
            found.setdefault((number, target, "source"), text)
    return [(*ends, text) for ends, text in found.items()]


def _layers(count: int, references: list[tuple[int, int, str, str]]) -> list[list[int]]:
    """Relations by the longest way to one that refers to nothing; cycles are cut."""
    depth = dict.fromkeys(range(count), 0)
    for _ in range(count):
        deeper = {s: depth[t] + 1 for s, t, *_ in references if depth[s] <= depth[t] < count}
        if not deeper:
            break
        depth.update(deeper)
    # In a cycle depths grow without end.
    levels = sorted(set(depth.values()))
    return [[number for number in range(count) if depth[number] == level] for level in levels]


def _places(
    layers: list[list[int]], references: list[tuple[int, int, str, str]]
) -> dict[int, tuple[float, float]]:
    """The corner of each box; each layer is ordered by where its references lead."""
    targets: dict[int, list[int]] = {}
    referred: set[int] = set()
    for source, target, *_ in references:
        targets.setdefault(source, []).append(target)
        referred.add(target)
    tallest = max(map(len, layers))
    rows: dict[int, float] = {}
    places: dict[int, tuple[float, float]] = {}
    for layer, numbers in enumerate(layers):
        alone = [n for n in numbers if n not in targets and n not in referred]
        ordered = sorted(
            (n for n in numbers if n not in alone),
            key=lambda n: (_mean([rows.get(t, 0) for t in targets.get(n, ())]), n),
        )
        offset = (tallest - len(numbers)) / 2
        for place, number in enumerate([*ordered, *alone]):
            rows[number] = offset + place
            x = _MARGIN + layer * (WIDTH + _ACROSS)
            places[number] = (x, _MARGIN + rows[number] * (HEIGHT + _DOWN))
    return places


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0


def _curve(left: tuple[float, float], right: tuple[float, float]) -> str:
    """From the right side of one box to the left side of another."""
    x1, y1 = left[0] + WIDTH, left[1] + HEIGHT / 2
    x2, y2 = right[0], right[1] + HEIGHT / 2
    bend = max(abs(x2 - x1) / 2, _ACROSS / 2)
    return f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"


def _shortened(name: str) -> str:
    return name if len(name) <= _MOST_CHARACTERS else f"{name[: _MOST_CHARACTERS - 1]}…"
