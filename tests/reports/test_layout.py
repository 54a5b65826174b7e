"""What a page draws, as numbers: time lines, boxes and lines, lock bars, groups and words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from conformance.comparing.findings import Finding
from conformance.gate.evidence.report import Lock, RevisionReport, Statement
from conformance.reports.html.diagram import HEIGHT, MOST_RELATIONS, WIDTH, diagram
from conformance.reports.html.locks import track
from conformance.reports.html.subjects import WHOLE_DATABASE, by_relation, relation_of
from conformance.reports.html.text import (
    cut,
    difference,
    label,
    plural,
    short_type,
    sides,
    split_hint,
    spoken,
)
from conformance.reports.html.timeline import timeline


def relation(*policies, chunk="30 days", **values):
    return {
        "name": "readings", "kind": "hypertable", "missing": False, "columns": [],
        "foreign_keys": [], "compression": None, "aggregate": None,
        "time": {"column": "at", "chunk_interval": chunk, "partitions": []},
        "policies": list(policies), **values,
    }  # fmt: skip


def compress(after, age="compress_after", **values):
    given = {"name": "compression", "schedule": "12 hours", "scheduled": True}
    return {**given, "age": age, "after": after, **values}


def drop(after):
    return compress(after, "drop_after", name="retention")


def refresh(start, end, schedule="1 hour"):
    return {
        "name": "refresh", "schedule": schedule, "scheduled": True, "start": start, "end": end,
    }  # fmt: skip


def zones(line):
    return [(zone.name, round(zone.left, 1), round(zone.width, 1)) for zone in line.zones]


# Time lines.


def test_a_line_without_policies_shows_chunks():
    line = timeline(relation())
    assert zones(line) == [("plain", 0, 100)]
    assert line.oldest == "120 days"
    assert line.boundaries == (75, 50, 25)
    assert line.windows == ()
    assert line.notes == ("A chunk holds 30 days.",)


def test_rows_are_compressed_then_dropped():
    line = timeline(relation(compress("60 days"), drop("120 days")))
    assert line.oldest == "150 days"
    assert zones(line) == [("dropped", 0, 20), ("compressed", 20, 40), ("plain", 60, 40)]
    assert [zone.text for zone in line.zones] == [
        "dropped after 120 days", "compressed after 60 days", "rows in plain chunks",
    ]  # fmt: skip
    assert line.notes[1:] == (
        "A chunk is compressed after 60 days.", "A chunk is dropped after 120 days.",
    )  # fmt: skip


def test_what_is_dropped_first_is_never_compressed():
    line = timeline(relation(compress("120 days"), drop("60 days")))
    assert [name for name, *_ in zones(line)] == ["dropped", "plain"]
    assert sum(width for *_, width in zones(line)) == 100


def test_an_age_of_nothing_is_an_age():
    assert zones(timeline(relation(compress("0 days")))) == [
        ("compressed", 0, 100), ("plain", 100, 0),
    ]  # fmt: skip
    assert [name for name, *_, width in zones(timeline(relation(drop("0 days")))) if width] == [
        "dropped"
    ]


@pytest.mark.parametrize("after", ["0 days", "1 second", "30 days", "1000 years"])
def test_zones_cover_the_line(after):
    for policies in ((compress(after),), (drop(after),), (compress(after), drop(after))):
        line = timeline(relation(*policies))
        assert sum(zone.width for zone in line.zones) == pytest.approx(100)
        assert all(0 <= zone.left <= 100 and zone.width >= 0 for zone in line.zones)
        ends = [zone.left + zone.width for zone in line.zones]
        assert ends[:-1] == pytest.approx([zone.left for zone in line.zones[1:]])


def test_many_chunks_are_not_drawn_one_by_one():
    line = timeline(relation(drop("10 years"), chunk="1 day"))
    assert line.boundaries == ()
    assert line.oldest == "4320 days"
    assert timeline(relation(drop("60 days"), chunk="1 day")).boundaries != ()


def test_a_refresh_has_a_window_of_its_own():
    line = timeline(relation(refresh("60 days", "30 days")))
    (window,) = line.windows
    assert (window.left, window.width) == (50, 25)
    assert window.text == "refreshed from 60 days ago to 30 days ago, every 1 hour"


@pytest.mark.parametrize(
    ("start", "end", "place", "text"),
    [
        ("unbounded", "unbounded", (0, 100), "refreshed from the first row to now"),
        ("unbounded", "30 days", (0, 75), "refreshed from the first row to 30 days ago"),
        ("60 days", None, (50, 50), "refreshed from 60 days ago to now"),
        # It reaches into the future.
        ("60 days", "-1 day", (50, 50), "refreshed from 60 days ago to -1 day ago"),
    ],
)
def test_a_window_may_be_open(start, end, place, text):
    (window,) = timeline(relation(refresh(start, end, None))).windows
    assert (window.left, window.width) == place
    assert window.text == text


def test_integer_time_has_no_unit():
    line = timeline(relation(compress(2000), chunk=1000))
    assert line.oldest == "4,000"
    assert zones(line) == [("compressed", 0, 50), ("plain", 50, 50)]
    assert line.notes == ("A chunk holds 1,000.", "A chunk is compressed after 2,000.")


@pytest.mark.parametrize(
    "given",
    [
        relation(chunk=None),
        relation(time=None),
        relation(refresh("computed", "1 day"), chunk="what PostgreSQL says"),
        relation(chunk=0),
    ],
    ids=["nothing", "table", "unreadable", "zero"],
)
def test_what_is_unknown_is_not_drawn(given):
    line = timeline(given)
    assert line is None or line.windows == ()


def test_notes_name_what_does_not_run():
    stopped = compress("60 days", scheduled=False)
    assert timeline(relation(stopped)).notes[-1] == "The compression policy is not scheduled."
    on = relation(compression={"segment_by": [], "order_by": []})
    assert timeline(on).notes[-1] == "Compression is on, and no policy compresses."
    created = compress("60 days", "compress_created_before")
    assert timeline(relation(created)).notes[-1].endswith("compressed 60 days after its creation.")
    reorder = {"name": "reorder", "schedule": None, "scheduled": True}
    assert timeline(relation(reorder)).notes == ("A chunk holds 30 days.",)


# Boxes and lines.


def table(name, *referred, source=None):
    keys = [{"columns": ["id"], "references": f"{name} (id)", "table": name} for name in referred]
    return relation(name=name, foreign_keys=keys, aggregate=source and {"source": source})


def test_what_is_referred_to_is_on_the_left():
    drawing = diagram([table("c", "b"), table("b", "a"), table("a"), table("d", source="c")])
    across = {box.relation["name"]: box.x for box in drawing.boxes}
    assert across["a"] < across["b"] < across["c"] < across["d"]
    assert [(line.kind, line.text) for line in drawing.lines] == [
        ("key", "c (id) references b (id)"),
        ("key", "b (id) references a (id)"),
        ("source", "d is computed from c"),
    ]


def test_boxes_do_not_overlap_and_are_inside():
    names = [f"t{number}" for number in range(20)]
    relations = [table(name, *names[: number % 4]) for number, name in enumerate(names)]
    drawing = diagram(relations)
    places = [(box.x, box.y) for box in drawing.boxes]
    for number, (x, y) in enumerate(places):
        assert 0 <= x <= drawing.width - WIDTH
        assert 0 <= y <= drawing.height - HEIGHT
        for x2, y2 in places[:number]:
            assert abs(x - x2) >= WIDTH or abs(y - y2) >= HEIGHT


@pytest.mark.parametrize(
    "relations",
    [
        [table("a", "a")],
        [table("a", "b"), table("b", "a")],
        [table("a", "b"), table("b", "c"), table("c", "a"), table("d", "a")],
        [table("a", "elsewhere"), table("b", source="elsewhere")],
        [table("a", source="a")],
    ],
    ids=["itself", "two", "three", "elsewhere", "own source"],
)
def test_cycles_and_references_out_of_the_drawing(relations):
    drawing = diagram(relations)
    assert len(drawing.boxes) == len(relations)
    assert drawing.width < 5 * (WIDTH + 100)


def test_nothing_and_too_much_are_not_drawn():
    assert diagram([]) is None
    many = [table(f"t{number}") for number in range(MOST_RELATIONS + 1)]
    assert diagram(many) is None
    assert diagram(many[1:]) is not None


def test_a_line_that_passes_a_layer_leads_through_a_gap():
    """From `a` to `c`, past `b`: no box is where the line is."""
    drawing = diagram([table("a"), table("b", "a"), table("c", "a", "b"), table("d", "a", "b")])
    places = {box.relation["name"]: (box.x, box.y) for box in drawing.boxes}
    past = [line for line in drawing.lines if line.text.endswith("references a (id)")]
    straight = [re.search(r"([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)", line.path) for line in past]
    (one, two) = [match for match in straight if match]
    assert one.groups() == two.groups()
    x1, y1, x2, y2 = map(float, one.groups())
    assert (x1, x2 - x1, y1) == (places["b"][0], WIDTH, y2)
    assert not places["b"][1] <= y1 <= places["b"][1] + HEIGHT


def test_a_long_name_is_shortened():
    (box,) = diagram([table("x" * 200)]).boxes
    assert box.label == "x" * 21 + "…"


# Locks.


def statement(number, seconds=1.0, held=None, idle=0.0, locks=(), **values):
    return Statement(
        number, f"S{number}", seconds, 1, locks=locks, held_seconds=held, idle_seconds=idle,
        **values,
    )  # fmt: skip


def revision(*statements):
    return RevisionReport("0002", "", "", statements)


READS = Lock("a", existed=True, mode="ACCESS SHARE")
WEAK = Lock("b", existed=True, mode="ROW EXCLUSIVE")
SHARE = Lock("a", existed=True, mode="SHARE")
STRONG = Lock("a", existed=True, mode="ACCESS EXCLUSIVE")
ON_NEW = Lock("n", existed=False, mode="ACCESS EXCLUSIVE")


def test_bars_follow_each_other():
    drawn = track(revision(statement(1, 1.0, idle=1.0), statement(2, 2.0)))
    assert drawn.seconds == 4
    assert [(row.bar.left, row.bar.width) for row in drawn.rows] == [(0, 25), (50, 50)]
    assert (drawn.rows[0].idle.left, drawn.rows[0].idle.width) == (25, 25)
    assert drawn.rows[1].idle is None


def test_a_lock_is_held_to_the_end_of_its_transaction():
    locks = (READS, WEAK, ON_NEW, SHARE, STRONG)
    first, second = track(
        revision(statement(1, 1.0, held=4.0, locks=locks), statement(2, 3.0))
    ).rows
    assert [bar.lock for bar in first.locks] == [STRONG, SHARE, WEAK, ON_NEW]
    assert [bar.blocks for bar in first.locks] == ["reads and writes", "writes", "", ""]
    assert {(bar.bar.left, bar.bar.width, bar.bar.seconds) for bar in first.locks} == {(0, 100, 4)}
    assert second.locks == ()


def test_alembics_statements_take_time_and_are_not_drawn():
    drawn = track(
        revision(
            statement(1, 5.0, by_alembic=True), statement(2, 1.0),
            statement(3, 2.0, by_alembic=True), statement(4, 1.0),
        )
    )  # fmt: skip
    assert [row.statement.number for row in drawn.rows] == [2, 4]
    assert [(row.bar.left, row.bar.width) for row in drawn.rows] == [(0, 25), (75, 25)]
    assert track(revision(statement(1, by_alembic=True))).rows == ()


def test_every_bar_is_inside_and_visible():
    drawn = track(revision(*(statement(n, 1e-6, held=0.5) for n in range(1, 9)), statement(9, 9)))
    for row in drawn.rows:
        assert row.bar.width > 0
        assert row.bar.left >= 0
        assert row.bar.left + row.bar.width <= 100
    assert track(revision(statement(1, 0.0))).rows[0].bar.width > 0


# Groups.

FINDING = Finding("i", "column", "a.x", "type", "different", "text", "int", "message", "hint")


@pytest.mark.parametrize(
    ("name", "relation"),
    [
        ("a", "a"), ("a.x", "a"), ("s.a", "s.a"), ("s.a.x", "s.a"), ("a.x.y", "a"),
        ("a (role)", "a"), ("odd (a).x", "odd (a).x"), ("timescaledb", WHOLE_DATABASE), ("", ""),
    ],
)  # fmt: skip
def test_the_relation_of_a_finding(name, relation):
    known = {"a", "s.a", "odd (a).x"}
    assert relation_of(replace(FINDING, object=name), known) == relation


def test_the_worst_relation_comes_first():
    warning = replace(FINDING, severity="warning")
    note = replace(FINDING, severity="note")
    grouped = by_relation(
        [
            replace(warning, object="w"), replace(warning, object="w"),
            note, warning, FINDING, replace(FINDING, object="gone"), replace(FINDING, object="b"),
            replace(FINDING, object="b"),
        ],
        {"a", "b", "w"},
    )  # fmt: skip
    assert [*grouped] == [WHOLE_DATABASE, "b", "a", "w"]
    assert [finding.severity for finding in grouped["a"]] == ["error", "warning", "note"]


# Words.


def test_words():
    assert [plural(n, "row") for n in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]
    assert [label("errors", n) for n in ("0", "1", "2")] == ["errors", "error", "errors"]
    assert label("left to others", "1") == "left to others"
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "abc… (4 characters in all)"
    values = [None, True, False, 1200, ["a", ["b"]], [], "text", 1.5]
    assert [*map(spoken, values)] == [
        "none", "yes", "no", "1,200", "a, b", "none", "text", "1.5",
    ]  # fmt: skip
    assert short_type("CHARACTER VARYING(3)") == "varchar(3)"
    assert short_type(None) == ""
    assert split_hint("Do it.") == ("Do it.", "")
    assert split_hint("Do:\n\na;\n\nb;\n") == ("Do:", "a;\n\nb;")


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, ("text", "int")),
        ({"disagreement": "missing", "attribute": "exists", "expected": True}, None),
        ({"disagreement": "missing", "observed": None}, ("text", "missing")),
        ({"disagreement": "unexpected", "attribute": "exists", "observed": True}, None),
        ({"disagreement": "unexpected", "attribute": "exists", "observed": None}, None),
        (
            {"disagreement": "unexpected", "attribute": "exists", "observed": "a view"},
            ("not declared", "a view"),
        ),
        ({"disagreement": "unexpected", "observed": 5}, ("not declared", "5")),
        ({"disagreement": "broken", "expected": None, "observed": None}, None),
        ({"disagreement": "broken", "expected": None, "observed": "the run failed"}, None),
        ({"disagreement": "broken", "expected": 3, "observed": None}, ("3", "none")),
        ({"kind": "rows", "expected": None, "observed": ["BEGIN"]}, None),
        ({"expected": None, "observed": "x"}, ("none", "x")),
    ],
)  # fmt: skip
def test_both_sides(values, shown):
    assert sides(replace(FINDING, **values)) == shown


@pytest.mark.parametrize(
    ("one", "other", "marked"),
    [
        ("IN ('a', 'b', 'c')", "IN ('a', 'x', 'c')", ("b", "x")),
        ("IN ('a', 'b')", "IN ('a', 'b', 'c')", ("", ", 'c'")),
        ("30 days", "7 days", ("", "")),
        ("same text here", "same text here", ("", "")),
        ("", "anything", ("", "")),
        ("aaaaaaaaaa", "aaaaaaaaaaaa", ("", "aa")),
    ],
)
def test_the_difference_is_marked(one, other, marked):
    parts = difference(one, other)
    assert tuple(part.marked for part in parts) == marked
    assert ["".join(part) for part in parts] == [one, other]
