"""Relations as boxes in layers, and their references as lines. Pure: numbers for an SVG."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

#: The room that a line takes in a layer that it passes: the relation that it leads to, the layer.
_Gap = tuple[int, int]
#: A relation of the picture by its place, or a gap.
_Node = int | _Gap

#: Sizes in SVG units, which are pixels at the drawing's own size.
WIDTH, HEIGHT = 204, 54
_ACROSS, _DOWN, _MARGIN = 92, 18, 8
#: A name with more characters does not fit into its box, beside the mark of a finding.
_MOST_CHARACTERS = 22
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
    depth = _depths(len(relations), references)
    ways = {
        (source, target): [(target, level) for level in range(depth[target] + 1, depth[source])]
        for source, target, *_ in references
    }
    places = _places(depth, ways)
    boxes = tuple(
        Box(number, _shortened(relations[number]["name"]), *places[number], relations[number])
        for number in range(len(relations))
    )
    lines = tuple(
        Line(kind, _path([places[node] for node in _nodes(ways, source, target)]), text)
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


def _depths(count: int, references: list[tuple[int, int, str, str]]) -> list[int]:
    """The layer of each relation: the longest way to one that refers to nothing."""
    depth = dict.fromkeys(range(count), 0)
    # In a cycle depths would grow without end.
    for _ in range(count):
        deeper = {s: depth[t] + 1 for s, t, *_ in references if depth[s] <= depth[t] < count}
        if not deeper:
            break
        depth.update(deeper)
    levels = sorted(set(depth.values()))
    return [levels.index(depth[number]) for number in range(count)]


def _places(
    depth: list[int], ways: dict[tuple[int, int], list[_Gap]]
) -> dict[_Node, tuple[float, float]]:
    """The corner of each box and gap; each layer is ordered by where its references lead."""
    targets: dict[_Node, list[_Node]] = defaultdict(list)
    for source, target in ways:
        for left, right in pairwise(_nodes(ways, source, target)):
            targets[right].append(left)
    referred = {target for found in targets.values() for target in found}
    layers: list[list[_Node]] = [[] for _ in range(max(depth) + 1)]
    for number, layer in enumerate(depth):
        layers[layer].append(number)
    for gap in dict.fromkeys(gap for gaps in ways.values() for gap in gaps):
        layers[gap[1]].append(gap)
    tallest = max(map(len, layers))
    rows: dict[_Node, float] = {}
    places: dict[_Node, tuple[float, float]] = {}
    for layer, nodes in enumerate(layers):
        alone = [node for node in nodes if node not in targets and node not in referred]
        ordered = sorted(
            (node for node in nodes if node not in alone),
            key=lambda node: _mean([rows.get(target, 0) for target in targets.get(node, ())]),
        )
        offset = (tallest - len(nodes)) / 2
        for place, node in enumerate([*ordered, *alone]):
            rows[node] = offset + place
            x = _MARGIN + layer * (WIDTH + _ACROSS)
            places[node] = (x, _MARGIN + rows[node] * (HEIGHT + _DOWN))
    return places


def _nodes(ways: dict[tuple[int, int], list[_Gap]], source: int, target: int) -> list[_Node]:
    """What a line connects, from left to right."""
    return [target, *ways[source, target], source]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0


def _path(corners: list[tuple[float, float]]) -> str:
    """From the right side of the first box, through gaps between boxes, to the last one's left."""
    path = ""
    for left, right in pairwise(corners):
        x1, y1 = left[0] + WIDTH, left[1] + HEIGHT / 2
        x2, y2 = right[0], right[1] + HEIGHT / 2
        bend = max(abs(x2 - x1) / 2, _ACROSS / 2)
        start = f"L{x1:g} {y1:g}" if path else f"M{x1:g} {y1:g}"
        path += f"{start}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
    return path


def _shortened(name: str) -> str:
    return name if len(name) <= _MOST_CHARACTERS else f"{name[: _MOST_CHARACTERS - 1]}…"
